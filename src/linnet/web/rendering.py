"""Pages from templates: everything is escaped unless a function here says that it is our own markup."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import numpy as np
from fastapi import Request
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from linnet.core.column import Column
from linnet.formats.axis_ticks import calendar
from linnet.web.sky_position import sexagesimal

NOTHING = "\N{EN DASH}"
"""Shown for null."""


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """The page of a template."""
    base = request.scope.get("root_path", "")
    version = request.app.state.broker.version if "app" in request.scope else ""
    text = _environment.get_template(template).render(base=base, version=version, **context)
    return HTMLResponse(text, status, headers={"Cache-Control": "no-cache"})


def shown(value: Any, column: Column | None = None) -> str:
    """A value as a page shows it: times to 1 s, positions to 4 mas, other numbers to six digits, null as a dash."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        fine = column is not None and str(column.type) == "double"
        if fine and column is not None and column.unit in ("d", "deg"):
            return f"{value:.{5 if column.unit == 'd' else 6}f}"
        plain = value == 0 or 1e-4 <= abs(value) < 1e12
        return np.format_float_positional(value, 6, fractional=False, trim="-") if plain else f"{value:.6g}"
    return str(value)


def night(number: int | None) -> str:
    """20210705 as 2021-07-05."""
    text = str(number or "")
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 else NOTHING


def moment(mjd: float | None) -> str:
    """An MJD as date and minute, in its own time scale."""
    return NOTHING if mjd is None else calendar(mjd, "%Y-%m-%d %H:%M")


def segment(text: Any) -> str:
    """One segment of an address, whatever the text holds."""
    return quote(str(text), safe="")


def prose(text: str) -> Markup:
    """Paragraphs of a docstring, `names` between backticks as code; everything else is escaped."""
    parts = str(escape(text)).split("`")
    marked = "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))
    return Markup(marked)  # noqa: S704 - escaped two lines above


_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(shown=shown, night=night, moment=moment, prose=prose, segment=segment)
_environment.globals.update(sexagesimal=sexagesimal)
