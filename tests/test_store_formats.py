"""Stores of earlier formats, kept as they were written, open in this one with everything that was in them."""

from __future__ import annotations

import gzip
from contextlib import closing
from pathlib import Path

import pytest

from linnet.adapters.memory_store import MemoryStore
from linnet.adapters.sqlite_store import SqliteStore
from linnet.adapters.sqlite_store_layout import STORE
from linnet.core import dump
from linnet.core.ports import Store
from linnet.errors import HomeVersionError
from store_worlds import COLUMNS, OBJECTS, units, world

KEPT = Path(__file__).parent / "kept"
SKY = world(7)
ORDER = units(SKY, 11)


@pytest.fixture(params=range(1, STORE.format))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of an earlier format, filled with all units of `ORDER` but the last two, the first four flushed."""
    file = tmp_path / "store.db"
    file.write_bytes(gzip.decompress((KEPT / f"store-format-{request.param}.db.gz").read_bytes()))
    return file


@pytest.fixture
def oracle() -> Store:
    store = MemoryStore(COLUMNS)
    for each in ORDER[:-2]:
        store.commit(each)
    store.flushed(4, ["alerts/a"])
    return store


def test_an_older_store_has_all_its_content_after_it_was_opened(path: Path, oracle: Store) -> None:
    with closing(SqliteStore.open(path, COLUMNS)) as store:
        assert dump.differences(store.dump(), oracle.dump()) == []
        assert dump.digest(store.dump()) == dump.digest(oracle.dump())


def test_an_older_store_answers_as_ever(path: Path, oracle: Store) -> None:
    with closing(SqliteStore.open(path, COLUMNS)) as store:
        assert store.tags_after(0, 1000).equals(oracle.tags_after(0, 1000))
        assert store.latest(None, 1000).equals(oracle.latest(None, 1000).unify_dictionaries().combine_chunks())
        assert [(*r[:3], r[3].to_pylist()) for r in store.pending()] == [
            (*r[:3], r[3].to_pylist()) for r in oracle.pending()
        ]
        counts, expected = ({tuple(r.values()) for r in s.counts().to_pylist()} for s in (store, oracle))
        assert counts == expected
        assert store.dead().drop_columns("seen").equals(oracle.dead().drop_columns("seen"))
        assert store.object_count() == oracle.object_count()
        for survey in ("ztf", "lsst"):
            for object_id in (o for o in OBJECTS if o is not None):
                for public in (False, True):
                    found, known = (s.object(survey, object_id, public=public) for s in (store, oracle))
                    assert found.equals(known)
                    rows, same = (s.object_alerts(survey, object_id, public=public) for s in (store, oracle))
                    assert rows.column("alert_id").to_pylist() == same.column("alert_id").to_pylist()
        assert store.cone(150.0, 2.0, 7200.0, public=True).equals(oracle.cone(150.0, 2.0, 7200.0, public=True))


def test_an_older_store_goes_on_where_it_was(path: Path, oracle: Store) -> None:
    with closing(SqliteStore.open(path, COLUMNS)) as store:
        assert store.last_unit() == len(ORDER) - 2
        for each in ORDER:
            store.commit(each)
            oracle.commit(each)
        assert dump.differences(store.dump(), oracle.dump()) == []
    with closing(SqliteStore.open(path, COLUMNS)) as store:
        assert dump.digest(store.dump()) == dump.digest(oracle.dump())


def test_an_older_store_is_not_changed_by_a_reader_and_is_kept_beside_the_new_one(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(HomeVersionError, match="open it for writing once"):
        SqliteStore.open(path, COLUMNS, read_only=True)
    assert path.read_bytes() == before
    SqliteStore.open(path, COLUMNS).close()
    (kept,) = path.parent.glob("store.db.format-*.backup")
    assert kept.stat().st_size == len(before)
