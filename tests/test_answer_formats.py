"""The same rows through every format and back through the readers that people use: equal, exact, nulls null."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table

from linnet.core.column import TEXT_CODE, Column, boolean, code, integer, real, text
from linnet.formats.tables import FORMATS, written
from web_broker import BIG, HOSTILE, Site, site

ROWS = 1000
COLUMNS: Mapping[str, Column] = {
    "alert_id": integer("An id.", ucd="meta.id;meta.main", nullable=False),
    "parent": integer("An id that may be missing."),
    "night": integer("A night.", bits=32),
    "kind": integer("A small number.", bits=8),
    "ra": real("Right ascension, ICRS.", unit="deg", ucd="pos.eq.ra;meta.main", bits=64),
    "mjd": real("A time, TAI.", unit="d", ucd="time.epoch", bits=64),
    "flux": real("A flux.", unit="nJy", ucd="phot.flux"),
    "is_public": boolean("Whether."),
    "band": code("A band."),
    "name": text("A name that somebody chose."),
}
NAMES = ("plain", HOSTILE, "a,b", 'say "no"', "two\nlines", "Zürich ☄", "two  spaces", "]]>", "null", "-1", "NaN")

Read = Callable[[bytes], dict[str, list[Any]]]


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """A thousand rows with every type, extremes, hostile names, and nulls everywhere but in the id."""
    rng = random.Random(4)

    def some(values: Callable[[], Any]) -> list[Any]:
        return [None if rng.random() < 0.2 else values() for _ in range(ROWS)]

    given = {
        "alert_id": [BIG + i for i in range(ROWS - 2)] + [2**63 - 1, -(2**63)],
        "parent": some(lambda: rng.choice([BIG, 2**63 - 1, -BIG, 0, -1])),
        "night": some(lambda: 20260101 + rng.randrange(300)),
        "kind": some(lambda: rng.choice([-1, 0, 1, 2, 127])),
        "ra": some(lambda: rng.random() * 360),
        "mjd": some(lambda: 60000 + rng.random() * 900),
        "flux": some(lambda: float(np.float32(rng.choice([0.0, 18.2, -1e-30, 3e38, rng.gauss(0, 1e4)])))),
        "is_public": some(lambda: rng.random() < 0.5),
        "band": some(lambda: rng.choice("ugrizy")),
        "name": some(lambda: rng.choice(NAMES)),
    }
    arrays = [pa.array(v, pa.string() if COLUMNS[n].type == TEXT_CODE else COLUMNS[n].type) for n, v in given.items()]
    return pa.table(dict(zip(given, arrays, strict=True)))


def _arrow(body: bytes) -> dict[str, list[Any]]:
    with pa.ipc.open_stream(body) as stream:
        found: dict[str, list[Any]] = stream.read_all().to_pydict()
    return found


def _parquet(body: bytes) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = pq.read_table(io.BytesIO(body)).to_pydict()
    return found


def _pandas_parquet(body: bytes) -> dict[str, list[Any]]:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_parquet(io.BytesIO(body), dtype_backend="numpy_nullable")
    return _frame(frame)


def _pandas_csv(body: bytes) -> dict[str, list[Any]]:
    pandas = pytest.importorskip("pandas")
    kinds = {n: _PANDAS.get(c.type, "string") for n, c in COLUMNS.items()}
    return _frame(
        pandas.read_csv(
            io.BytesIO(body),
            dtype=kinds,
            keep_default_na=False,
            na_values={n: [""] for n in COLUMNS},
            float_precision="round_trip",
        )
    )


def _frame(frame: Any) -> dict[str, list[Any]]:
    pandas = pytest.importorskip("pandas")
    return {
        n: [None if pandas.isna(v) else getattr(v, "item", lambda v=v: v)() for v in frame[n]] for n in frame.columns
    }


_PANDAS = {
    pa.int64(): "Int64",
    pa.int32(): "Int32",
    pa.int8(): "Int8",
    pa.float64(): "float64",
    pa.float32(): "float32",
    pa.bool_(): "boolean",
}


def _votable(body: bytes) -> dict[str, list[Any]]:
    found = parse_single_table(io.BytesIO(body)).to_table()
    told = {}
    for name in found.colnames:
        values, mask = found[name], np.ma.getmaskarray(np.ma.asarray(found[name]))
        told[name] = [None if m else getattr(v, "item", lambda v=v: v)() for v, m in zip(values, mask, strict=True)]
    return told


READERS: dict[str, tuple[str, Read]] = {
    "arrow": ("arrow", _arrow),
    "parquet": ("parquet", _parquet),
    "parquet by pandas": ("parquet", _pandas_parquet),
    "csv by pandas": ("csv", _pandas_csv),
    "votable by astropy": ("votable", _votable),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_thousand_rows_come_back_as_they_were(table: pa.Table, reader: str) -> None:
    kind, read = READERS[reader]
    expected = table.to_pydict()
    # CSV and VOTable cannot tell an empty text from none; no name here is empty.
    assert "" not in expected["name"]
    found = read(written(kind, table, COLUMNS, "rows"))
    assert list(found) == list(COLUMNS)
    for name, values in expected.items():
        got = [None if v == "" else v for v in found[name]]
        assert got == values, name


def test_declarations_travel_with_the_rows(table: pa.Table) -> None:
    for kind in ("arrow", "parquet"):
        body = written(kind, table, COLUMNS, "rows")
        schema = pa.ipc.open_stream(body).schema if kind == "arrow" else pq.read_schema(io.BytesIO(body))
        told = schema.field("ra").metadata
        assert told[b"unit"] == b"deg"
        assert told[b"ucd"] == b"pos.eq.ra;meta.main"
        assert told[b"description"] == b"Right ascension, ICRS."
    fields = {f.name: f for f in parse_single_table(io.BytesIO(written("votable", table, COLUMNS, "rows"))).fields}
    assert str(fields["flux"].unit) == "nJy"
    assert (fields["ra"].ref, fields["mjd"].ref, fields["flux"].ref) == ("icrs", "tai", None)
    assert fields["mjd"].description == "A time, TAI."


def test_nan_and_infinity_are_null_in_every_format() -> None:
    table = pa.table({"flux": pa.array([1.5, float("nan"), float("inf"), None], pa.float32())})
    for kind, read in READERS.values():
        if kind != "csv":
            assert read(written(kind, table, COLUMNS, "rows"))["flux"] == [1.5, None, None, None]


@pytest.mark.parametrize("kind", FORMATS)
def test_no_rows_are_a_table_with_its_columns(table: pa.Table, kind: str) -> None:
    body = written(kind, table.slice(0, 0), COLUMNS, "rows")
    read = next(read for k, read in READERS.values() if k == kind)
    found = read(body)
    assert list(found) == list(COLUMNS)
    assert all(values == [] for values in found.values())


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = site(tmp_path_factory.mktemp("public"))
    yield made
    made.broker.store.close()


LISTS = {
    "/api/v1/objects/ztf/ZTF23aaaaaaa/lightcurve": "points",
    "/api/v1/objects/ztf/ZTF23aaaaaaa/alerts": "alerts",
    "/api/v1/objects/ztf/ZTF23aaaaaaa/neighbours": "neighbours",
    "/api/v1/alerts?tag=bright": "alerts",
    "/api/v1/cone?ra=150&dec=2.2&radius=10": "objects",
}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("kind", FORMATS)
def test_every_list_gives_the_rows_of_its_json_in_every_format(public: Site, path: str, kind: str) -> None:
    told = public.client.get(path).json()[LISTS[path]]
    assert told
    answer = public.client.get(path, params={**_parameters(path), "format": kind})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(FORMATS[kind].media_type.split(";")[0])
    assert answer.headers["content-disposition"].endswith(f'.{FORMATS[kind].ending}"')
    if kind == "csv":
        assert answer.text.splitlines()[0].replace('"', "").split(",")[0] in told[0]
        return
    found = {"arrow": _arrow, "parquet": _parquet, "votable": _votable}[kind](answer.content)
    assert all(len(values) == len(told) for values in found.values())
    for name in set(told[0]) - {"tags"}:
        for ours, theirs in zip(told, found[name], strict=True):
            assert _same(ours[name], theirs), (name, ours[name], theirs)
    if "tags" in told[0]:
        assert found["tags"] == [" ".join(sorted({t["filter"] for t in row["tags"]})) for row in told]


def _parameters(path: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in path.partition("?")[2].split("&") if pair)


def _same(ours: Any, theirs: Any) -> bool:
    """A value of our JSON, where 64-bit ids are texts, and what another format gave."""
    if isinstance(theirs, float) and ours is not None:
        return bool(np.float32(ours) == np.float32(theirs))
    return bool(
        ours == theirs or (ours is not None and str(ours) == str(theirs)) or (ours in (None, "") and not theirs)
    )


def test_an_unknown_format_is_refused_with_those_there_are(public: Site) -> None:
    answer = public.client.get("/api/v1/cone?ra=150&dec=2.2&format=xlsx")
    assert answer.status_code == 422
    assert "votable" in answer.json()["detail"]


def test_pages_of_files_say_where_the_next_one_begins(public: Site) -> None:
    first = public.client.get("/api/v1/alerts?limit=1&format=arrow")
    told = public.client.get("/api/v1/alerts?limit=1").json()
    assert first.headers["linnet-next-before"] == told["next_before"]


def test_what_is_hidden_is_hidden_in_every_format(public: Site) -> None:
    hidden = public.client.get("/api/v1/cone?ra=10&dec=-5&radius=5").json()["objects"]
    assert hidden == []
    for kind, read in (("arrow", _arrow), ("votable", _votable)):
        body = public.client.get(f"/api/v1/cone?ra=10&dec=-5&radius=5&format={kind}").content
        assert read(body)["object_id"] == []
    shown = _arrow(public.client.get("/api/v1/alerts?format=arrow").content)
    assert shown["is_public"]
    assert all(shown["is_public"])


def test_files_of_alerts_have_no_column_that_says_where_rows_lie(public: Site, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(public.client.get("/api/v1/alerts?format=parquet").content)
    names = pq.read_schema(tmp_path / "a.parquet").names
    assert not {"segment", "block", "place", "length"} & set(names)
