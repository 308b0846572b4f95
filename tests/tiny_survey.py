"""Two surveys small enough to see through, so that decoding is tested apart from the real ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from linnet.core.decoding import Schema, Wanted


@dataclass(frozen=True)
class TinySurvey:
    """Recognises records by the name of one field; reads schemas of ids from a folder, if it has one."""

    name: str
    field: str
    topics: tuple[str, ...] = (".*",)
    schemas: Path | None = None

    def recognise(self, schema: Schema, topic: str) -> bool:  # noqa: ARG002  # the contract of a survey
        """A record, or the last record of a list, with the field."""
        record = schema[-1] if isinstance(schema, list) else schema
        fields = record.get("fields") if isinstance(record, dict) else None
        return isinstance(fields, list) and any(field.get("name") == self.field for field in fields)

    def named_schema(self, schema_id: int) -> Schema | None:
        """Official schema major x 100 + minor."""
        major, minor = divmod(schema_id, 100)
        if self.schemas is None or not (self.schemas / str(major) / str(minor)).is_dir():
            return None
        return _composed(self.schemas / str(major) / str(minor), f"lsst.v{major}_{minor}.alert", set())

    def foresees(self, schema: Schema, schema_id: int) -> bool:  # noqa: ARG002  # the contract of a survey
        """Everything below 1000."""
        return schema_id < 1000


def _composed(folder: Path, name: str, done: set[str]) -> Schema:
    """A schema with the types of its folder put in where they are first used."""
    done.add(name)
    schema = json.loads((folder / f"{name}.avsc").read_text())
    for field in schema["fields"]:
        field["type"] = _placed(folder, field["type"], done)
    return {str(key): value for key, value in schema.items()}


def _placed(folder: Path, kind: object, done: set[str]) -> object:
    if isinstance(kind, list):
        return [_placed(folder, part, done) for part in kind]
    if isinstance(kind, dict):
        return {**kind, "items": _placed(folder, kind["items"], done)} if "items" in kind else kind
    if isinstance(kind, str) and kind not in done and (folder / f"{kind}.avsc").is_file():
        return _composed(folder, kind, done)
    return kind


ZTF = TinySurvey("ztf", "candidate")
ZTF_WANTED = Wanted(
    scalars={
        "objectId": pa.string(),
        "candidate.candid": pa.int64(),
        "candidate.jd": pa.float64(),
        "candidate.magpsf": pa.float32(),
        "candidate.isdiffpos": pa.string(),
        "candidate.nbad": pa.int32(),
        "candidate.drb": pa.float32(),
        "candidate.ssnamenr": pa.string(),
        "cutoutScience.fileName": pa.string(),
        "candidate.no_such_field": pa.float64(),
        "no_such_record.field": pa.int64(),
    },
    lists={
        "prv_candidates": {"jd": pa.float64(), "candid": pa.int64(), "magpsf": pa.float32(), "isdiffpos": pa.string()},
        "fp_hists": {"jd": pa.float64(), "forcediffimflux": pa.float32(), "procstatus": pa.string()},
    },
)
LSST_WANTED = Wanted(
    scalars={
        "diaSource.diaSourceId": pa.int64(),
        "diaSource.midpointMjdTai": pa.float64(),
        "diaSource.psfFlux": pa.float32(),
        "diaSource.isDipole": pa.bool_(),
        "diaObject.diaObjectId": pa.int64(),
        "observation_reason": pa.string(),
    },
    lists={
        "prvDiaSources": {"diaSourceId": pa.int64(), "psfFlux": pa.float32(), "band": pa.string()},
        "prvDiaForcedSources": {"visit": pa.int64(), "psfFlux": pa.float32()},
    },
)
