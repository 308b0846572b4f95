"""The survey LSST behind the contract that all surveys keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linnet.core.column import Column
from linnet.core.decoding import Schema, Wanted
from linnet.core.survey import Stamp
from linnet.surveys.lsst.columns import SURVEY, columns_of, night_of
from linnet.surveys.lsst.fields import own, wanted
from linnet.surveys.lsst.recognition import recognise
from linnet.surveys.lsst.schemas import is_known_major, named_schema
from linnet.surveys.lsst.stamps import stamps_of

_ID = re.compile(r"[1-9][0-9]{0,18}")
_LARGEST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Lsst:
    """Alerts of the Legacy Survey of Space and Time of the Vera C. Rubin Observatory, schemas 7.0 to 11.1.

    See `linnet.core.survey.Survey` for what each member promises.
    """

    @property
    def name(self) -> str:
        """`lsst`."""
        return SURVEY

    @property
    def topics(self) -> tuple[str, ...]:
        """Patterns of the topics on which LSST alerts are sent."""
        return (r"^lsst[-_.].*", r"^alerts-.*")

    @property
    def raw_codec(self) -> Literal["null", "zstandard"]:
        """Zstandard: the stamps of LSST are plain FITS."""
        return "zstandard"

    @property
    def own_columns(self) -> Mapping[str, Column]:
        """One column for every scalar field that a carried schema declares: `lsst_*`, `lsst_object_*` and so on."""
        return {name: each.column for name, each in own().items()}

    def recognise(self, schema: Schema, topic: str) -> bool:  # noqa: ARG002 - the schema alone says it
        """Whether a packet of this writer schema is an LSST alert of version 5.0 or later."""
        return recognise(schema)

    def named_schema(self, schema_id: int) -> Schema | None:
        """The carried schema of major x 100 + minor, or None."""
        return named_schema(schema_id)

    def foresees(self, schema: Schema, schema_id: int) -> bool:
        """Whether it is another minor version of a carried major one."""
        return is_known_major(schema, schema_id)

    def fields(self) -> Wanted:
        """Every declared scalar, and of the histories what makes points."""
        return wanted()

    def columns(self, decoded: pa.RecordBatch) -> pa.RecordBatch:
        """Columns of `vocabulary.PACKET` and `own_columns` of decoded fields, row by row."""
        return columns_of(decoded)

    def stamps(self, datum: bytes, schema: Schema) -> dict[str, Stamp]:
        """The images of one datum (FITS with image, variance and PSF).

        Raises:
            PacketError: the datum does not decode, or an image is too large or no FITS file.
        """
        return stamps_of(datum, schema)

    def key(self, object_id: str) -> int | None:
        """A diaObjectId in digits as a number, or None for any other text."""
        if not _ID.fullmatch(object_id) or int(object_id) > _LARGEST:
            return None
        return int(object_id)

    def id(self, key: int) -> str:
        """The digits of a number that `key` gave."""
        return str(key)

    def night(self, mjd: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
        """Nights (YYYYMMDD) of times in MJD TAI: the date of UTC - 12 h."""
        return night_of(mjd)
