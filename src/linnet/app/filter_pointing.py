"""Where in its text a filter is wrong: the line with a caret below the place."""

from __future__ import annotations

from linnet.app.console import out
from linnet.errors import FilterError
from linnet.operations.filter_reading import caret, told


def pointed(text: str, error: FilterError) -> FilterError:
    """Show the place of an error in the text; gives the error with all that there is to say in its one line."""
    if error.position is not None:
        out.print(caret(text, error.position), highlight=False, markup=False, soft_wrap=True)
    return told(error)
