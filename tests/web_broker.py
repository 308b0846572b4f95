"""A small broker for tests of the web side: a real store filled by hand-made units, control, stamps and an audit."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io import fits

from alert_batches import Alert, Point, alert, batch, forced, limit, point
from linnet.adapters.sqlite_control import SqliteControl
from linnet.adapters.sqlite_store import SqliteStore
from linnet.core.column import Column, real
from linnet.core.filter_port import Details
from linnet.core.lightcurve import point_rows
from linnet.core.sky import healpix29
from linnet.core.survey import Stamp
from linnet.core.unit import TAG, Run, Unit
from linnet.core.vocabulary import COUNTED, RECORD, SCALARS
from linnet.errors import FilterError, PacketError
from linnet.web.application import create_app
from linnet.web.broker import Broker

with warnings.catch_warnings():
    # Newer test clients announce another name for httpx; the one declared for development serves as well.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

BIG = 2**53 + 1
"""An id that a double cannot hold."""
LATE = 9007199254740997
HIDDEN, JPEG, DAMAGED, ORPHAN = 2 * BIG, BIG + 10, BIG + 20, 77
FIRST_NIGHT, SECOND_NIGHT = 20230225, 20230226
HOSTILE = "<script>alert('x')</script>\"&"

COLUMNS: Mapping[str, Column] = {
    **{n: c for n, c in SCALARS.items() if not c.is_list},
    **COUNTED,
    "rates_slope_r": real("Slope in band r.", unit="mag/d"),
    **RECORD,
}

JPEG_BYTES = b"\xff\xd8\xff\xe0" + bytes(50) + b"\xff\xd9"


def image() -> bytes:
    """A FITS stamp with a star and a hole."""
    values = np.random.default_rng(5).normal(0, 1, (21, 21)).astype(">f4")
    values[10, 10], values[0, 0] = 100, np.nan
    out = io.BytesIO()
    fits.PrimaryHDU(values).writeto(out)
    return out.getvalue()


IMAGE = image()


def stamps(survey: str, alert_id: int) -> Mapping[str, Stamp]:
    """The images of the alerts below: three FITS, one JPEG, one damaged, none."""
    if alert_id == JPEG:
        return {"science": Stamp("jpeg", JPEG_BYTES)}
    if alert_id == DAMAGED:
        raise PacketError("BAD_VALUE", "the stamp does not unpack")
    if alert_id == ORPHAN:
        return {}
    return {name: Stamp("fits", IMAGE) for name in ("science", "template", "difference")}


def check_filter(text: str) -> None:
    """Knows one wrong column."""
    if "magg" in text:
        raise FilterError("no column magg", text.index("magg"), "mag")


def audit() -> Mapping[str, Any]:
    """Everything is accounted for."""
    return {"ok": True, "received": 6}


def unit(number: int, survey: str, night: int, tags: list[tuple[int, str]], *alerts: Alert) -> Unit:
    """One commit of these alerts, in this night, with tags of version 1."""
    cells = healpix29(*(np.array([a.values[n] for a in alerts], dtype=np.float64) for n in ("ra", "dec")))
    alerts = tuple(
        replace(
            a,
            values={**a.values, "survey": survey, "night": night, "healpix": int(c)},
            lc=tuple(replace(p, public=p.public and bool(a.values["is_public"])) for p in a.lc),
        )
        for a, c in zip(alerts, cells, strict=True)
    )
    rows = batch(*alerts)
    scalars = {n: rows.column(n) for n in COLUMNS if n in rows.schema.names}
    record = {
        "known_night": night,
        "content_hash": 1,
        "run_id": "r",
        "topic": "t",
        "partition": 0,
        "offset": 0,
        "position": 0,
        "segment": "s",
        "block": 0,
        "place": 0,
        "length": 1,
    }
    scalars |= {n: pa.array([v] * len(alerts), RECORD[n].type) for n, v in record.items()}
    scalars["rates_slope_r"] = pa.array([-0.125] * len(alerts), pa.float32())
    tagged = TAG.empty_table()
    if tags:
        tagged = pa.Table.from_pylist([{"alert_id": i, "filter": f, "version": 1} for i, f in tags], TAG)
    points = point_rows(rows, night)
    return Unit(number, Run("code", {}), survey, night, alerts=pa.table(scalars), points=points, tags=tagged)


def fill(store: SqliteStore) -> None:
    """Two nights of ZTF and one of LSST; one object both see; hidden, hostile, objectless and negative alerts."""
    history = [
        point(59990.3, "g", 800.0),
        limit(59980.3, "g"),
        forced(59991.3, "r", 300.0),
        forced(59992.3, "r", -20.0),
    ]
    history.append(Point(59993.3, "r", 5000.0, 50.0, source_id=4, public=False))
    ztf: dict[str, Any] = {"ra": 150.0, "dec": 2.2, "object_id": "ZTF23aaaaaaa"}
    store.commit(
        unit(
            1,
            "ztf",
            FIRST_NIGHT,
            [(BIG, "bright"), (HIDDEN, "bright")],
            alert(BIG, history, **ztf, mjd=60001.3, mag=18.25, mag_err=0.05, snr=20.0, program=1),
            alert(HIDDEN, object_id="ZTF23hhhhhhh", ra=10.0, dec=-5.0, is_public=False),
            alert(JPEG, object_id="ZTF23jjjjjjj", ra=20.0, dec=-5.0, mag=19.0, body_id=HOSTILE),
            alert(DAMAGED, object_id="ZTF23ddddddd", ra=30.0, dec=-5.0),
        )
    )
    later: dict[str, Any] = {**ztf, "band": HOSTILE[:12]}
    hidden = alert(BIG + 2, **ztf, mjd=60002.35, is_public=False)
    store.commit(
        unit(2, "ztf", SECOND_NIGHT, [(LATE, "bright")], alert(LATE, **later, mjd=60002.3, flux=-500.0), hidden)
    )
    store.commit(
        unit(
            3,
            "lsst",
            FIRST_NIGHT,
            [(ORPHAN, "moving"), (BIG, "bright")],
            alert(BIG, object_id=str(BIG), ra=150.0, dec=2.2 + 1.0 / 3600, mag=18.3),
            alert(ORPHAN, object_id=None, object_key=None, is_moving=True, body_id="K02JE6P", ra=200.0, dec=0.0),
        )
    )


@dataclass(frozen=True)
class Site:
    """A broker and a browser on it."""

    broker: Broker
    client: TestClient


def site(folder: Path, *, public_only: bool = True, filled: bool = True, **given: object) -> Site:
    """A site in a fresh folder."""
    folder.mkdir(parents=True, exist_ok=True)
    store = SqliteStore.open(folder / "store.db", COLUMNS)
    control = SqliteControl.open(folder / "control.db")
    if filled:
        fill(store)
        for name in ("bright", "moving"):
            version = control.add_filter(
                name, "mag < 19", topic_line=f"{name}: {HOSTILE}", details=Details(HOSTILE, visibility="public")
            )
            control.set_active(name, version)
    parts: dict[str, object] = {"check_filter": check_filter, "version": "0.1-test", "audit": audit, **given}
    broker = Broker(store, control, COLUMNS, stamps, public_only=public_only, **parts)  # type: ignore[arg-type]  # parts of several types
    return Site(broker, client(broker))


def client(broker: Broker, root_path: str = "", stopping: Callable[[], bool] = lambda: False) -> TestClient:
    """A browser that shows redirects instead of following them."""
    return TestClient(create_app(broker, stopping=stopping), root_path=root_path, follow_redirects=False)
