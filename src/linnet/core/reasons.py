"""Why an alert or a message was not taken: the codes of dead letters and of stage counts."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Reason codes of dead letters. `EXPLAIN` has a sentence for each."""

    NOT_A_PACKET = "NOT_A_PACKET"
    UNKNOWN_SCHEMA = "UNKNOWN_SCHEMA"
    BAD_SCHEMA = "BAD_SCHEMA"
    BAD_CONTAINER = "BAD_CONTAINER"
    BAD_DATUM = "BAD_DATUM"
    TOO_LARGE = "TOO_LARGE"
    BAD_VALUE = "BAD_VALUE"
    FROM_THE_FUTURE = "FROM_THE_FUTURE"
    DUP_CONFLICT = "DUP_CONFLICT"


EXPLAIN: dict[Reason, str] = {
    Reason.NOT_A_PACKET: "neither an Avro container nor a framed Avro message",
    Reason.UNKNOWN_SCHEMA: "no survey here knows this writer schema",
    Reason.BAD_SCHEMA: "the writer schema is invalid or refused (recursive, too deep, too large)",
    Reason.BAD_CONTAINER: "the Avro container is damaged (header, sync marker, codec or block)",
    Reason.BAD_DATUM: "the Avro datum does not decode by its schema",
    Reason.TOO_LARGE: "larger than a packet may be",
    Reason.BAD_VALUE: "a required value is missing or outside its range",
    Reason.FROM_THE_FUTURE: "dated in a later night than its message was sent in, or than tonight for a file",
    Reason.DUP_CONFLICT: "an alert of this identity with other content is already stored",
}

DUPLICATE = "DUPLICATE"
"""Stage-count outcome of an alert that repeats a stored one exactly. It is not a dead letter."""
