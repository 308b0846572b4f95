"""What is written down beside the rows of a stored catalogue."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from linnet.core.catalogue import About, CatalogueColumn
from linnet.errors import StorageError

FORMAT = 1
"""Raised when the rows or this file change shape."""


@dataclass(frozen=True)
class Entry:
    """One version of one catalogue.

    Attributes:
        name, number: which catalogue, which version of it.
        columns: what a match gives.
        radius: arcsec, the largest where each source has its own (`own_radius`).
        epoch: Julian year of the positions.
        fastest: largest proper motion, mas/yr; 0 where there are none.
        rows: how many there are. left_out: rows of the source without a position.
        sha256: of the file of rows.
        is_shipped: whether it came with Linnet, and is to be renewed with it.
        source, title, licence, reference: where it comes from, for people.
    """

    name: str
    number: int
    columns: tuple[CatalogueColumn, ...]
    radius: float
    neighbours: int
    epoch: float
    fastest: float
    rows: int
    sha256: str
    own_radius: bool = False
    left_out: int = 0
    is_shipped: bool = False
    source: str = ""
    title: str = ""
    licence: str = ""
    reference: str = ""
    format: int = FORMAT

    @property
    def version(self) -> str:
        """Number, and sixteen digits of the SHA-256 of everything written here: what a run names."""
        told = json.dumps({**asdict(self), "number": 0}, sort_keys=True)
        return f"{self.number} {sha256(told.encode()).hexdigest()[:16]}"

    @property
    def about(self) -> About:
        """What decides the result of a look-up."""
        return About(self.name, self.version, self.columns, self.radius, self.neighbours, self.title)

    def as_json(self) -> str:
        """The content of its file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def entry(path: Path) -> Entry:
    """The entry in a file.

    Raises:
        StorageError: it is missing, damaged, or of a later format.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        columns = tuple(CatalogueColumn(**each) for each in found.pop("columns"))
        made = Entry(columns=columns, **found)
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StorageError(f"{path} is damaged: add the catalogue again") from error
    if made.format != FORMAT:
        raise StorageError(f"{path} has format {made.format}, this Linnet reads {FORMAT}: update Linnet")
    return made
