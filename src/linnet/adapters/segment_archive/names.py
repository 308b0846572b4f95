"""Names of segments: the path of a segment says whose it is, of which night and of which writer schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from linnet.errors import NotFoundError, StorageError

_NAME = re.compile(r"([a-z0-9_]+)/(\d{8})/([A-Za-z0-9]+)-(\d{4,})\.avro")


@dataclass(frozen=True, order=True)
class SegmentName:
    """A segment, by what its path says.

    Attributes:
        night: YYYYMMDD.
        fingerprint: of its writer schema.
        number: from 1, within survey, night and fingerprint.
    """

    survey: str
    night: int
    fingerprint: str
    number: int

    @property
    def path(self) -> str:
        """Path within the archive, with forward slashes: the `segment` of references.

        Raises:
            StorageError: a part of the name has a character that no segment may have in its path.
        """
        path = f"{self.survey}/{self.night:08d}/{self.fingerprint}-{self.number:04d}.avro"
        if not _NAME.fullmatch(path):
            raise StorageError(f"{path!r} cannot be the path of a raw segment")
        return path

    @classmethod
    def of(cls, path: str) -> SegmentName:
        """The name in a path.

        Raises:
            NotFoundError: no segment has such a path.
        """
        found = _NAME.fullmatch(path)
        if found is None:
            raise NotFoundError(f"{path!r} is no path of a raw segment")
        survey, night, fingerprint, number = found.groups()
        return cls(survey, int(night), fingerprint, int(number))


def segments_in(folder: Path) -> Iterator[str]:
    """Paths of all segments in an archive folder, sorted."""
    for path in sorted(folder.glob("*/*/*.avro")):
        name = path.relative_to(folder).as_posix()
        if _NAME.fullmatch(name):
            yield name
