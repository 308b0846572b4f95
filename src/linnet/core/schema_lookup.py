"""Writer schemas that no survey carries: looked up by the id that a framed message names, and by whose word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from linnet.core.decoding import Schema
from linnet.core.reasons import Reason
from linnet.errors import PacketError, ServiceError


class Recognises(Protocol):
    """The part of a `Survey` that the cache asks."""

    @property
    def name(self) -> str:
        """Name of the survey."""

    @property
    def topics(self) -> tuple[str, ...]:
        """Regular expressions of its topics."""

    def recognise(self, schema: Schema, topic: str) -> bool:
        """Whether a packet of this parsed schema is its own."""

    def named_schema(self, schema_id: int) -> Schema | None:
        """The schema of a framed message's id, or None."""

    def foresees(self, schema: Schema, schema_id: int) -> bool:
        """Whether a schema from outside differs from those it was written for by additions alone."""


@dataclass(frozen=True)
class SchemaText:
    """A schema that came from outside.

    Attributes:
        text: its JSON.
        is_accepted: a person put it there, so it is taken even where it is of a major version that the survey does not
            foresee.
    """

    text: bytes
    is_accepted: bool = False


class SchemaLookup(Protocol):
    """Asks whoever keeps schemas by their ids: a registry, a folder."""

    def schema(self, schema_id: int) -> SchemaText | None:
        """The schema of an id, or None where there is none.

        Answers soon, also where it cannot: it is asked again for every batch that holds such a message.

        Raises:
            ServiceError: nobody could be asked; the answer may be another one later.
        """


class SchemaRegister(Protocol):
    """Takes schemas and gives them ids."""

    def register(self, subject: str, text: str) -> int:
        """The id of a schema under a subject, the same for the same text.

        Raises:
            ServiceError: it cannot be asked, or refuses the schema.
        """

    def close(self) -> None:
        """Let go of it. May be called twice."""


class SchemaRegisterDescription(Protocol):
    """Description of one: frozen and picklable."""

    def open(self) -> SchemaRegister:
        """Ready to be asked."""


def looked_up(lookup: SchemaLookup, schema_id: int) -> SchemaText:
    """The schema of an id that no survey carries.

    Raises:
        PacketError: `UNKNOWN_SCHEMA`: there is none, or nobody could be asked.
    """
    try:
        found = lookup.schema(schema_id)
    except ServiceError as error:
        raise PacketError(Reason.UNKNOWN_SCHEMA, f"no survey here knows the schema id {schema_id}; {error}") from error
    if found is None:
        raise PacketError(
            Reason.UNKNOWN_SCHEMA, f"no survey here knows the schema id {schema_id}, and no registry or folder has it"
        )
    return found


def taker(surveys: Sequence[Recognises], schema: Schema, topic: str, schema_id: int, *, is_accepted: bool) -> str:
    """The survey that takes packets of a schema that was looked up.

    Raises:
        PacketError: `UNKNOWN_SCHEMA`: none recognises it, or it is of a major version that nobody accepted yet.
    """
    for survey in surveys:
        if survey.recognise(schema, topic):
            if is_accepted or survey.foresees(schema, schema_id):
                return survey.name
            raise PacketError(
                Reason.UNKNOWN_SCHEMA,
                f"the schema id {schema_id} is of a major version that {survey.name} here was not written for: "
                "its packets are kept until a person accepts it",
            )
    raise PacketError(Reason.UNKNOWN_SCHEMA, f"no survey here knows the schema {title(schema)!r} of id {schema_id}")


def title(schema: Schema) -> str:
    """Name of the last record at the top, for a message to a person."""
    last = schema[-1] if isinstance(schema, list) else schema
    if not isinstance(last, dict):
        return str(last)[:80]
    space, name = last.get("namespace"), last.get("name")
    return f"{space}.{name}"[:80] if space else str(name)[:80]
