"""The contract of a survey: everything telescope-specific ends behind these methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa

from linnet.core.column import Column
from linnet.core.decoding import Schema, Wanted


@dataclass(frozen=True)
class Stamp:
    """One small image of a packet, decompressed under limits but not decoded.

    Attributes:
        kind: "fits" (one to four HDUs; LSST: image, variance, PSF) or "jpeg".
        data: the bytes of that file.
    """

    kind: Literal["fits", "jpeg"]
    data: bytes


class Survey(Protocol):
    """One survey. Implementations are small frozen objects; their methods are pure."""

    @property
    def name(self) -> str:
        """Short lower-case name, the value of the `survey` column."""

    @property
    def topics(self) -> tuple[str, ...]:
        """Regular expressions of the topics on which this survey sends."""

    @property
    def raw_codec(self) -> Literal["null", "zstandard"]:
        """Codec of this survey's raw segments: none where stamps come compressed."""

    @property
    def own_columns(self) -> Mapping[str, Column]:
        """The survey's own columns (`ztf_*`, `lsst_*`), declared."""

    def recognise(self, schema: Schema, topic: str) -> bool:
        """Whether a packet of this (parsed) writer schema is this survey's."""

    def named_schema(self, schema_id: int) -> Schema | None:
        """The writer schema of a framed message's id, or None where the survey does not know it."""

    def foresees(self, schema: Schema, schema_id: int) -> bool:
        """Whether a recognised schema from outside (a registry) differs from those carried by additions alone.

        A new major version may give an old name another meaning; its packets are kept until a person accepts it.
        """

    def fields(self) -> Wanted:
        """What this survey wants of a packet."""

    def columns(self, decoded: pa.RecordBatch) -> pa.RecordBatch:
        """`DecodedAlerts.fields` as columns of `vocabulary.PACKET` and `own_columns`, row by row.

        Rows with unusable values are still rows; `core.checks.problems` finds them afterwards.
        """

    def stamps(self, datum: bytes, schema: Schema) -> dict[str, Stamp]:
        """The images of one datum: some of `science`, `template`, `difference`; absent or null ones are left out.

        Raises:
            PacketError: an image that is larger than allowed or not what it says.
        """

    def key(self, object_id: str) -> int | None:
        """An object id as a number, or None for a shape that has none."""

    def id(self, key: int) -> str:
        """The object id of a number that `key` gave."""

    def night(self, mjd: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """Observing night (YYYYMMDD of the local evening) of times in MJD TAI."""
