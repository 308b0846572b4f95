"""Messages as a table of the library that one works with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, Literal

from linnet_client.errors import ClientError

Kind = Literal["astropy", "pyarrow", "pandas"]

KINDS: tuple[Kind, ...] = ("astropy", "pandas", "pyarrow")
"""The order in which they are looked for."""

UNITS = {"ra": "deg", "dec": "deg", "mjd": "d", "mag": "mag", "mag_err": "mag", "flux": "nJy", "flux_err": "nJy"}
"""Of the columns that every survey fills; the broker's `/api` page has those of all."""


def to_table(messages: Iterable[Mapping[str, Any]], kind: Kind | None = None) -> Any:
    """Messages as one table, a row for each; columns in the order of their first appearance.

    Args:
        messages: of `listen` or `poll`; an endless stream must be cut first, e.g. by `itertools.islice`.
        kind: `astropy` gives a masked `astropy.table.Table` with units, `pandas` a DataFrame, `pyarrow` a Table; None:
            the first of them that is installed.

    Raises:
        ClientError: the library is not installed.
    """
    rows = [dict(message) for message in messages]
    columns = {name: [row.get(name) for row in rows] for name in dict.fromkeys(n for row in rows for n in row)}
    chosen, library = _library(kind)
    if chosen == "pyarrow":
        return library.table(columns)
    if chosen == "pandas":
        return library.DataFrame(columns)
    return _astropy(library, columns)


def _library(kind: Kind | None) -> tuple[Kind, Any]:
    modules = {"astropy": "astropy.table", "pandas": "pandas", "pyarrow": "pyarrow"}
    for name in KINDS if kind is None else (kind,):
        try:
            return name, import_module(modules[name])
        except ImportError:
            continue
    raise ClientError(
        f"{kind or 'none of astropy, pandas, pyarrow'} is not installed: pip install 'linnet-client[table]'"
    )


def _astropy(library: Any, columns: Mapping[str, list[Any]]) -> Any:
    """A column with nulls is masked there; one of nulls alone is masked throughout."""
    table = library.Table()
    for name, values in columns.items():
        known = [value for value in values if value is not None]
        filled = [(known[0] if known else "") if value is None else value for value in values]
        mask = [value is None for value in values]
        table[name] = (
            library.MaskedColumn(filled, mask=mask, unit=UNITS.get(name))
            if any(mask)
            else library.Column(filled, unit=UNITS.get(name))
        )
    return table
