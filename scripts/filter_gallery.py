"""What the built-in filters catch among real packets: a table for the documentation, and a page to look at each catch.

    PYTHONPATH=scripts:tests python scripts/filter_gallery.py COLLECTION docs/filters-yields.md GALLERY

COLLECTION holds folders of alert packets of ZTF, LSST and ELAsTiCC. The table counts alerts and objects that each
filter passes. GALLERY gets index.html: up to twenty catches of each filter with stamps and light curve. What a look at
them showed stands in filter_gallery_seen.toml: look again, and change it, where a filter's catches change.
"""

from __future__ import annotations

import base64
import html
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

import real_alerts
import test_elasticc
from linnet.app.wiring import plan
from linnet.core.module import Module
from linnet.core.survey import Stamp
from linnet.core.unit import POINT
from linnet.errors import PacketError
from linnet.filters.builtin import BuiltinFilter, builtin
from linnet.filters.language import parse
from linnet.formats.light_curve_svg import light_curve_svg
from linnet.formats.stamps import png_bytes

MOST = 20
"""Catches of a filter on the page."""

SEEN = Path(__file__).parent / "filter_gallery_seen.toml"
PLAN = plan()
IMAGES = ("cutoutScience", "cutoutTemplate", "cutoutDifference")
SHOWN = (
    "survey",
    "alert_id",
    "object_id",
    "mag",
    "snr",
    "first_seen_age",
    "n_detections",
    "gal_lat",
    "host_kind",
    "gcvs_type",
)

HEAD = """# What the filters catch among real packets

Made by `PYTHONPATH=scripts:tests python scripts/filter_gallery.py COLLECTION docs/filters-yields.md GALLERY`.

Alerts (objects) that each built-in filter passes, of {packets}.
The packets are what public repositories keep for tests, chosen for what they show: fractions are no rates of the sky.
Histories are those of the packets alone. ELAsTiCC is simulated, without scores and flags: no filter speaks of it.

"""
STYLE = """<style>body{font:14px sans-serif;margin:2em;max-width:1100px}
.c{border-top:1px solid #ccc;padding:.6em 0;display:flex}
.c img{width:120px;height:120px;image-rendering:pixelated;margin-right:4px;background:#eee}
.c svg{width:460px;height:auto}
.c div{margin-right:1em}.lc-dot{fill:#444}.band-g{fill:#2a2}.band-r{fill:#c33}.band-i{fill:#a60}.band-u{fill:#62c}
.band-z{fill:#723}.lc-bar,.lc-limit,.lc-open{stroke:#999;fill:none}td{padding:0 .6em 0 0}</style>"""


@dataclass(frozen=True)
class Alerts:
    """Real alerts of one survey with all columns, and their packets."""

    survey: str
    records: list[dict[str, Any]]
    batch: pa.RecordBatch

    def passing(self, each: BuiltinFilter) -> list[int]:
        """Rows that a filter passes."""
        verdict = parse(each.text, PLAN.columns).evaluate(self.column, self.batch.num_rows).fill_null(False)
        return [row for row, passes in enumerate(verdict.to_pylist()) if passes]

    def column(self, name: str) -> pa.Array:
        """A column, null where the survey does not have it."""
        return (
            self.batch.column(name)
            if name in self.batch.schema.names
            else PLAN.columns[name].empty(self.batch.num_rows)
        )


def main(collection: Path, table: Path, gallery: Path) -> None:
    """Write both."""
    surveys = tuple(read(collection))
    caught = {each.name: [(s, s.passing(each)) for s in surveys] for each in builtin()}
    table.write_text(written(surveys, caught), encoding="utf-8")
    gallery.mkdir(parents=True, exist_ok=True)
    sections = [section(each, caught[each.name]) for each in builtin()]
    page = f"<!doctype html><meta charset=utf-8><title>Catches</title>{STYLE}<h1>Catches</h1>{''.join(sections)}"
    (gallery / "index.html").write_text(page, encoding="utf-8")


def read(collection: Path) -> Iterator[Alerts]:
    """All usable packets, through all modules."""
    for name, reader in (("ztf", real_alerts.ztf), ("lsst", real_alerts.lsst)):
        records, batch = reader(collection)
        yield Alerts(name, records, PLAN.run(batch, failed))
    samples = Path(__file__).parent.parent / "samples"
    contents = (*test_elasticc.drafts(collection), *test_elasticc.sent(collection, samples))
    columns = test_elasticc.ELASTICC.columns(test_elasticc.decoded(contents).alerts["elasticc"].fields)
    records, batch = real_alerts.usable([{}] * columns.num_rows, columns, test_elasticc.ELASTICC)
    yield Alerts("elasticc", records, PLAN.run(batch, failed))


def failed(module: Module, error: Exception) -> None:
    """A module that fails would make the table wrong."""
    raise SystemExit(f"module {module.name}: {error}")


def written(surveys: tuple[Alerts, ...], caught: Mapping[str, list[tuple[Alerts, list[int]]]]) -> str:
    """The table as Markdown."""
    packets = ", ".join(f"{s.batch.num_rows} of {s.survey}" for s in surveys)
    lines = [HEAD.format(packets=packets), "| filter | " + " | ".join(s.survey for s in surveys) + " |"]
    lines.append("| --- |" + " --- |" * len(surveys))
    for name, found in caught.items():
        cells = [f"{len(rows)} ({len(objects(s, rows))})" for s, rows in found]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    seen = tomllib.loads(SEEN.read_text(encoding="utf-8"))
    lines += ["", "## What they are", "", "By a look at the pictures of up to twenty catches of each.", ""]
    lines += [f"- `{name}`: {sentence}" for name, sentence in seen.items()]
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def objects(alerts: Alerts, rows: list[int]) -> set[str]:
    """Objects of these rows, an alert without one standing for itself."""
    ids, own = alerts.column("object_id"), alerts.column("alert_id")
    return {str(ids[row].as_py() or own[row].as_py()) for row in rows}


def section(each: BuiltinFilter, found: list[tuple[Alerts, list[int]]]) -> str:
    """One filter's part of the page: first one alert of each object, then others."""
    seen: set[str] = set()
    first: list[tuple[Alerts, int]] = []
    others: list[tuple[Alerts, int]] = []
    for alerts, rows in found:
        for row in rows:
            name = next(iter(objects(alerts, [row])))
            (others if name in seen else first).append((alerts, row))
            seen.add(name)
    chosen = (first + others)[:MOST]
    alerts_in_all = sum(len(rows) for _, rows in found)
    head = f"<h2>{each.name}</h2><p>{html.escape(each.topic_line)}. {alerts_in_all} alerts of {len(seen)} objects.</p>"
    return head + "".join(catch(alerts, row) for alerts, row in chosen)


def catch(alerts: Alerts, row: int) -> str:
    """One alert: what it is, its stamps, its light curve."""
    cells = "".join(f"<tr><td>{n}<td>{html.escape(text(alerts.column(n)[row].as_py()))}" for n in SHOWN)
    images = "".join(f'<img alt="{n}" src="{uri}">' for n, uri in stamps(alerts.records[row]))
    drawing = light_curve_svg(points(alerts, row))
    return f'<div class="c"><div><table>{cells}</table></div><div>{images}</div>{drawing}</div>'


def text(value: Any) -> str:
    """A value with three decimals at most."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value or "-")


def stamps(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and data address of the images of a packet."""
    for name in IMAGES:
        content = record.get(name)
        data = content.get("stampData") if isinstance(content, Mapping) else content
        if not data:
            continue
        try:
            png = png_bytes(Stamp("fits", bytes(real_alerts.unzipped(data))), 120)
        except PacketError:
            continue
        yield name, "data:image/png;base64," + base64.b64encode(png).decode()


def points(alerts: Alerts, row: int) -> pa.Table:
    """The light curve of an alert as points of a store."""
    one = alerts.batch.slice(row, 1)
    lists = {n.removeprefix("hist_"): one.column(n)[0].as_py() for n in one.schema.names if n.startswith("hist_")}
    size = len(lists["mjd"])
    rest = {"object_id": "x", "known_night": 0, "alert_mjd": one.column("mjd")[0].as_py(), "alert_id": 0}
    columns = {f.name: lists.get(f.name, [rest.get(f.name)] * size) for f in POINT}
    return pa.Table.from_arrays([pa.array(columns[f.name], f.type) for f in POINT], schema=POINT)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
