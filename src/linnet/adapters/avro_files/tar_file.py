"""Tar files, plain or gzipped, read strictly forward, without unpacking anything to disk.

`tarfile` takes the first header that it cannot read for the end of the archive. Here the end must be a block of zeros
with only zeros behind it, or the end of the file right behind a member (ZTF's nightly tars are written without a mark),
and the checksum of gzip must hold; otherwise the tar is damaged.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from linnet.core.avro_container import MAX_MESSAGE
from linnet.errors import InputError

SUFFIXES = (".tar", ".tar.gz", ".tgz")
"""Endings of names that are read as tar."""

LARGEST = MAX_MESSAGE + 1
"""Bytes read of one file or member: one more than a message may have, so that the decoder sees that it is too large."""


class DamagedTarError(InputError):
    """A file with the name of a tar cannot be read to its end as one."""


_DAMAGE = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, IndexError, OverflowError)


class TarFile:
    """One pass over the members of a tar, forward only.

    Raises:
        DamagedTarError: by every method, at the place of the damage.
        OSError: the file cannot be read at all.
    """

    def __init__(self, path: Path) -> None:
        plain = path.name.lower().endswith(".tar")
        self._stream = _Forward(path.open("rb") if plain else gzip.GzipFile(path, "rb"))
        self._next = 0
        try:
            self._tar = tarfile.open(fileobj=cast("Any", self._stream), mode="r:")  # noqa: SIM115 - closed by close()
        except _DAMAGE as error:
            self._stream.close()
            raise DamagedTarError(str(error)) from error

    def members(self) -> Iterator[tuple[int, tarfile.TarInfo]]:
        """Every header in order with its number; after the last one the end of the tar has been checked."""
        while (member := self._advance()) is not None:
            yield self._next - 1, member
        self._check_end()

    def read(self, number: int) -> tuple[bytes, bytes]:
        """Name and content of the member of this number, which must not lie behind.

        The content is cut at `LARGEST` bytes; it is empty where the member is no regular file.
        """
        while (member := self._advance()) is not None and self._next <= number:
            pass
        if member is None:
            raise DamagedTarError("it ends too early")
        try:
            content = self._tar.extractfile(member) if member.isreg() else None
            return name_of(member), content.read(LARGEST) if content else b""
        except _DAMAGE as error:
            raise DamagedTarError(str(error)) from error

    @property
    def next_number(self) -> int:
        """Number of the member that comes next."""
        return self._next

    def close(self) -> None:
        """Close the file."""
        self._tar.close()
        self._stream.close()

    def _advance(self) -> tarfile.TarInfo | None:
        try:
            member = self._tar.next()
        except _DAMAGE as error:
            raise DamagedTarError(str(error)) from error
        # Otherwise tarfile keeps every header: half a gigabyte for the tar of one ZTF night.
        cast("Any", self._tar).members = []
        self._next += member is not None
        return member

    def _check_end(self) -> None:
        if self._stream.last not in {b"", bytes(tarfile.BLOCKSIZE)}:
            raise DamagedTarError("a header in it is damaged or cut off")
        try:
            while rest := self._stream.read(tarfile.RECORDSIZE):
                if rest.strip(b"\0"):
                    raise DamagedTarError("data follow the mark of its end")
        except _DAMAGE as error:
            raise DamagedTarError(str(error)) from error


def name_of(member: tarfile.TarInfo) -> bytes:
    """The name of a member as it stands in the tar."""
    return member.name.encode("utf-8", "surrogateescape")


class _Forward:
    """A stream that tarfile can only move forward in, and of which it cannot ask more at once than a message.

    A negative size in a header would send it back for ever, a huge one would fill the memory.
    """

    def __init__(self, stream: BinaryIO | gzip.GzipFile) -> None:
        self._stream = stream
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST:
            raise tarfile.ReadError("a header in it asks for too much")
        self.last = self._stream.read(size)
        return self.last

    def seek(self, place: int) -> None:
        if place < self._stream.tell():
            raise tarfile.ReadError("a header in it points backwards")
        self._stream.seek(place)

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._stream.close()
