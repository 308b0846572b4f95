"""Science modules: plain functions on Arrow columns with their declaration attached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from linnet.core.column import Column
from linnet.errors import LookUpError, ModuleError

Function = TypeVar("Function", bound=Callable[..., Mapping[str, pa.Array]])


@dataclass(frozen=True)
class Module:
    """The declaration of a science module.

    Attributes:
        name: the function's name; also the prefix of its columns.
        function: the function itself; arguments are the arrays of `needs` in order.
        needs: columns it reads.
        gives: columns it returns, declared.
        version: raised whenever a result can change.
        content: what decides besides the code, a catalogue by its number and hash, or "". Named in every run.
    """

    name: str
    function: Callable[..., Mapping[str, pa.Array]]
    needs: tuple[str, ...]
    gives: Mapping[str, Column]
    version: str
    content: str = ""

    def run(self, arguments: Sequence[pa.Array], length: int) -> dict[str, pa.Array]:
        """Call the function and check what comes back against the declaration.

        Raises:
            LookUpError: not everything could be looked up; its columns are checked as well.
            ModuleError: a column is missing, no Arrow array, of another type, or of another length.
        """
        try:
            return self._checked(self.function(*arguments), length)
        except LookUpError as error:
            self._checked(error.columns, length)
            raise

    def _checked(self, result: Mapping[str, object], length: int) -> dict[str, pa.Array]:
        if set(result) != set(self.gives):
            odd = ", ".join(sorted(set(result) ^ set(self.gives)))
            raise ModuleError(f"module {self.name} does not return what it declares: {odd}")
        for name, array in result.items():
            kind = self.gives[name].type
            if not isinstance(array, pa.Array):  # a chunked array or a numpy one would fail later and cost the batch
                raise ModuleError(f"module {self.name}: {name} is a {type(array).__name__}, no Arrow array")
            if array.type != kind or len(array) != length:
                raise ModuleError(
                    f"module {self.name}: {name} is {array.type} x {len(array)}, declared {kind} x {length}"
                )
        return dict(result)


def module(*, needs: Sequence[str], gives: Mapping[str, Column], version: str) -> Callable[[Function], Function]:
    """Attach a `Module` to a function as its attribute `module`, and return the function itself.

    The function pickles by reference, which is how Spark ships it. Every given column starts with the function's name
    and may be null, as it is where the function raises.

    Raises:
        ModuleError: at import, where a given column has another prefix or is declared never null.
    """

    def attach(function: Function) -> Function:
        name = function.__name__
        for column, declared in gives.items():
            if not column.startswith(f"{name}_"):
                raise ModuleError(f"module {name}: column {column} must start with {name}_")
            if not declared.nullable:
                raise ModuleError(f"module {name}: column {column} is null where the module fails: declare it nullable")
        function.module = Module(name, function, tuple(needs), dict(gives), version)  # type: ignore[attr-defined]  # functions take any attribute
        return function

    return attach


def declaration(function: Callable[..., Mapping[str, pa.Array]]) -> Module:
    """The `Module` of a decorated function.

    Raises:
        ModuleError: the function has none.
    """
    found = getattr(function, "module", None)
    if not isinstance(found, Module):
        raise ModuleError(f"{function.__name__} is not a science module: put @module above it")
    return found
