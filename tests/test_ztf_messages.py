"""ZTF through the decoder of the core, and through values that no telescope sends."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from linnet.core.avro_decode import decode
from linnet.core.avro_schema import SchemaCache
from linnet.core.checks import problems
from linnet.core.column import schema_of
from linnet.core.envelope import Message, envelopes
from linnet.core.vocabulary import PACKET
from linnet.surveys.ztf import QUALITY_BITS, Ztf
from ztf_packets import containers, decoded, packets

ZTF = Ztf()
WANTED = ZTF.fields()
ODD_NUMBERS = [None, 0, 1, -1, -999, 2, 3, 17, 99, 100, -(2**31), 2**31 - 1]
ODD_IDS = [*ODD_NUMBERS, 2**53 + 1, 2**63 - 1, -(2**63)]
ODD_FLOATS = [
    None,
    0.0,
    -0.0,
    -999.0,
    -99999.0,
    18.5,
    0.1,
    float("nan"),
    float("inf"),
    -float("inf"),
    1e300,
    -1e300,
    5e-324,
]
ODD_TEXTS = [
    None,
    "",
    "null",
    "t",
    "f",
    "1",
    "0",
    "true",
    "FALSE",
    " T ",
    "x",
    "ZTF18aaaaaab",
    "\u0000",
    "é" * 50,
    "0",
    "56",
]


def odd(kind: pa.DataType, rng: random.Random) -> Any:
    """A value of a type, likely an awkward one."""
    if pa.types.is_string(kind):
        return rng.choice(ODD_TEXTS)
    if pa.types.is_floating(kind):
        value = rng.choice([*ODD_FLOATS, rng.uniform(-400, 400), 2458000.5])
        return value if kind == pa.float64() or value is None else float(np.clip(value, -3e38, 3e38))
    return rng.choice(ODD_IDS if kind == pa.int64() else ODD_NUMBERS)


def odd_batch(rows: int, seed: int) -> pa.RecordBatch:
    """Decoded fields full of awkward values, as the types allow them."""
    rng = random.Random(seed)
    names, arrays = [], []
    for path, kind in WANTED.scalars.items():
        names.append(path)
        arrays.append(pa.array([odd(kind, rng) for _ in range(rows)], kind))
    for path, items in WANTED.lists.items():
        lengths = [rng.randrange(6) for _ in range(rows)]
        for name, kind in items.items():
            names.append(f"{path}.{name}")
            arrays.append(pa.array([[odd(kind, rng) for _ in range(n)] for n in lengths], pa.list_(kind)))
    return pa.RecordBatch.from_arrays([*arrays, pa.nulls(rows, pa.string())], [*names, "extra"])


@pytest.mark.parametrize("seed", range(20))
def test_values_that_no_telescope_sends_become_rows_without_a_warning(seed: int) -> None:
    batch = odd_batch(60, seed)
    columns = ZTF.columns(batch)
    columns.validate(full=True)
    assert columns.num_rows == 60
    assert columns.schema.equals(schema_of({**PACKET, **ZTF.own_columns}))
    for name, column in zip(columns.schema.names, columns.columns, strict=True):
        values = column.flatten() if pa.types.is_list(column.type) else column
        if pa.types.is_floating(values.type):
            assert np.isfinite(values.drop_null().to_numpy()).all(), name
    assert problems(columns).null_count < 60
    parts = [batch.slice(0, 1), batch.slice(1, 1), batch.slice(2, 0), batch.slice(2, 17), batch.slice(19)]
    assert [row for part in parts for row in ZTF.columns(part).to_pylist()] == columns.to_pylist()


def test_no_alerts_give_typed_empty_columns() -> None:
    columns = ZTF.columns(decoded([], WANTED))
    assert columns.num_rows == 0
    assert columns.schema.equals(schema_of({**PACKET, **ZTF.own_columns}))


def test_an_alert_of_nothing_but_nulls_is_a_row_that_the_checks_refuse() -> None:
    columns = ZTF.columns(decoded([{"candidate": {}}], WANTED))
    row = columns.to_pylist()[0]
    assert (row["is_public"], row["is_moving"], row["healpix"], row["night"]) == (False, False, -1, 0)
    assert row["quality_bits"] == sum(1 << b for n, b in QUALITY_BITS.items() if n.endswith("unknown"))
    assert problems(columns)[0].as_py() == "the alert has no id"


def of_sign(value: object) -> dict[str, Any]:
    """The row of an alert whose isdiffpos arrives as this."""
    candidate = {"candid": 2**53 + 1, "jd": 2458000.5, "magpsf": 20.0, "sigmapsf": 0.1, "isdiffpos": value}
    found: dict[str, Any] = ZTF.columns(decoded([{"candidate": candidate}], WANTED)).to_pylist()[0]
    return found


@pytest.mark.parametrize("value", ["t", "T", "1", 1, True, "true", " t "])
def test_a_positive_subtraction_is_a_positive_flux_in_every_form(value: object) -> None:
    row = of_sign(value)
    assert row["is_positive"] is True
    assert row["flux"] == pytest.approx(36307.8, abs=0.1)  # 20 mag
    assert row["flux_err"] == pytest.approx(3344.07, abs=0.1)  # 0.921034 F sigma
    assert row["mag"] == pytest.approx(20.0)
    assert row["snr"] == pytest.approx(10.857362)


@pytest.mark.parametrize("value", ["f", "F", "0", 0, False, "false"])
def test_a_negative_subtraction_is_a_negative_flux_in_every_form(value: object) -> None:
    row = of_sign(value)
    assert row["is_positive"] is False
    assert row["flux"] == pytest.approx(-36307.8, abs=0.1)
    assert row["flux_err"] == pytest.approx(3344.07, abs=0.1)
    assert row["mag"] is None
    assert row["mag_err"] is None
    assert row["ztf_magpsf"] == 20.0


@pytest.mark.parametrize("value", [None, "", "x", "2"])
def test_an_unknown_sign_is_neither(value: object) -> None:
    row = of_sign(value)
    assert [row[n] for n in ("is_positive", "flux", "flux_err", "mag")] == [None] * 4


def test_ids_beyond_2_to_the_53_stay_exact() -> None:
    row = of_sign("t")
    assert row["alert_id"] == row["ztf_candid"] == row["lc_source_id"][0] == row["lc_key"][0] == 2**53 + 1


def test_unknown_filters_keep_their_number_as_a_name() -> None:
    records = [
        {"candidate": {"candid": i, "jd": 2458000.5, "fid": fid}} for i, fid in enumerate([2, 4, None, 99, 1, -3, 500])
    ]
    columns = ZTF.columns(decoded(records, WANTED))
    bands = ["r", "fid4", None, "fid99", "g", None, None]
    assert columns.column("band").to_pylist() == bands
    assert columns.column("lc_band").to_pylist() == [[b] for b in bands]


def test_sentinels_and_the_word_null_are_null_and_a_body_needs_both() -> None:
    bodies = [("null", -999.0), (None, 3.0), ("11743", -999.0), ("11743", 0.0), ("2010CG48", 60.0), ("", 2.0)]
    records = [{"candidate": {"candid": 1, "ssnamenr": n, "ssdistnr": d}} for n, d in bodies]
    columns = ZTF.columns(decoded(records, WANTED))
    assert columns.column("body_id").to_pylist() == [None, None, None, "11743", "2010CG48", None]
    assert columns.column("body_sep").to_pylist() == [None, None, None, 0.0, 60.0, None]
    assert columns.column("ztf_ssnamenr").to_pylist() == [None, None, "11743", "11743", "2010CG48", None]


def test_the_score_of_the_network_goes_before_that_of_the_forest() -> None:
    scores = [(0.9, 0.2), (None, 0.2), (None, None), (float("nan"), 0.3), (-999.0, 0.0), (7.0, 0.5)]
    records = [{"candidate": {"candid": 1, "drb": d, "rb": r}} for d, r in scores]
    columns = ZTF.columns(decoded(records, WANTED))
    kinds = ["drb", "rb", None, "rb", "rb", "rb"]
    assert columns.column("reliability_kind").to_pylist() == kinds
    assert columns.column("reliability").to_pylist() == pytest.approx([0.9, 0.2, None, 0.3, 0.0, 0.5])


def test_points_without_a_number_have_a_key_of_their_exposure_and_stay_apart() -> None:
    item = {"jd": 2457990.5, "fid": 1, "pid": 0, "rcid": 3, "diffmaglim": 20.0}
    items = [item, item, item | {"rcid": 4}, item | {"fid": 2}, item | {"jd": 2457990.6}, item | {"pid": None}]
    record = {"candidate": {"candid": 5, "jd": 2458000.5, "fid": 1}, "prv_candidates": items}
    row = ZTF.columns(decoded([record], WANTED)).to_pylist()[0]
    assert row["lc_kind"] == [2, 2, 2, 2, 0]
    assert all(k < 0 for k in row["lc_key"][:4])


def test_the_decoder_of_the_core_gives_the_columns_that_fastavro_gives(shared_data: Path) -> None:
    folder = shared_data / "ztf"
    found = [
        (n, data) for n, data in containers(folder) if n.split("/")[0] not in ("sequence-ZTF18aazxcwf", "pitt-google")
    ]
    messages = [Message(data, "folder", offset=i) for i, (_, data) in enumerate(found)]
    result = decode(envelopes(messages), SchemaCache([ZTF]), {"ztf": WANTED})
    refused = [found[row["envelope"]][0] for row in result.rejects.to_pylist()]
    # Two bare datums without a container.
    assert refused == [n for n, _ in found if n.startswith("official-samples/8770446315500") and "~" in n]
    alerts = result.alerts["ztf"]
    places = {(n, p.index): p.record for p in packets(folder) for n in [p.file]}
    order = [(found[e][0], i) for e, i in zip(alerts.envelope.to_pylist(), alerts.index.to_pylist(), strict=True)]
    expected = ZTF.columns(decoded([places[o] for o in order], WANTED))
    columns = ZTF.columns(alerts.fields)
    assert columns.num_rows == 903 - 103 - 36
    for name in columns.schema.names:
        if name != "extra":  # the decoder words it in its own way, and tests it there
            assert columns.column(name).to_pylist() == expected.column(name).to_pylist(), name
    assert columns.column("extra").null_count <= expected.column("extra").null_count
