"""Simple Cone Search, asked by pyvo over a real connection, and its errors as the standard has them."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse

from linnet.web.application import create_app
from web_broker import BIG, Site, site

pyvo = pytest.importorskip("pyvo", reason="pyvo is missing: `make setup` installs what tests need")


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = site(tmp_path_factory.mktemp("public"))
    yield made
    made.broker.store.close()


@pytest.fixture(scope="module")
def address(public: Site) -> Iterator[str]:
    """A real server around the same broker."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(public.broker), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/vo/cone?"
    server.should_exit = True
    thread.join(30)


def test_pyvo_finds_the_objects_of_both_surveys(address: str) -> None:
    found = pyvo.dal.SCSService(address).search(SkyCoord(150.0, 2.2, unit="deg"), radius=10 / 3600)
    assert [row["object_id"] for row in found] == ["ZTF23aaaaaaa", str(BIG)]
    first = found[0]
    assert (first.id, first.pos.ra.deg, first.pos.dec.deg) == ("ZTF23aaaaaaa", 150.0, 2.2)
    assert found.to_table()["separation"][1] == pytest.approx(1.0, abs=1e-6)
    assert found.fieldname_with_ucd("POS_EQ_RA_MAIN") == "ra"


def test_what_pyvo_asks_wrongly_raises_its_error(address: str) -> None:
    with pytest.raises(pyvo.DALQueryError, match="SR is not between 0 and 1 degrees"):
        pyvo.dal.SCSService(address).search((150.0, 2.2), radius=2.0)


@pytest.mark.parametrize("verb", [1, 2, 3])
def test_verbosity_only_adds_columns(public: Site, verb: int) -> None:
    names = _names(public, f"RA=150&DEC=2.2&SR=0.01&VERB={verb}")
    assert {"object_id", "ra", "dec"} <= names
    assert ("n_alerts" in names, "healpix" in names) == (verb > 1, verb == 3)


def test_the_three_main_columns_have_the_words_of_the_standard_once_each(public: Site) -> None:
    table = parse(io.BytesIO(_ask(public, "RA=150&DEC=2.2&SR=0.01"))).get_first_table()
    by_ucd = {f.ucd: f for f in table.fields if f.ucd and f.ucd.isupper()}
    assert {u: by_ucd[u].datatype for u in by_ucd} == {
        "ID_MAIN": "unicodeChar",
        "POS_EQ_RA_MAIN": "double",
        "POS_EQ_DEC_MAIN": "double",
    }


def test_a_radius_or_limit_of_zero_asks_for_the_columns_alone(public: Site) -> None:
    for query in ("RA=150&DEC=2.2&SR=0", "RA=150&DEC=2.2&SR=0.01&MAXREC=0"):
        table = parse(io.BytesIO(_ask(public, query))).get_first_table()
        assert len(table.array) == 0
        assert {f.name for f in table.fields} >= {"object_id", "ra", "dec"}


def test_more_than_the_limit_is_an_overflow_and_names_are_taken_in_any_case(public: Site) -> None:
    file = parse(io.BytesIO(_ask(public, "ra=150&Dec=2.2&sr=0.01&maxrec=1&unknown=x")))
    assert len(file.get_first_table().array) == 1
    assert [i.value for i in file.resources[0].infos if i.name == "QUERY_STATUS"] == ["OVERFLOW"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DEC=2.2&SR=0.1", "RA is missing"),
        ("RA=x&DEC=2.2&SR=0.1", "RA is no number"),
        ("RA=nan&DEC=2.2&SR=0.1", "RA is not between 0 and 360"),
        ("RA=1&DEC=91&SR=0.1", "DEC is not between -90 and 90"),
        ("RA=1&DEC=2&SR=-1", "SR is not between"),
        ("RA=1&DEC=2&SR=0.1&VERB=7", "VERB is 1, 2 or 3"),
        ("RA=1&DEC=2&SR=0.1&MAXREC=%3Cscript%3E", "MAXREC is a number"),
    ],
)
def test_errors_are_tables_that_say_what_is_wrong(public: Site, query: str, said: str) -> None:
    file = parse(io.BytesIO(_ask(public, query)))
    (info,) = [i for i in file.infos if i.name == "Error"]
    assert said in info.value


def _ask(public: Site, query: str) -> bytes:
    answer = public.client.get(f"/vo/cone?{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-votable+xml"
    body: bytes = answer.content
    return body


def _names(public: Site, query: str) -> set[str]:
    return {f.name for f in parse(io.BytesIO(_ask(public, query))).get_first_table().fields}
