"""ZTF object names as numbers: `ZTF18aazxcwf` is the year 18 and the letters aazxcwf, counted in base 26."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linnet.errors import NotFoundError

_NAME = re.compile(r"ZTF(\d\d)([a-z]{7})", re.ASCII)
_PATTERN = r"^ZTF[0-9]{2}[a-z]{7}\z"
_LETTERS = 7
_PER_YEAR: int = 26**7


def key(object_id: str) -> int | None:
    """Year times 26^7 plus the letters in base 26, or None for a name of another shape."""
    match = _NAME.fullmatch(object_id)
    if match is None:
        return None
    letters = 0
    for letter in match[2]:
        letters = letters * 26 + ord(letter) - ord("a")
    year: int = int(match[1])
    return year * _PER_YEAR + letters


def name(number: int) -> str:
    """The object name whose key this is.

    Raises:
        NotFoundError: `key` gives no such number.
    """
    year, rest = divmod(number, _PER_YEAR)
    if not 0 <= year < 100:
        raise NotFoundError(f"{number} is not the key of a ZTF object; keys are 0 to {100 * _PER_YEAR - 1}")
    letters = []
    for _ in range(_LETTERS):
        rest, letter = divmod(rest, 26)
        letters.append(chr(ord("a") + letter))
    return f"ZTF{year:02d}{''.join(reversed(letters))}"


def keys(object_ids: pa.Array) -> pa.Array:
    """`key` of a string column (int64), null where there is none."""
    good = pc.fill_null(pc.match_substring_regex(object_ids, _PATTERN), False)
    names = object_ids.filter(good).to_numpy(zero_copy_only=False).astype("S12")
    signs = names.view(np.uint8).reshape(-1, 12).astype(np.int64)
    letters = (signs[:, 5:] - ord("a")) @ (26 ** np.arange(_LETTERS - 1, -1, -1))
    years = (signs[:, 3] - ord("0")) * 10 + signs[:, 4] - ord("0")
    valid = good.to_numpy(zero_copy_only=False)
    found = np.zeros(len(valid), dtype=np.int64)
    found[valid] = years * _PER_YEAR + letters
    return pa.array(found, mask=~valid)
