"""The compiled part of decoding, loaded when it is first needed."""

from __future__ import annotations

import logging
import time
from functools import cache
from types import ModuleType

_log = logging.getLogger("linnet")


@cache
def kernels() -> ModuleType:
    """The module `avro_kernel`.

    Where it was never compiled on this machine, or its source has changed, this takes some ten seconds and says so.
    `linnet warmup` does it beforehand.
    """
    from numba.core import event

    class Notice(event.Listener):
        """Hears of what is compiled, not of what is loaded."""

        started: float | None = None

        def on_start(self, event: object) -> None:  # noqa: ARG002  # the form of a listener
            """Tell that it begins."""
            if self.started is None:
                self.started = time.perf_counter()
                _log.warning("compiling the packet decoder, once; some ten seconds")

        def on_end(self, event: object) -> None:
            """Nothing: another function may follow."""

    notice = Notice()
    with event.install_listener("numba:compile", notice):
        from linnet.core import avro_kernel
    if notice.started is not None:
        _log.warning("compiled the packet decoder in %.0f s", time.perf_counter() - notice.started)
    return avro_kernel
