"""What takes long to make and changes seldom, kept in `bench/cache` between runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

import linnet

CACHE = Path(__file__).parent.parent.parent / "bench" / "cache"
_MADE_BY = ("adapters/sqlite_control*.py", "core/vocabulary.py", "filters/builtin/*.toml", "simulation/*.py")
_AND_BY = ("generated.py", "filtering.py", "enriched.py", "nights.py")


def cached(name: str, keys: Iterable[str], make: Callable[[Path], None]) -> Path:
    """The file of this name, made anew where the code that makes it, or a key, has changed."""
    source = Path(linnet.__file__).parent
    files = [path for pattern in _MADE_BY for path in sorted(source.glob(pattern))]
    files += [Path(__file__).parent / each for each in _AND_BY]
    digest = sha256("\n".join(keys).encode())
    for file in files:
        digest.update(file.read_bytes())
    stem, _, suffix = name.partition(".")
    return kept(stem, digest.hexdigest(), suffix, make)


def kept(stem: str, digest: str, suffix: str, make: Callable[[Path], None]) -> Path:
    """The file of this name and digest, made where it is missing, whole or not at all; those of other digests go."""
    path = CACHE / f"{stem}-{digest[:12]}.{suffix}"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        for old in CACHE.glob(f"{stem}-????????????.{suffix}"):
            old.unlink()
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        make(part)
        part.rename(path)
    return path
