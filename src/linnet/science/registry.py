"""Every science module there is, found by looking: a new file in this folder is a new module."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import linnet.science
from linnet.core.module import Module


def modules() -> tuple[Module, ...]:
    """The declarations of all science modules, ordered by name.

    A file may define any number of them; what it merely imports from another file is counted there.

    Raises:
        ModuleError: a file declares a module that breaks the rules of `linnet.core.module`.
    """
    return tuple(sorted(_found(), key=lambda each: each.name))


def _found() -> Iterator[Module]:
    for info in pkgutil.iter_modules(linnet.science.__path__, "linnet.science."):
        file = importlib.import_module(info.name)
        for value in vars(file).values():
            declared = getattr(value, "module", None)
            if isinstance(declared, Module) and declared.function.__module__ == info.name:
                yield declared
