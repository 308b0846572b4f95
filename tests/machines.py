"""The compiled decoder as tests run it: range-checked, or on datums that end at pages nobody may touch."""

from __future__ import annotations

import ctypes
import importlib.util
import mmap
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np

from linnet.core import avro_machine
from linnet.core.avro_arrow import Octets
from linnet.core.avro_reading import Read, Reader, Run
from linnet.core.avro_schema import WriterSchema
from linnet.core.decoding import Wanted

_PAGE = mmap.PAGESIZE
_NO_ACCESS = 0


def checked(folder: Path) -> ModuleType:
    """A second copy of the kernel, from the same source, in which every access is tested against its region.

    The copy stands in the folder, since numba's cache goes by the file; compiling takes ten seconds, once.
    """
    source = Path(str(avro_machine.kernels().__file__)).read_text()
    copy = folder / "avro_kernel_checked.py"
    if not copy.exists() or copy.read_text() != source:
        copy.write_text(source)
    spec = importlib.util.spec_from_file_location(copy.stem, copy)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    assert module.CHECKED
    return module


class GuardedBytes:
    """Datums, each ending where a page without any access begins, and beginning behind one if it fills its pages."""

    def __init__(self, datums: Sequence[bytes]) -> None:
        sizes = [max(1, -(-len(datum) // _PAGE)) * _PAGE for datum in datums]
        self.memory = mmap.mmap(-1, _PAGE + sum(sizes) + _PAGE * len(datums))
        base = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        at = _PAGE
        self.places: list[tuple[int, int]] = []
        guards = [0]
        for datum, size in zip(datums, sizes, strict=True):
            end = at + size
            self.memory[end - len(datum) : end] = datum
            self.places.append((end - len(datum), end))
            guards.append(end)
            at = end + _PAGE
        for guard in guards:
            assert protect(base + guard, _PAGE, _NO_ACCESS) == 0
        self.data: Octets = np.frombuffer(self.memory, np.uint8)


def read_each(
    reader: Reader, data: Octets, places: Sequence[tuple[int, int]], schema: WriterSchema, wanted: Wanted
) -> Read:
    """Read datums that lie anywhere in the data, every one a message of its own."""
    layout = reader.layout(wanted)
    jobs = np.array([(a, b, 1, n, schema.shape.least) for n, (a, b) in enumerate(places)], np.int64).reshape(-1, 5)
    return reader.read(layout, data, jobs, [Run(0, len(jobs), reader.compiled(layout, schema))], len(jobs))


def back_to_back(datums: Sequence[bytes]) -> tuple[Octets, list[tuple[int, int]]]:
    """Datums one behind the other, and where each lies."""
    ends = np.cumsum([0, *map(len, datums)]).tolist()
    return np.frombuffer(b"".join(datums) or b"\0", np.uint8), list(pairwise(ends))
