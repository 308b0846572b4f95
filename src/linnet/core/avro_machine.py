"""The compiled part of decoding, loaded when it is first needed."""

from __future__ import annotations

import logging
import threading
import time
from functools import cache
from types import ModuleType

_PATIENCE = 4.0
"""Seconds of silence: what was compiled before is loaded in a fraction of one."""

_log = logging.getLogger("linnet")


@cache
def kernels() -> ModuleType:
    """The module `avro_kernel`.

    Where it was never compiled on this machine, or its source has changed, this takes some ten seconds and says so.
    `linnet warmup` does it beforehand.
    """
    notice = threading.Timer(_PATIENCE, _log.warning, ["compiling the packet decoder, once; some ten seconds"])
    notice.daemon = True
    notice.start()
    started = time.perf_counter()
    try:
        from linnet.core import avro_kernel
    finally:
        notice.cancel()
    if time.perf_counter() - started > _PATIENCE:
        _log.warning("compiled the packet decoder in %.0f s", time.perf_counter() - started)
    return avro_kernel
