"""The declaration of a science module, and what its answer is checked for."""

from __future__ import annotations

import pickle
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from linnet.core.column import real
from linnet.core.module import Module, declaration, module
from linnet.errors import ModuleError

DOUBLED = {"doubled_flux": real("Twice the flux.", unit="nJy", bits=64)}


@module(needs=["flux"], gives=DOUBLED, version="3")
def doubled(flux: pa.Array) -> Mapping[str, pa.Array]:
    """A module in a file, so that it pickles by reference."""
    return {"doubled_flux": pa.array(flux.to_numpy() * 2.0)}


FLUX = pa.array([1.0, 2.0])


def answering(answer: object) -> Module:
    """A module that gives this answer whatever it is asked."""

    def odd(_flux: pa.Array) -> Mapping[str, pa.Array]:
        return answer  # type: ignore[return-value]  # wrong answers are the point

    return Module("odd", odd, ("flux",), {"odd_flux": real("Odd.", bits=64)}, "1")


def test_the_decorator_returns_the_function_itself_with_its_declaration() -> None:
    assert doubled(FLUX)["doubled_flux"].to_pylist() == [2.0, 4.0]
    found = declaration(doubled)
    assert (found.name, found.needs, found.version) == ("doubled", ("flux",), "3")
    assert found.gives == DOUBLED
    assert found.function is doubled


def test_a_module_pickles_by_reference() -> None:
    packed = pickle.dumps(doubled)
    assert pickle.loads(packed) is doubled  # noqa: S301 - our own bytes, this is what Spark does
    assert b"doubled" in packed
    assert len(packed) < 100
    assert pickle.loads(pickle.dumps(declaration(doubled))) == declaration(doubled)  # noqa: S301 - the same


def test_a_function_without_declaration_is_named() -> None:
    with pytest.raises(ModuleError, match="plain is not a science module"):
        declaration(plain)


def plain() -> Mapping[str, pa.Array]:
    """No module."""
    return {}


def test_a_column_with_another_prefix_is_refused_at_import() -> None:
    with pytest.raises(ModuleError, match="rate must start with plain_"):
        module(needs=[], gives={"rate": real("A rate.")}, version="1")(plain)


def test_a_column_that_is_declared_never_null_is_refused_at_import() -> None:
    with pytest.raises(ModuleError, match="declare it nullable"):
        module(needs=[], gives={"plain_rate": real("A rate.", nullable=False)}, version="1")(plain)


def test_run_gives_what_the_function_gives() -> None:
    assert declaration(doubled).run([FLUX], 2) == {"doubled_flux": pa.array([2.0, 4.0])}


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({}, "does not return what it declares: odd_flux"),
        ({"odd_flux": FLUX, "odd_more": FLUX}, "does not return what it declares: odd_more"),
        ({"odd_flux": FLUX.cast(pa.float32())}, "odd_flux is float x 2, declared double x 2"),
        ({"odd_flux": FLUX.slice(1)}, "odd_flux is double x 1, declared double x 2"),
        ({"odd_flux": pa.chunked_array([FLUX])}, "odd_flux is a ChunkedArray, no Arrow array"),
        ({"odd_flux": np.ones(2)}, "odd_flux is a ndarray, no Arrow array"),
    ],
)
def test_an_answer_that_breaks_the_declaration_says_how(answer: object, complaint: str) -> None:
    with pytest.raises(ModuleError, match=complaint):
        answering(answer).run([FLUX], 2)
