"""Loading what is compiled: once, without Python's lock, and not in silence where it takes long."""

from __future__ import annotations

import logging

import pytest

from linnet.app.warmup import warmup
from linnet.core import avro_machine


def test_a_process_that_must_compile_first_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    avro_machine.kernels()
    caplog.clear()
    with caplog.at_level(logging.WARNING, "linnet"):
        avro_machine.kernels.__wrapped__()
        assert caplog.messages == []
        monkeypatch.setattr(avro_machine, "_PATIENCE", -1.0)
        avro_machine.kernels.__wrapped__()
    assert "compiled the packet decoder" in caplog.messages[-1]


def test_the_kernel_is_loaded_once_has_one_signature_and_leaves_other_threads_alone() -> None:
    kernel = avro_machine.kernels()
    assert kernel is avro_machine.kernels()
    assert not kernel.CHECKED
    for name in ("read", "measure", "gather", "frame"):
        function = getattr(kernel, name)
        assert len(function.signatures) == 1, name
        assert function.targetoptions["nogil"], name
        assert function.stats.cache_path is not None, name


def test_warmup_compiles_the_decoder() -> None:
    assert "compile the packet decoder" in warmup()
