"""The API: every address answers what the store has, ids are exact, and nothing hidden gets out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord

from linnet.core.json_rows import rows
from linnet.errors import StorageError
from web_broker import BIG, COLUMNS, DAMAGED, HIDDEN, HOSTILE, IMAGE, JPEG, JPEG_BYTES, LATE, ORPHAN, Site, site

ZTF = "/api/v1/objects/ztf/ZTF23aaaaaaa"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = site(tmp_path_factory.mktemp("public"))
    yield made
    made.broker.store.close()


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A broker that shows also what is not public, with packets."""
    made = site(
        tmp_path_factory.mktemp("everything"),
        public_only=False,
        packet=lambda _, i: {"candid": str(i)},
        container=lambda *_: b"Obj",
    )
    yield made
    made.broker.store.close()


def get(where: Site, path: str, status: int = 200, **parameters: str | float) -> Any:
    answer = where.client.get(path, params=parameters or None)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) >= {"type", "title", "status", "detail"}
        assert answer.json()["status"] == status
        assert "Traceback" not in answer.text
    return answer.json()


def test_an_object_comes_with_its_latest_alert_and_its_tags(public: Site) -> None:
    told = get(public, ZTF)
    assert told["object"]["object_id"] == "ZTF23aaaaaaa"
    assert told["latest_alert"]["alert_id"] == str(LATE)
    assert [t["filter"] for t in told["latest_alert"]["tags"]] == ["bright"]
    assert told["latest_alert"]["rates_slope_r"] == -0.125
    assert "segment" not in told["latest_alert"]
    stored = public.broker.store.alerts("ztf", pa.array([LATE]))
    assert {n: told["latest_alert"][n] for n in ("ra", "dec", "flux", "mjd", "night")} == {
        n: rows(stored)[0][n] for n in ("ra", "dec", "flux", "mjd", "night")
    }


def test_ids_above_two_to_the_53_are_strings_and_exact(public: Site) -> None:
    assert float(BIG) != BIG
    told = get(public, f"/api/v1/alerts/ztf/{BIG}")["alert"]
    assert told["alert_id"] == str(BIG)
    assert get(public, f"/api/v1/alerts/lsst/{BIG}")["alert"]["object_id"] == str(BIG)
    assert get(public, f"/api/v1/alerts/ztf/{BIG - 1}", 404)["detail"].startswith(f"no alert {BIG - 1}")
    every = json.dumps(get(public, f"{ZTF}/lightcurve")["points"])
    assert f'"key": "{BIG}"' in every
    assert f'"alert_id": "{LATE}"' in every


def test_a_light_curve_holds_what_was_known_before_a_night_and_nothing_that_is_not_public(public: Site) -> None:
    now = get(public, f"{ZTF}/lightcurve")["points"]
    before = get(public, f"{ZTF}/lightcurve", as_of=20230226)
    assert (len(now), len(before["points"]), before["as_of"]) == (6, 5, 20230226)
    assert [p["mjd"] for p in now] == sorted(p["mjd"] for p in now)
    assert {p["known_night"] for p in before["points"]} == {20230225}
    assert get(public, f"{ZTF}/lightcurve", as_of=20230225)["points"] == []
    assert {p["kind"] for p in now} == {0, 1, 2}
    assert not [p for p in now if not p["public"]]
    assert next(p for p in now if p["kind"] == 2)["flux"] is None


def test_what_is_not_public_is_not_found_and_not_told_apart_from_what_is_not_there(
    public: Site, everything: Site
) -> None:
    for path in (
        "/api/v1/objects/ztf/ZTF23hhhhhhh",
        "/api/v1/objects/ztf/ZTF23hhhhhhh/lightcurve",
        "/api/v1/objects/ztf/ZTF23hhhhhhh/alerts",
        "/api/v1/objects/ztf/ZTF23hhhhhhh/neighbours",
        f"/api/v1/alerts/ztf/{HIDDEN}",
        f"/api/v1/alerts/ztf/{HIDDEN}/stamps",
        f"/api/v1/alerts/ztf/{HIDDEN}/stamps/science.fits",
        f"/api/v1/alerts/ztf/{HIDDEN}/packet",
        f"/api/v1/alerts/ztf/{HIDDEN}/packet.avro",
    ):
        hidden = get(public, path, 404)["detail"]
        absent = get(public, path.replace("hhhhhhh", "zzzzzzz").replace(str(HIDDEN), "12345"), 404)["detail"]
        assert hidden.replace("hhhhhhh", "zzzzzzz").replace(str(HIDDEN), "12345") == absent
        if not path.endswith((".fits", ".avro")):
            get(everything, path)
    assert get(public, "/api/v1/cone", ra=10, dec=-5)["objects"] == []
    assert len(get(everything, "/api/v1/cone", ra=10, dec=-5)["objects"]) == 1
    assert str(HIDDEN) not in json.dumps(get(public, "/api/v1/alerts"))
    assert str(HIDDEN) in json.dumps(get(everything, "/api/v1/alerts"))
    assert get(public, ZTF)["object"]["n_alerts"] == 2
    assert get(everything, ZTF)["latest_alert"]["alert_id"] == str(BIG + 2)
    assert len(get(everything, f"{ZTF}/lightcurve")["points"]) == 8


def test_whole_packets_are_kept_back_where_histories_may_hold_points_that_are_not_public(
    public: Site, everything: Site
) -> None:
    assert "not public" in get(public, f"/api/v1/alerts/ztf/{BIG}/packet", 404)["detail"]
    assert get(everything, f"/api/v1/alerts/ztf/{BIG}/packet") == {"candid": str(BIG)}


def test_alerts_of_an_object_are_its_newest_by_time(public: Site) -> None:
    told = get(public, f"{ZTF}/alerts")
    assert [a["alert_id"] for a in told["alerts"]] == [str(BIG), str(LATE)]
    assert [a["alert_id"] for a in get(public, f"{ZTF}/alerts", limit=1)["alerts"]] == [str(LATE)]
    assert told["total"] == 2
    assert [[t["filter"] for t in a["tags"]] for a in told["alerts"]] == [["bright"], ["bright"]]


def test_neighbours_are_other_surveys_objects_with_their_separation(public: Site) -> None:
    near = get(public, f"{ZTF}/neighbours", radius=2)["neighbours"]
    assert [(n["survey"], n["object_id"]) for n in near] == [("lsst", str(BIG))]
    truth = SkyCoord(150.0, 2.2, unit="deg").separation(SkyCoord(150.0, 2.2 + 1 / 3600, unit="deg")).arcsec
    assert near[0]["separation"] == pytest.approx(truth, abs=1e-6)
    assert get(public, f"{ZTF}/neighbours", radius=0.5)["neighbours"] == []


def test_a_cone_takes_both_notations_and_says_when_there_is_more(public: Site) -> None:
    decimal = get(public, "/api/v1/cone", ra="150.0", dec="2.2", radius=5)
    assert [o["survey"] for o in decimal["objects"]] == ["ztf", "lsst"]
    assert decimal["complete"] is True
    sexagesimal = get(public, "/api/v1/cone", ra="10:00:00", dec="+02:12:00", radius=5)
    assert sexagesimal["objects"] == decimal["objects"]
    assert get(public, "/api/v1/cone", ra=150, dec=2.2, limit=1)["complete"] is False


def test_pages_of_the_latest_catches_join_without_gap_or_repeat(public: Site) -> None:
    seen: list[str] = []
    before = 100
    for _ in range(10):
        told = get(public, "/api/v1/alerts", limit=1, before=before)
        seen += [a["seq"] for a in told["alerts"]]
        if told["next_before"] is None:
            break
        before = int(told["next_before"])
    assert seen == [a["seq"] for a in get(public, "/api/v1/alerts")["alerts"]]
    assert len(seen) == 4
    only = get(public, "/api/v1/alerts", tag="moving")["alerts"]
    assert [(a["filter"], a["alert_id"]) for a in only] == [("moving", str(ORPHAN))]
    assert "/api/v1/filters" in get(public, "/api/v1/alerts", 404, tag="unheard_of")["detail"]


def test_stamps_come_as_sent_and_as_png_and_say_which_there_are(public: Site) -> None:
    base = f"/api/v1/alerts/ztf/{BIG}/stamps"
    links = get(public, base)["stamps"]
    assert sorted(links) == ["difference", "science", "template"]
    assert links["science"]["links"] == {"fits": f"{base}/science.fits", "png": f"{base}/science.png"}
    sent = public.client.get(f"{base}/science.fits")
    assert (sent.content, sent.headers["content-type"]) == (IMAGE, "application/fits")
    assert sent.headers["content-disposition"] == f'attachment; filename="ztf_{BIG}_science.fits"'
    shown = public.client.get(f"{base}/difference.png")
    assert shown.headers["content-type"] == "image/png"
    assert shown.content.startswith(b"\x89PNG")
    again = public.client.get(f"{base}/difference.png", headers={"If-None-Match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_stamp_that_cannot_be_had_says_why(public: Site) -> None:
    assert "ask for science.jpg" in get(public, f"/api/v1/alerts/ztf/{JPEG}/stamps/science.png", 404)["detail"]
    sent = public.client.get(f"/api/v1/alerts/ztf/{JPEG}/stamps/science.jpg")
    assert (sent.content, sent.headers["content-type"]) == (JPEG_BYTES, "image/jpeg")
    assert "without a template" in get(public, f"/api/v1/alerts/ztf/{JPEG}/stamps/template.jpg", 404)["detail"]
    assert get(public, f"/api/v1/alerts/ztf/{DAMAGED}/stamps/science.fits", 422)["reason"] == "BAD_VALUE"
    assert get(public, f"/api/v1/alerts/lsst/{ORPHAN}/stamps") == {"stamps": {}}
    get(public, f"/api/v1/alerts/ztf/{BIG}/stamps/psf.fits", 422)
    get(public, f"/api/v1/alerts/ztf/{BIG}/stamps/science.exe", 422)


def test_nights_columns_audit_and_health_tell_what_the_store_has(public: Site) -> None:
    nights = get(public, "/api/v1/nights")
    assert nights["open"] == {"lsst": 20230225, "ztf": 20230226}
    assert sum(n["n"] for n in nights["nights"]) == 8
    columns = {c["name"]: c for c in get(public, "/api/v1/columns")["columns"]}
    assert set(columns) == set(COLUMNS)
    assert (columns["flux"]["unit"], columns["flux"]["ucd"], columns["ra"]["nullable"]) == ("nJy", "phot.flux", False)
    assert get(public, "/api/v1/audit") == {"ok": True, "received": 6}
    assert get(public, "/api/v1/health")["unit"] == "3"


def test_health_is_503_when_the_store_does_not_answer(tmp_path: Path) -> None:
    broken = site(tmp_path)
    broken.broker.store.close()
    assert "closed" in get(broken, "/api/v1/health", 503)["detail"]
    with pytest.raises(StorageError):
        broken.broker.store.last_unit()


def test_filters_are_listed_with_what_they_matched(public: Site) -> None:
    told = {f["name"]: f for f in get(public, "/api/v1/filters")["filters"]}
    assert (told["bright"]["matches"], told["moving"]["matches"]) == (4, 1)
    assert told["bright"]["active"] is True
    assert told["bright"]["description"] == HOSTILE


def test_a_filter_is_added_once_and_a_new_text_is_a_new_version(tmp_path: Path) -> None:
    where = site(tmp_path)
    body = {"name": "faint", "text": "mag > 20", "topic_line": "Faint things"}
    first = where.client.post("/api/v1/filters", json=body)
    assert (first.status_code, first.json()) == (201, {"name": "faint", "version": 1, "active": False})
    assert where.client.post("/api/v1/filters", json=body).json()["version"] == 1
    changed = {**body, "text": "mag > 21", "activate": True}
    assert where.client.post("/api/v1/filters", json=changed).json() == {"name": "faint", "version": 2, "active": True}
    kept = [f for f in get(where, "/api/v1/filters")["filters"] if f["name"] == "faint"]
    assert [(f["version"], f["text"], f["active"]) for f in kept] == [(1, "mag > 20", False), (2, "mag > 21", True)]


def test_a_refused_filter_says_where_and_what_was_meant_and_is_not_kept(tmp_path: Path) -> None:
    where = site(tmp_path)
    answer = where.client.post("/api/v1/filters", json={"name": "f", "text": "1 < magg", "topic_line": "x"})
    told = answer.json()
    assert (answer.status_code, told["position"], told["suggestion"]) == (422, 4, "mag")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "f" not in {f["name"] for f in get(where, "/api/v1/filters")["filters"]}
    closed = site(tmp_path / "closed", desk=None)
    answer = closed.client.post("/api/v1/filters", json={"name": "f", "text": "mag < 1", "topic_line": "x"})
    assert (answer.status_code, answer.json()["status"]) == (403, 403)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Big Name"},
        {"name": "../etc"},
        {"name": "x" * 65},
        {"text": ""},
        {"text": "m" * 4097},
        {"topic_line": "two\nlines"},
        {"topic_line": " "},
        {"owner": "root"},
        {"activate": "perhaps"},
    ],
)
def test_filters_outside_the_limits_are_refused_by_name(public: Site, change: dict[str, str]) -> None:
    answer = public.client.post("/api/v1/filters", json={"name": "f", "text": "a", "topic_line": "x", **change})
    assert answer.status_code == 422
    assert next(iter(change)) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/objects/ztf/..%2F..%2Fetc%2Fpasswd", 404),
        ("/api/v1/objects/ztf/%00", 422),
        ("/api/v1/objects/ztf/ZTF%27%20OR%201=1", 422),
        ("/api/v1/objects/ZTF/ZTF23aaaaaaa", 422),
        ("/api/v1/objects/atlas/1", 404),
        ("/api/v1/objects/ztf/" + "x" * 65, 422),
        ("/api/v1/alerts/ztf/-1", 422),
        ("/api/v1/alerts/ztf/9999999999999999999", 404),
        ("/api/v1/alerts/ztf/99999999999999999999", 422),
        ("/api/v1/alerts/ztf/%D9%A1%D9%A2", 422),
        ("/api/v1/alerts/ztf/1.5", 422),
        ("/api/v1/alerts?limit=0", 422),
        ("/api/v1/alerts?limit=1001", 422),
        ("/api/v1/alerts?before=9223372036854775808", 422),
        ("/api/v1/alerts?tag=%27;drop", 422),
        ("/api/v1/cone?ra=400&dec=0", 400),
        ("/api/v1/cone?ra=nan&dec=0", 400),
        ("/api/v1/cone?ra=10&dec=0&radius=3601", 422),
        ("/api/v1/cone?ra=10&dec=0&radius=nan", 422),
        ("/api/v1/cone?ra=10", 422),
        (ZTF + "/lightcurve?as_of=today", 422),
        (ZTF + "/neighbours?radius=61", 422),
        ("/api/v1/nothing", 404),
    ],
)
def test_hostile_or_wrong_requests_get_a_sentence_and_a_4xx(public: Site, path: str, status: int) -> None:
    assert len(get(public, path, status)["detail"]) > 10


def test_the_description_names_units_for_every_number_that_has_one(public: Site) -> None:
    described = get(public, "/api/v1/openapi.json")
    alert = described["components"]["schemas"]["Alert"]["properties"]
    assert set(alert) == set(COLUMNS)
    assert alert["alert_id"]["type"] == "string"
    assert "Unit: nJy." in alert["flux"]["description"]
    assert described["components"]["schemas"]["Point"]["properties"]["flux"]["type"] == ["number", "null"]
    calls = [call for methods in described["paths"].values() for call in methods.values()]
    texts = [p["description"] for call in calls for p in call.get("parameters", ()) if p["name"] == "radius"]
    assert texts
    assert all("arcsec" in t for t in texts)
    assert json.dumps(described).count("$ref") > 3


def test_answers_are_as_declared(public: Site) -> None:
    """Every key of an alert's answer is a declared column, and its JSON type the described one."""
    alert = get(public, f"/api/v1/alerts/ztf/{BIG}")["alert"]
    described = get(public, "/api/v1/openapi.json")["components"]["schemas"]["Alert"]["properties"]
    kinds = {"string": str, "number": float | int, "integer": int, "boolean": bool}
    assert set(alert) <= {*described, "tags"}
    for name, value in alert.items():
        if name != "tags" and value is not None:
            kind = described[name]["type"]
            assert isinstance(value, kinds[kind[0] if isinstance(kind, list) else kind]), name
