"""Write `docs/modules.md`: what the science modules need, give and leave null, out of their declarations.

python scripts/modules_page.py > docs/modules.md
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping

from linnet.core.column import Column
from linnet.core.module import Module
from linnet.core.vocabulary import BANDS
from linnet.science.registry import modules

HEAD = """# Science modules

Every alert of every survey goes through these modules; each adds columns that filters, answers and archive share. Null
means that there is nothing to say. Definitions, cuts and their references stand in the files, `src/linnet/science/`;
every value is tested on real packets against a computation that shares nothing with the module. BAND stands for each of
u, g, r, i, z, y. This page is made by `scripts/modules_page.py`.
"""


def page() -> str:
    """The page as Markdown."""
    declared = modules()
    overview = ["| module | version | what | columns |", "|---|---|---|---|"]
    overview += [f"| [{m.name}](#{m.name}) | {m.version} | {_line(m)} | {len(m.gives)} |" for m in declared]
    return "\n".join([HEAD, *overview, *(part for m in declared for part in _chapter(m))]) + "\n"


def _line(module: Module) -> str:
    return (inspect.getdoc(module.function) or "").splitlines()[0]


def _chapter(module: Module) -> Iterator[str]:
    yield f"\n## {module.name}\n"
    yield "Needs " + ", ".join(f"`{name}`" for name in _needs(module)) + ".\n"
    yield "| column | type | unit | UCD | what |"
    yield "|---|---|---|---|---|"
    for name, column in _rows(module.gives):
        yield f"| `{name}` | {_type(column)} | {column.unit} | {column.ucd} | {column.doc} |"


def _needs(module: Module) -> list[str]:
    """Columns by name, flags of one survey together."""
    flags = [name for name in module.needs if name.startswith("lsst_pixelFlags_")]
    return [*(name for name in module.needs if name not in flags), *(["lsst_pixelFlags_*"] if flags else [])]


def _rows(gives: Mapping[str, Column]) -> Iterator[tuple[str, Column]]:
    """Columns in order; those that are there for each band once, under the name of the first with BAND in it."""
    for name, column in gives.items():
        parts = name.split("_")
        places = [i for i, part in enumerate(parts) if part in BANDS]
        if len(places) == 1 and all("_".join(_with(parts, places[0], b)) in gives for b in BANDS):
            if parts[places[0]] == BANDS[0]:
                doc = re.sub(r"\bin u\b", "in BAND", column.doc).replace("_u_", "_BAND_")
                yield "_".join(_with(parts, places[0], "BAND")), Column(column.type, doc, column.unit, column.ucd)
        else:
            yield name, column


def _with(parts: list[str], place: int, band: str) -> list[str]:
    return [*parts[:place], band, *parts[place + 1 :]]


def _type(column: Column) -> str:
    names = {"float": "float32", "double": "float64", "bool": "boolean", "string": "text"}
    kind = str(column.type)
    return "text" if kind.startswith("dictionary") else names.get(kind, kind)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page is what it is for
