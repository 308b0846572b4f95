"""Catalogues of a home: brought, used, renewed, switched off, damaged; what was made with them stays verifiable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import real_alerts
from linnet.adapters.catalogue_files import CatalogueFolder
from linnet.adapters.shipped_catalogues import shipped
from linnet.app.catalogues import catalogues, install_catalogues
from linnet.app.console import OK, USAGE
from linnet.app.home import create
from linnet.app.wiring import plan
from linnet.core.plan import Plan
from linnet.science.crossmatch import crossmatch
from processes import call
from small_home import SOME, ingest, told

SHIPPED = ["cv", "dwarf_agn", "gcvs", "hsp", "lac", "mcv", "tde"]


def answer(*arguments: str | Path) -> Any:
    done = call(*arguments, "--json")
    assert (done.returncode, done.stderr) == (OK, "")
    return json.loads(done.stdout)


@pytest.fixture
def brought(samples: Path, tmp_path: Path) -> Path:
    """A catalogue with a source at every second sample alert."""
    _, batch = real_alerts.ztf(samples)
    ra, dec = (batch.column(n).to_pylist()[::2] for n in ("ra", "dec"))
    table = pa.table({"ra": ra, "dec": dec, "row": pa.array(range(len(ra)), pa.int64())})
    pq.write_table(table, tmp_path / "brought.parquet")
    return tmp_path / "brought.parquet"


def add(home: Path, file: Path, radius: str = "2", columns: str = "row") -> Any:
    return call(
        *("catalogs", "add", "mine", file, "--ra", "ra", "--dec", "dec", "--radius", radius, "--columns", columns),
        *("--home", home),
    )


def matched(home: Path) -> set[str]:
    """Values of `mine_state` in the science archive."""
    tables = [pq.read_table(p) for p in (home / "archive" / "science" / "alerts").rglob("*.parquet")]
    return {s for t in tables if "mine_state" in t.schema.names for s in t.column("mine_state").to_pylist()}


def test_a_catalogue_is_used_renewed_and_switched_off_and_all_stays_verifiable(
    samples: Path, brought: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    done = add(home, brought)
    assert done.returncode == OK, done.stderr
    assert call("filter", "add", "known", "mine_state = 'match'", "--home", home).returncode == OK
    ingest(samples / SOME, home)
    assert matched(home) == {"match", "none"}
    assert answer("audit", "--home", home)["matched"]["known"] > 0

    pq.write_table(pq.read_table(brought).slice(0, 1), brought)
    assert add(home, brought, radius="1.5").returncode == OK
    ingest(samples / "ztf" / "first-night", home)
    verified = answer("reprocess", "--verify", "--home", home)
    assert (verified["ok"], verified["other_run"], verified["differences"]) == (True, 0, {})
    runs = [
        json.loads(r)
        for p in (home / "archive" / "science" / "runs").glob("*")
        for r in pq.read_table(p).column("run").to_pylist()
    ]
    assert {r["catalogues"]["mine"].split()[0] for r in runs} == {"1", "2"}
    assert set(runs[0]["catalogues"]) == {*SHIPPED, "mine"}
    assert call("rebuild", "--home", home).returncode == OK

    assert call("catalogs", "remove", "mine", "--home", home).returncode == OK
    assert call("rebuild", "--home", home).returncode == OK
    verified = answer("reprocess", "--verify", "--home", home)
    assert (verified["ok"], verified["other_run"]) == (True, 0)
    ingest(samples / "ztf" / "transient", home)
    assert answer("audit", "--deep", "--home", home)["ok"]
    assert answer("reprocess", "--verify", "--home", home)["ok"]
    used = {each["catalogue"]: each["in_use"] for each in answer("catalogs", "list", "--home", home)}
    assert used == {**dict.fromkeys(SHIPPED, True), "mine": False}
    assert answer("catalogs", "show", "mine", "--home", home)["versions"][1].startswith("2 ")


def test_a_damaged_catalogue_costs_its_columns_and_fires_no_filter(
    samples: Path, brought: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert add(home, brought).returncode == OK
    texts = {"hit": "mine_state = 'match'", "no_hit": "not (mine_state = 'match')", "unsure": "mine_sep is null"}
    for name, text in texts.items():
        assert call("filter", "add", name, text, "--home", home).returncode == OK
    rows = next((home / "catalogs" / "mine").rglob("rows.parquet"))
    rows.write_bytes(rows.read_bytes()[:-100])
    done = call("ingest", samples / SOME, "--home", home)
    assert done.returncode == OK
    assert "damaged" in done.stderr or "cannot be read" in done.stderr or "not the file" in done.stderr
    assert matched(home) == {"failed"}
    found = answer("audit", "--home", home)
    assert {name: found["matched"].get(name, 0) for name in texts} == dict.fromkeys(texts, 0)
    assert found["archived"] > 0


@pytest.mark.parametrize("name", ["ztf", "hist", "features", "Big", "9lives", "a-b", "gcvs_2", ""])
def test_names_that_belong_to_others_are_refused(name: str, brought: Path, tmp_path: Path) -> None:
    done = call(
        "catalogs", "add", name, brought, "--ra", "ra", "--dec", "dec", "--radius", "1", "--home", tmp_path / "h"
    )
    if name == "gcvs_2":
        assert done.returncode == OK  # its columns are gcvs_2_state, gcvs_2_sep: those of nobody else
        return
    told(USAGE, done, "taken" if name.islower() and name.isalpha() else "named")


def test_a_column_keeps_its_type_over_the_versions(brought: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert add(home, brought).returncode == OK
    table = pq.read_table(brought)
    pq.write_table(table.set_column(2, "row", table.column("row").cast(pa.string())), brought)
    told(USAGE, add(home, brought), "mine_row", "int64", "string")
    assert add(home, brought, columns="text=row").returncode == OK


def test_what_is_not_there_is_told(brought: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    create(home)
    told(USAGE, add(home, tmp_path / "nothing"), "no such file")
    told(USAGE, add(home, brought, columns="rwo"), "nearest: row")
    told(USAGE, call("catalogs", "show", "nobody", "--home", home), "no catalogue nobody")
    told(USAGE, call("catalogs", "remove", "nobody", "--home", home), "no catalogue nobody")
    assert not list((home / "catalogs").glob(".part*"))


def test_a_home_gets_what_is_shipped_and_keeps_what_somebody_decided(brought: Path, tmp_path: Path) -> None:
    home = create(tmp_path / "home")
    assert [c.entry.name for c in catalogues(home)] == SHIPPED
    install_catalogues(home)
    folder = CatalogueFolder(home.catalogs)
    assert folder.names() == SHIPPED
    assert [c.about for c in folder.in_use()] == [c.about for c in shipped()]
    folder.use("tde", None)
    shutil.copyfile(brought, tmp_path / "copy")
    done = call(
        "catalogs", "add", "mcv", tmp_path / "copy", "--ra", "ra", "--dec", "dec", "--radius", "1", "--home", home.path
    )
    assert done.returncode == OK, done.stderr
    install_catalogues(home)
    assert [c.entry.name for c in catalogues(home)] == [n for n in SHIPPED if n != "tde"]
    assert [v.entry.is_shipped for v in folder.versions("mcv")] == [True, False]
    assert "tde_state" not in plan(home).columns
    assert "tde_state" in plan().columns


def test_the_known_variables_blazars_and_disruptions_among_the_shared_packets_are_found(shared_data: Path) -> None:
    _, batch = real_alerts.ztf(shared_data)
    of = Plan([crossmatch(c) for c in shipped()], real_alerts.AVAILABLE)
    found = of.run(batch, _fails)

    def objects(name: str) -> dict[str, Any]:
        hit = found.filter(pc.equal(found.column(f"{name}_state").cast(pa.string()), "match"))
        kind = hit.column("gcvs_type").to_pylist()
        return dict(zip(hit.column("object_id").to_pylist(), kind, strict=True))

    variables = objects("gcvs")
    assert len(variables) == 15
    assert {k: variables[k] for k in ("ZTF18aaaygjr", "ZTF18aasnfkr", "ZTF18aavedyt")} == {
        "ZTF18aaaygjr": "EW",
        "ZTF18aasnfkr": "M",
        "ZTF18aavedyt": "ZAND:",
    }
    assert set(objects("hsp")) == {"ZTF18acejbcb", "ZTF18aabjhro", "ZTF18acujvrd", "ZTF18acptyxr"}
    assert set(objects("tde")) == {"ZTF23abkixdb"}
    assert pc.max(found.column("gcvs_sep")).as_py() <= 1.5
    _, others = real_alerts.lsst(shared_data)
    there = of.run(others, _fails)
    assert {s for n in SHIPPED for s in there.column(f"{n}_state").to_pylist()} == {"none"}


def _fails(broken: object, error: Exception) -> None:
    raise AssertionError("a look-up failed") from error
