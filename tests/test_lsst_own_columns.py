"""The survey's own columns: every declared scalar, under its own name."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from linnet.surveys.lsst import QUALITY_BITS, Lsst
from lsst_packets import Packet, Record, decoded, packets

LSST = Lsst()
RECORDS = {
    "diaSource": "lsst_",
    "diaObject": "lsst_object_",
    "ssSource": "lsst_ss_",
    "ssObject": "lsst_ssobject_",
    "MPCORB": "lsst_mpc_",
    "mpc_orbits": "lsst_mpc_",
}
ZERO_IS_NOTHING = {"diaObjectId", "ssObjectId", "ephVmag", "ephRate"}
VERSIONS = ("7/0", "7/1", "7/2", "7/3", "7/4", "8/0", "9/0", "10/0", "10/1", "11/0", "11/1")


def _official(shared_data: Path) -> list[tuple[str, dict[str, Any]]]:
    """(record, field) of the official files that an alert can bring as a scalar."""
    found = []
    for version in VERSIONS:
        folder = shared_data / "schemas" / "lsst" / version
        alert = json.loads(next(folder.glob("*.alert.avsc")).read_text())
        referred = {f["name"] for f in alert["fields"]}
        for record in RECORDS:
            for file in folder.glob(f"*.{record}.avsc"):
                if record in referred:
                    found += [(record, field) for field in json.loads(file.read_text())["fields"]]
    return found


def _expected(record: Record, name: str, kind: pa.DataType) -> Any:
    """The value of one own column out of a record."""
    for place, prefix in sorted(RECORDS.items(), key=lambda item: -len(item[1])):
        if name.startswith(prefix) and isinstance(record.get(place), dict):
            field = name.removeprefix(prefix)
            if field in record[place]:
                return _value(record[place][field], field, kind)
    field = name.removeprefix("lsst_")
    return _value(record.get(field), field, kind) if field in {"alertId", "observation_reason", "target_name"} else None


def _value(value: Any, field: str, kind: pa.DataType) -> Any:
    if isinstance(value, datetime):
        return round(value.replace(tzinfo=UTC).timestamp() * 1e6)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value == 0 and field in ZERO_IS_NOTHING:
        return None
    return float(np.float32(value)) if value is not None and kind == pa.float32() else value


@pytest.fixture(scope="module")
def sent(shared_data: Path) -> tuple[Packet, ...]:
    """Every packet."""
    return packets(shared_data)


def test_every_own_column_has_the_fields_value_in_every_packet(sent: tuple[Packet, ...]) -> None:
    table = LSST.columns(decoded([p.record for p in sent], LSST.fields()))
    filled = 0
    for name, column in LSST.own_columns.items():
        values = table.column(name)
        assert values.to_pylist() == [_expected(p.record, name, column.type) for p in sent], name
        filled += values.null_count < len(values)
    assert filled > 250


def test_every_scalar_of_every_official_version_has_a_column(shared_data: Path) -> None:
    official = _official(shared_data)
    names = {RECORDS[record] + field["name"] for record, field in official}
    assert names <= LSST.own_columns.keys()
    assert LSST.own_columns.keys() - names == {"lsst_alertId", "lsst_observation_reason", "lsst_target_name"}
    assert len(names) == 487


def test_types_hold_every_value_that_any_version_can_send(shared_data: Path) -> None:
    holds = {
        "boolean": pa.bool_(),
        "int": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "string": pa.string(),
    }
    order = [pa.int32(), pa.int64(), pa.float32(), pa.float64()]
    for record, field in _official(shared_data):
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        plain = next(k for k in kinds if k != "null")
        kind = holds[plain["type"] if isinstance(plain, dict) else plain]
        column = LSST.own_columns[RECORDS[record] + field["name"]]
        assert column.type == kind or order.index(column.type) > order.index(kind)


def test_units_are_those_that_the_newest_official_documentation_states(shared_data: Path) -> None:
    written = {"pixel": "pix", "degrees": "deg", "degrees per day": "deg/d", "days": "d", "au": "au", "au/d": "au/d"}
    stated: dict[str, str] = {}
    for record, field in _official(shared_data):  # oldest version first: several have slips that later ones mended
        unit = re.search(r"\[([^]^]+)\]", field.get("doc", ""))
        if unit is not None and unit[1] != "unitless":
            stated[RECORDS[record] + field["name"]] = written.get(unit[1].lower(), unit[1])
    assert len(stated) > 160
    assert {name: LSST.own_columns[name].unit for name in stated} == stated


def test_angles_without_a_stated_unit_are_degrees_in_real_packets(sent: tuple[Packet, ...]) -> None:
    bodies = [p.record for p in sent if (p.record.get("ssSource") or {}).get("eclLambda") is not None]
    table = LSST.columns(decoded(bodies, LSST.fields()))
    assert table.num_rows == 15
    for field, ours in (("eclBeta", "ecl_lat"), ("galLat", "gal_lat"), ("ephRa", "ra"), ("ephDec", "dec")):
        assert LSST.own_columns[f"lsst_ss_{field}"].unit == "deg"
        pairs = zip(table.column(f"lsst_ss_{field}").to_pylist(), table.column(ours).to_pylist(), strict=True)
        filled = [(sent, expected) for sent, expected in pairs if sent]  # galLat is 0.0 in three of January 2026
        assert len(filled) >= 12
        assert [sent for sent, _ in filled] == pytest.approx([expected for _, expected in filled], abs=1e-3), field


def test_names_differ_even_where_case_does_not_count() -> None:
    folded = [name.lower() for name in LSST.own_columns]
    assert len(set(folded)) == len(folded)


def test_every_boolean_of_the_source_but_the_three_that_judge_nothing_has_its_own_bit(shared_data: Path) -> None:
    booleans = {f["name"] for record, f in _official(shared_data) if record == "diaSource" and "boolean" in f["type"]}
    assert booleans - QUALITY_BITS.keys() == {"isNegative", "is_negative", "dipoleFitAttempted"}
    assert QUALITY_BITS.keys() <= booleans
    assert sorted(QUALITY_BITS.values()) == list(range(len(QUALITY_BITS)))
    assert len(QUALITY_BITS) < 63


def test_a_null_struct_of_spark_is_the_same_as_no_struct(sent: tuple[Packet, ...]) -> None:
    emptied = [p for p in sent if isinstance(p.record.get("ssSource"), dict) and not any(p.record["ssSource"].values())]
    assert len(emptied) >= 20
    without = [{**p.record, "ssSource": None, "mpc_orbits": None} for p in emptied]
    one, other = (LSST.columns(decoded(r, LSST.fields())) for r in ([p.record for p in emptied], without))
    assert one.to_pylist() == other.to_pylist()
