"""Where in its text a filter is wrong: the line with a caret below the place."""

from __future__ import annotations

from linnet.app.console import out
from linnet.errors import FilterError
from linnet.operations.filter_reading import told

WIDTH = 100
"""Characters of a line that are shown, around the place."""


def pointed(text: str, error: FilterError) -> FilterError:
    """Show the place of an error in the text; gives the error with all that there is to say in its one line."""
    if error.position is not None:
        out.print(caret(text, error.position), highlight=False, markup=False, soft_wrap=True)
    return told(error)


def caret(text: str, position: int) -> str:
    """The line of the text with a place in it, and below it a caret under the place."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line, place = text[start : len(text) if end < 0 else end], position - start
    first = max(0, place - WIDTH // 2) if len(line) > WIDTH else 0
    shown = line[first : first + WIDTH].replace("\t", " ")
    return f"{shown}\n{' ' * (place - first)}^"
