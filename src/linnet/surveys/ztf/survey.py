"""ZTF behind the contract of a survey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import pyarrow as pa

from linnet.core import times
from linnet.core.column import Column
from linnet.core.decoding import Schema, Wanted
from linnet.core.survey import Stamp
from linnet.surveys.ztf import alert_columns, object_ids, recognition
from linnet.surveys.ztf.fields import OWN, wanted
from linnet.surveys.ztf.stamps import stamps


@dataclass(frozen=True)
class Ztf:
    """The Zwicky Transient Facility at Palomar (Bellm et al. 2019, PASP 131, 018002). See `core.survey.Survey`."""

    name: str = "ztf"
    topics: tuple[str, ...] = (r"^ztf_.*",)
    raw_codec: Literal["null", "zstandard"] = "null"

    @property
    def own_columns(self) -> Mapping[str, Column]:
        """The `ztf_*` columns: every declared scalar field, as sent but for null where it says nothing."""
        return MappingProxyType(OWN)

    def recognise(self, schema: Schema, topic: str) -> bool:  # noqa: ARG002 - ZTF is told by its fields alone
        """Whether a packet of this writer schema is ZTF's, whatever its record or topic is called."""
        return recognition.is_ztf(schema)

    def named_schema(self, schema_id: int) -> Schema | None:  # noqa: ARG002 - ZTF packets carry their schema
        """None: ZTF sends containers, which carry their schema."""
        return None

    def foresees(self, schema: Schema, schema_id: int) -> bool:  # noqa: ARG002 - the structure that is recognised
        """True: what ZTF added since 2017 never changed what was there."""
        return True

    def fields(self) -> Wanted:
        """Every scalar of the packet, and what makes points of `prv_candidates` and `fp_hists`."""
        return wanted()

    def columns(self, decoded: pa.RecordBatch) -> pa.RecordBatch:
        """Decoded fields as columns of `vocabulary.PACKET` and `own_columns`, row by row."""
        return alert_columns.columns(decoded)

    def stamps(self, datum: bytes, schema: Schema) -> dict[str, Stamp]:
        """The images of one datum: some of `science`, `template`, `difference`.

        Raises:
            PacketError: an image that is larger than allowed or not what it says.
        """
        return stamps(datum, schema)

    def key(self, object_id: str) -> int | None:
        """An object name such as ZTF18aazxcwf as a number, or None for another shape."""
        return object_ids.key(object_id)

    def id(self, key: int) -> str:
        """The object name of a number that `key` gave.

        Raises:
            NotFoundError: no object has this number.
        """
        return object_ids.name(key)

    def night(self, mjd: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """Nights (YYYYMMDD of the evening at Palomar) of times in MJD TAI: the date of UTC minus 20 h."""
        return times.evening(mjd, alert_columns.NIGHT_TURNS_UTC)
