"""The machine that reads datums: programs of `avro_program` run over bytes, columns come out. Compiled by numba.

Everything that is compiled stands in this one file, because numba's cache on disk is keyed by file and does not notice
a change elsewhere. The functions for outside take the address of a context, an array of int64 that Python fills (the
`C_` places below): one signature for ever, no array types, nothing to compile again.

Memory is reached by address through the few functions of the first part, at any alignment. A second copy of this
module, loaded under a name that ends in `checked`, tests every access against the size of its region and raises
`IndexError`; the tests run damaged datums on it.

Numbers are int64 throughout: numba makes float64 of int64 mixed with uint64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic as _intrinsic

CHECKED = __name__.endswith("checked")

_inner = njit(nogil=True, error_model="numpy")
_outer = njit("int64(int64)", nogil=True, cache=True, error_model="numpy")

# ---------------------------------------------------------------------------------------------------------------------
# The context: what stands at which place. A region is an address followed by its size in bytes.

C_DATA = 0  # the bytes of all datums, below 4 GiB
C_PROGRAM = 2  # int32
C_COLUMNS = 4  # per column: place of its values in the arena, place of its validity bits, kind, level
C_LEVELS = 6  # per level, see L_
C_ARENA = 8
C_TEMPLATES = 10  # one set for each list of the program, see the part on templates
C_JOBS = 12  # see J_
C_ROWS = 14  # per row: start, end, message, place in the message
C_STACK = 16  # open lists of the datum that is being read
C_ERRORS = 18  # per message: what is wrong with it, 0 for nothing
C_CONSTANTS = 20  # names of enum symbols
C_BYTES = 22  # bytes of all datums taken
C_MOST_BYTES = 23
C_CURSOR = 24  # job to go on with
C_NEED_LEVEL = 25  # level that is full
C_NEED = 26  # slots that it needs
C_MEASURES = 27  # per column: values that are not null, bytes of its texts
C_TEXTS = 29  # per text column: column, place of its offsets, place of its bytes
C_OFFSETS = 33  # place of each message, int64
C_HEADERS = 35  # bytes of known container headers
C_HEADER_TABLE = 37  # per header: place, bytes
C_HEADS = 39  # per message: its header, or a `FRAME_`
C_BLOCKS = 41  # per block: message, start, end, count
C_BLOCK_COUNT = 43
C_MESSAGE = 44  # message to go on with
C_SIZE = 48

L_COUNT, L_CAPACITY, L_OFFSETS, L_FIRST, L_COLUMNS, L_MARK, L_WORDS = 0, 1, 2, 3, 4, 5, 8
J_START, J_END, J_COUNT, J_MESSAGE, J_LEAST, J_WORDS = 0, 1, 2, 3, 4, 5

K_F32, K_F64, K_I8, K_I16, K_I32, K_I64, K_BOOL, K_TEXT, K_BYTES, K_TAPE = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10

S_FIXED, S_INT, S_LONG, S_BOOL, S_TEXT, S_BYTES, S_ENUM, S_RECORD = 1, 2, 3, 4, 5, 6, 7, 8

(END, SKIP, RUN, OPTIONAL, UNION, JUMP, ITEMS, NEXT, MARK) = range(9)
READS = 16
(
    F32_F32,
    F64_F64,
    F32_F64,
    F64_F32,
    FLOAT_INT,
    VARINT_INT,
    VARINT_FLOAT,
    VARINT_TEXT,
    BOOL,
    BOOL_TEXT,
    TEXT,
    BYTES,
    FIXED,
    ENUM,
) = range(READS, READS + 14)
OP_WORDS = 6
ENTRY_WORDS = 6

BAD, TOO_LARGE, GROW, BATCH_FULL = -1, -2, -3, -4
DONE = 0

FRAME_UNKNOWN, FRAME_BAD, FRAME_NAMED, FRAME_ALONE = -1, -2, -3, -4

MAX_VALUES = 1_000_000
MAX_DATUM = 32 * 1024 * 1024
MAX_MESSAGE = 64 * 1024 * 1024

IS_CONSTANT, IS_NUMBER, IS_TRUTH, IS_HERE = 1 << 31, 1 << 30, 1 << 29, 1 << 28
_LENGTH = (1 << 28) - 1
_SHORT = 4
_LOW = (1 << 32) - 1
_TOP = np.int64(-(1 << 63))

F_PC, F_LEFT, F_END, F_NEXT, F_SLOT, F_ITEM, F_WORDS = 0, 1, 2, 3, 4, 5, 8
MAX_OPEN = 20

# ---------------------------------------------------------------------------------------------------------------------
# Memory.

intrinsic: Any = _intrinsic


def _loader(kind: Any, form: Any, *, signed: bool) -> Any:
    @intrinsic
    def load(typing: Any, address: Any) -> Any:  # noqa: ARG001  # numba asks for these arguments
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001  # numba's form
            place = builder.inttoptr(args[0], form.as_pointer())
            value = builder.load(place, align=1)
            if isinstance(form, ir.IntType) and form.width < 64:
                return builder.sext(value, ir.IntType(64)) if signed else builder.zext(value, ir.IntType(64))
            return value

        return kind(types.int64), code

    return load


def _storer(kind: Any, form: Any) -> Any:
    @intrinsic
    def store(typing: Any, address: Any, value: Any) -> Any:  # noqa: ARG001  # numba asks for these arguments
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001  # numba's form
            stored = args[1]
            if isinstance(form, ir.IntType) and form.width < 64:
                stored = builder.trunc(stored, form)
            builder.store(stored, builder.inttoptr(args[0], form.as_pointer()), align=1)
            return context.get_dummy_value()

        return types.void(types.int64, kind), code

    return store


_load8 = _loader(types.int64, ir.IntType(8), signed=False)
_load32 = _loader(types.int64, ir.IntType(32), signed=True)
_load64 = _loader(types.int64, ir.IntType(64), signed=True)
_loadf32 = _loader(types.float32, ir.FloatType(), signed=True)
_loadf64 = _loader(types.float64, ir.DoubleType(), signed=True)
_store8 = _storer(types.int64, ir.IntType(8))
_store16 = _storer(types.int64, ir.IntType(16))
_store32 = _storer(types.int64, ir.IntType(32))
_store64 = _storer(types.int64, ir.IntType(64))
_storef32 = _storer(types.float32, ir.FloatType())
_storef64 = _storer(types.float64, ir.DoubleType())


@intrinsic
def _copy(typing: Any, target: Any, source: Any, count: Any) -> Any:  # noqa: ARG001  # numba asks for these arguments
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001  # numba's form
        byte = ir.IntType(8).as_pointer()
        to, origin = builder.inttoptr(args[0], byte), builder.inttoptr(args[1], byte)
        cgutils.raw_memcpy(builder, to, origin, args[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), code


@intrinsic
def _fill(typing: Any, target: Any, byte: Any, count: Any) -> Any:  # noqa: ARG001  # numba asks for these arguments
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001  # numba's form
        pointer = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        cgutils.memset(builder, pointer, args[2], builder.trunc(args[1], ir.IntType(8)))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), code


def _comparer(*, masked: bool) -> Any:
    """Whether 64 bytes, under a mask or whole, are not those of another place: one comparison instead of eight."""

    def compare(builder: Any, places: Any) -> Any:
        vector = ir.VectorType(ir.IntType(64), 8).as_pointer()
        values = [builder.load(builder.inttoptr(place, vector), align=1) for place in places]
        seen = builder.and_(values[0], values[2]) if masked else values[0]
        wrong = builder.bitcast(builder.xor(seen, values[1]), ir.IntType(512))
        return builder.zext(builder.icmp_unsigned("!=", wrong, ir.Constant(wrong.type, 0)), ir.IntType(64))

    if masked:

        @intrinsic
        def differs(typing: Any, one: Any, other: Any, mask: Any) -> Any:  # noqa: ARG001  # numba asks for these arguments
            def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001  # numba's form
                return compare(builder, args)

            return types.int64(types.int64, types.int64, types.int64), code

        return differs

    @intrinsic
    def unequal(typing: Any, one: Any, other: Any) -> Any:  # noqa: ARG001  # numba asks for these arguments
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001  # numba's form
            return compare(builder, args)

        return types.int64(types.int64, types.int64), code

    return unequal


_differs = _comparer(masked=True)
_unequal = _comparer(masked=False)


@_inner
def _within(region, size, at, count):
    if CHECKED:  # noqa: SIM102  # a constant, so that the other build holds no trace of it
        if at < 0 or count < 0 or at > size - count or region == 0:
            raise IndexError("outside a region")


@_inner
def _u8(region, size, at):
    _within(region, size, at, 1)
    return _load8(region + at)


@_inner
def _word(region, size, number):
    _within(region, size, 4 * number, 4)
    return _load32(region + 4 * number)


@_inner
def _i64(region, size, at):
    _within(region, size, at, 8)
    return _load64(region + at)


@_inner
def _set64(region, size, at, value):
    _within(region, size, at, 8)
    _store64(region + at, value)


@_inner
def _context(c, place):
    return _load64(c + 8 * place)


# ---------------------------------------------------------------------------------------------------------------------
# Values of Avro. Places are returned; a negative place is an error.


@_inner
def _varint(data, size, pos, end):
    """A zig-zag number of at most ten bytes and 64 bits, and the place behind it, or -1."""
    if pos >= end:
        return 0, BAD
    byte = _u8(data, size, pos)
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), pos + 1
    raw = byte & 0x7F
    shift = 7
    while True:
        pos += 1
        if pos >= end:
            return 0, BAD
        byte = _u8(data, size, pos)
        if shift == 63 and byte > 1:
            return 0, BAD
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            return ((raw >> 1) & 0x7FFFFFFFFFFFFFFF) ^ -(raw & 1), pos + 1
        shift += 7


@_inner
def _is_utf8(data, size, pos, end):
    while pos < end:
        while pos + 8 <= end and (_i64(data, size, pos) & -0x7F7F7F7F7F7F7F80) == 0:
            pos += 8
        if pos >= end:
            return True
        lead = _u8(data, size, pos)
        pos += 1
        if lead < 0x80:
            continue
        if lead < 0xC2 or lead > 0xF4:
            return False
        more, low, high = 1, 0x80, 0xBF
        if lead >= 0xF0:
            more = 3
            if lead == 0xF0:
                low = 0x90
            elif lead == 0xF4:
                high = 0x8F
        elif lead >= 0xE0:
            more = 2
            if lead == 0xE0:
                low = 0xA0
            elif lead == 0xED:
                high = 0x9F
        if pos + more > end:
            return False
        for _ in range(more):
            byte = _u8(data, size, pos)
            if byte < low or byte > high:
                return False
            low, high = 0x80, 0xBF
            pos += 1
    return True


@_inner
def _length(data, size, pos, end):
    """A length that fits the data, and the place behind it, or -1."""
    length, pos = _varint(data, size, pos, end)
    if pos < 0 or length < 0 or length > end - pos:
        return 0, BAD
    return length, pos


@_inner
def _skip(data, size, pos, end, kind, n):
    """The place behind one value of a kind that is not wanted."""
    if kind == S_FIXED:
        return pos + n if n <= end - pos else BAD
    if kind == S_INT or kind == S_LONG:
        value, pos = _varint(data, size, pos, end)
        if kind == S_INT and (value < -0x80000000 or value > 0x7FFFFFFF):
            return BAD
        return pos
    if kind == S_BOOL:
        return pos + 1 if pos < end and _u8(data, size, pos) <= 1 else BAD
    if kind == S_ENUM:
        value, pos = _varint(data, size, pos, end)
        return pos if 0 <= value < n else BAD
    length, pos = _length(data, size, pos, end)
    if pos < 0 or (kind == S_TEXT and not _is_utf8(data, size, pos, pos + length)):
        return BAD
    return pos + length


@_inner
def _branch(data, size, pos, end, null):
    """Reads the index of a union of null and one other type: whether it is null, and the place behind, or -1.

    `null` is 1 where null is the first branch, 2 where it is the second.
    """
    if pos >= end:
        return False, BAD
    byte = _u8(data, size, pos)
    empty = (null - 1) * 2
    if byte == empty:
        return True, pos + 1
    if byte == 2 - empty:
        return False, pos + 1
    index, pos = _varint(data, size, pos, end)
    if pos < 0 or index < 0 or index > 1:
        return False, BAD
    return index == null - 1, pos


@_inner
def _run(data, size, program, words, pos, end, first, count):
    """Skips `count` fields by the table at `first`, two words each: kind and place of null, then n."""
    for number in range(first, first + 2 * count, 2):
        code = _word(program, words, number)
        null = code >> 4
        if null != 0:
            is_null, pos = _branch(data, size, pos, end, null)
            if pos < 0:
                return BAD
            if is_null:
                continue
        pos = _skip(data, size, pos, end, code & 15, _word(program, words, number + 1))
        if pos < 0:
            return BAD
    return pos


# ---------------------------------------------------------------------------------------------------------------------
# Columns. `m` holds the regions: data, its size, program, words, columns, their bytes, arena, its size.


@_inner
def _valid(m, column, slot):
    at = _i64(m[4], m[5], 32 * column + 8) + (slot >> 3)
    _within(m[6], m[7], at, 1)
    _store8(m[6] + at, _load8(m[6] + at) | (1 << (slot & 7)))


@_inner
def _values(m, column):
    return _i64(m[4], m[5], 32 * column)


@_inner
def _put_f32(m, column, slot, value):
    if np.isfinite(value):
        at = _values(m, column) + 4 * slot
        _within(m[6], m[7], at, 4)
        _storef32(m[6] + at, value)
        _valid(m, column, slot)


@_inner
def _put_f64(m, column, slot, value):
    if np.isfinite(value):
        at = _values(m, column) + 8 * slot
        _within(m[6], m[7], at, 8)
        _storef64(m[6] + at, value)
        _valid(m, column, slot)


@_inner
def _put_float(m, column, slot, value):
    if _i64(m[4], m[5], 32 * column + 16) == K_F32:
        _put_f32(m, column, slot, np.float32(value))
    else:
        _put_f64(m, column, slot, value)


@_inner
def _put_int(m, column, slot, value):
    kind = _i64(m[4], m[5], 32 * column + 16)
    at = _values(m, column)
    if kind == K_I64:
        _set64(m[6], m[7], at + 8 * slot, value)
    elif kind == K_I32:
        if value < -0x80000000 or value > 0x7FFFFFFF:
            return
        _within(m[6], m[7], at + 4 * slot, 4)
        _store32(m[6] + at + 4 * slot, value)
    elif kind == K_I16:
        if value < -0x8000 or value > 0x7FFF:
            return
        _within(m[6], m[7], at + 2 * slot, 2)
        _store16(m[6] + at + 2 * slot, value)
    else:
        if value < -0x80 or value > 0x7F:
            return
        _within(m[6], m[7], at + slot, 1)
        _store8(m[6] + at + slot, value)
    _valid(m, column, slot)


@_inner
def _put_whole(m, column, slot, value):
    """A float in an integer column: only where it is whole and exact."""
    if abs(value) <= 9007199254740992.0:
        whole = np.int64(value)
        if np.float64(whole) == value:
            _put_int(m, column, slot, whole)


@_inner
def _put_ref(m, column, slot, pos, length):
    _set64(m[6], m[7], _values(m, column) + 8 * slot, (length << 32) | pos)
    _valid(m, column, slot)


@_inner
def _put_text(m, column, slot, pos, length, end):
    """A text: a short one itself, since its bytes are at hand now and far away once all datums are read."""
    if length <= _SHORT and pos + _SHORT <= end:
        _within(m[0], m[1], pos, _SHORT)
        _put_ref(m, column, slot, _load32(m[0] + pos) & _LOW, length | IS_HERE)
    else:
        _put_ref(m, column, slot, pos, length)


@_inner
def _put_truth(m, column, slot, value):
    at = _values(m, column) + (slot >> 3)
    _within(m[6], m[7], at, 1)
    _store8(m[6] + at, _load8(m[6] + at) | (value << (slot & 7)))
    _valid(m, column, slot)


@_inner
def _f32(m, pos):
    _within(m[0], m[1], pos, 4)
    return _loadf32(m[0] + pos)


@_inner
def _f64(m, pos):
    _within(m[0], m[1], pos, 8)
    return _loadf64(m[0] + pos)


@_inner
def _read(m, op, pc, pos, end, slot):
    """One wanted value that is not null goes to its column; the place behind it."""
    column = _word(m[2], m[3], pc + 2)
    if op == F32_F32:
        if end - pos < 4:
            return BAD
        _put_f32(m, column, slot, _f32(m, pos))
        return pos + 4
    if op == F64_F64:
        if end - pos < 8:
            return BAD
        _put_f64(m, column, slot, _f64(m, pos))
        return pos + 8
    if op == TEXT or op == BYTES:
        length, pos = _length(m[0], m[1], pos, end)
        if pos < 0 or (op == TEXT and not _is_utf8(m[0], m[1], pos, pos + length)):
            return BAD
        _put_text(m, column, slot, pos, length, end)
        return pos + length
    if op == VARINT_INT or op == VARINT_FLOAT or op == VARINT_TEXT:
        start = pos
        value, pos = _varint(m[0], m[1], pos, end)
        if pos < 0 or (_word(m[2], m[3], pc + 3) == 32 and (value < -0x80000000 or value > 0x7FFFFFFF)):
            return BAD
        if op == VARINT_INT:
            _put_int(m, column, slot, value)
        elif op == VARINT_FLOAT:
            _put_float(m, column, slot, np.float64(value))
        else:
            _put_ref(m, column, slot, start, IS_NUMBER)
        return pos
    if op == BOOL or op == BOOL_TEXT:
        if pos >= end or _u8(m[0], m[1], pos) > 1:
            return BAD
        if op == BOOL:
            _put_truth(m, column, slot, _u8(m[0], m[1], pos))
        else:
            _put_ref(m, column, slot, pos, IS_TRUTH)
        return pos + 1
    if op == ENUM:
        index, pos = _varint(m[0], m[1], pos, end)
        if pos < 0 or index < 0 or index >= _word(m[2], m[3], pc + 3):
            return BAD
        symbol = _word(m[2], m[3], pc + 4) + 2 * index
        length = _word(m[2], m[3], symbol + 1) | IS_CONSTANT
        _put_ref(m, column, slot, _word(m[2], m[3], symbol), length)
        return pos
    if op == FIXED:
        length = _word(m[2], m[3], pc + 3)
        if end - pos < length:
            return BAD
        _put_ref(m, column, slot, pos, length)
        return pos + length
    # What is left reads a float of so many bytes into a column of another type.
    length = 8 if _word(m[2], m[3], pc + 3) == 64 else 4
    if end - pos < length:
        return BAD
    number = _f64(m, pos) if length == 8 else np.float64(_f32(m, pos))
    if op == FLOAT_INT:
        _put_whole(m, column, slot, number)
    else:
        _put_float(m, column, slot, number)
    return pos + length


# ---------------------------------------------------------------------------------------------------------------------
# Templates. Items of a history have few layouts: the same nulls, the same lengths of numbers and texts. A template is
# a mask and the bytes expected under it; an item that matches is valid, and every wanted value lies at a known place.
#
# A set belongs to one list of the program: a head, then `SLOTS` templates, each a head, mask, expected bytes, copies.

SLOTS = 8
LONGEST = 1536
COPIES = 64
T_LENGTH, T_COPIES, T_NEXT, T_HEAD = 0, 1, 2, 32
COPY_WORDS = 5
SLOT_BYTES = T_HEAD + 2 * LONGEST + COPIES * COPY_WORDS * 8
H_USED, H_VICTIM, H_LAST, H_HITS, H_MISSES, H_REST, H_BYTES = 0, 1, 2, 3, 4, 5, 64
SET_BYTES = H_BYTES + SLOTS * SLOT_BYTES
_TRIAL = 512
_REST = 16384
_NEVER = 1 << 40


@_inner
def _matches(data, size, pos, template, room, padded):
    """Whether the item at `pos` has this layout; `padded` bytes are compared, 64 at a time."""
    mask = template + T_HEAD
    want = mask + LONGEST
    _within(template, room, 0, SLOT_BYTES)
    _within(data, size, pos, padded)
    origin = data + pos
    for at in range(0, padded, 64):
        if _differs(origin + at, want + at, mask + at) != 0:
            return False
    return True


@_inner
def _begin(m, column, slot, count, size):
    """Addresses of `count` values from a slot on, and of the byte with the slot's bit."""
    at = _values(m, column) + size * slot
    bits = _i64(m[4], m[5], 32 * column + 8) + (slot >> 3)
    _within(m[6], m[7], at, size * count)
    _within(m[6], m[7], bits, ((slot & 7) + count + 7) >> 3)
    return m[6] + at, m[6] + bits


@_inner
def _copy_f32s(m, column, place, length, count, slot):
    at, bits = _begin(m, column, slot, count, 4)
    _within(m[0], m[1], place, (count - 1) * length + 4)
    source, bit = m[0] + place, slot & 7
    byte = _load8(bits)
    for _ in range(count):
        word = _load32(source)
        finite = np.int64((word & 0x7F800000) != 0x7F800000)
        _store32(at, word * finite)
        byte |= finite << bit
        source += length
        at += 4
        bit += 1
        if bit == 8:
            _store8(bits, byte)
            bits += 1
            bit, byte = 0, 0
    if bit != 0:
        _store8(bits, byte)


@_inner
def _copy_f64s(m, column, place, length, count, slot):
    at, bits = _begin(m, column, slot, count, 8)
    _within(m[0], m[1], place, (count - 1) * length + 8)
    source, bit = m[0] + place, slot & 7
    byte = _load8(bits)
    for _ in range(count):
        word = _load64(source)
        finite = np.int64((word & 0x7FF0000000000000) != 0x7FF0000000000000)
        _store64(at, word * finite)
        byte |= finite << bit
        source += length
        at += 8
        bit += 1
        if bit == 8:
            _store8(bits, byte)
            bits += 1
            bit, byte = 0, 0
    if bit != 0:
        _store8(bits, byte)


@_inner
def _set_bits(bits, slot, count):
    """Sets the bits of `count` slots, none of which is set."""
    bit = slot & 7
    while count > 0:
        some = min(count, 8 - bit)
        _store8(bits, _load8(bits) | (((1 << some) - 1) << bit))
        bits += 1
        count -= some
        bit = 0


@_inner
def _sevens(word):
    """The lower seven bits of eight bytes, as one number of 56 bits."""
    word &= 0x7F7F7F7F7F7F7F7F
    word = (word & 0x007F007F007F007F) | ((word & 0x7F007F007F007F00) >> 1)
    word = (word & 0x00003FFF00003FFF) | ((word & 0x3FFF00003FFF0000) >> 2)
    return (word & 0x000000000FFFFFFF) | ((word & 0x0FFFFFFF00000000) >> 4)


@_inner
def _copy_longs(m, column, place, length, count, slot):
    """Numbers that take as many bytes as the first one, eight of which can be read at once."""
    at, bits = _begin(m, column, slot, count, 8)
    _within(m[0], m[1], place, (count - 1) * length + 8)
    source, taken = m[0] + place, 1
    while _load8(source + taken - 1) >= 0x80:
        taken += 1
    mask = -1 if taken >= 8 else (1 << (8 * taken)) - 1
    _within(m[0], m[1], place, (count - 1) * length + taken)
    for _ in range(count):
        raw = _sevens(_load64(source) & mask)
        if taken > 8:
            raw |= (_load8(source + 8) & 0x7F) << 56
        if taken > 9:
            raw |= _load8(source + 9) << 63
        _store64(at, ((raw >> 1) & 0x7FFFFFFFFFFFFFFF) ^ -(raw & 1))
        source += length
        at += 8
    _set_bits(bits, slot, count)


@_inner
def _copy_short_texts(m, column, place, length, count, slot, size):
    """Texts that stand in their references, see `_put_text`."""
    at, bits = _begin(m, column, slot, count, 8)
    _within(m[0], m[1], place, (count - 1) * length + _SHORT)
    source, upper = m[0] + place, (size | IS_HERE) << 32
    for _ in range(count):
        _store64(at, upper | (_load32(source) & _LOW))
        source += length
        at += 8
    _set_bits(bits, slot, count)


@_inner
def _copy_run(m, template, room, pos, length, count, slot, end):
    """The wanted values of `count` items of one layout, column by column."""
    copies = T_HEAD + 2 * LONGEST
    for number in range(_i64(template, room, 8 * T_COPIES)):
        at = copies + 8 * COPY_WORDS * number
        op = _i64(template, room, at)
        column = _i64(template, room, at + 8)
        place = pos + _i64(template, room, at + 16)
        a = _i64(template, room, at + 24)
        b = _i64(template, room, at + 32)
        room_behind = end - place - (count - 1) * length
        if op == F32_F32:
            _copy_f32s(m, column, place, length, count, slot)
        elif op == F64_F64:
            _copy_f64s(m, column, place, length, count, slot)
        elif op == VARINT_INT and room_behind >= 8 and _i64(m[4], m[5], 32 * column + 16) == K_I64:
            _copy_longs(m, column, place, length, count, slot)
        elif op == TEXT and a <= _SHORT and room_behind >= _SHORT:
            _copy_short_texts(m, column, place, length, count, slot, a)
        elif op == TEXT:
            for n in range(count):
                _put_text(m, column, slot + n, place + n * length, a, end)
        elif op == BYTES or op == FIXED or op == VARINT_TEXT or op == BOOL_TEXT:
            for n in range(count):
                _put_ref(m, column, slot + n, place + n * length, a)
        elif op == ENUM:
            for n in range(count):
                _put_ref(m, column, slot + n, b, a)
        elif op == BOOL:
            for n in range(count):
                _put_truth(m, column, slot + n, _u8(m[0], m[1], place + n * length))
        elif op == VARINT_INT:
            for n in range(count):
                value, _ = _varint(m[0], m[1], place + n * length, m[1])
                _put_int(m, column, slot + n, value)
        elif op == VARINT_FLOAT:
            for n in range(count):
                value, _ = _varint(m[0], m[1], place + n * length, m[1])
                _put_float(m, column, slot + n, np.float64(value))
        else:
            for n in range(count):
                start = place + n * length
                number8 = _f64(m, start) if a == 64 else np.float64(_f32(m, start))
                if op == FLOAT_INT:
                    _put_whole(m, column, slot + n, number8)
                else:
                    _put_float(m, column, slot + n, number8)


@_inner
def _repeat(m, templates, room, pos, end, left, slot):
    """How many of the next items have the layout of one template; their values are copied. And the place behind."""
    if _i64(templates, room, 8 * H_REST) > 0:
        _set64(templates, room, 8 * H_REST, _i64(templates, room, 8 * H_REST) - 1)
        return 0, pos
    used = _i64(templates, room, 8 * H_USED)
    last = _i64(templates, room, 8 * H_LAST)
    guess = 0
    if used > 0:
        guess = _i64(templates, room, H_BYTES + last * SLOT_BYTES + 8 * T_NEXT)
    for turn in range(used):
        number = guess + turn
        if number >= used:
            number -= used
        template = templates + H_BYTES + number * SLOT_BYTES
        space = room - H_BYTES - number * SLOT_BYTES
        length = _i64(template, space, 8 * T_LENGTH)
        padded = (length + 63) & -64
        count = 0
        while count < left and pos + count * length + padded <= end:
            if not _matches(m[0], m[1], pos + count * length, template, space, padded):
                break
            count += 1
        if count > 0:
            _copy_run(m, template, space, pos, length, count, slot, end)
            _set64(templates, room, H_BYTES + last * SLOT_BYTES + 8 * T_NEXT, number)
            _set64(templates, room, 8 * H_LAST, number)
            _set64(templates, room, 8 * H_HITS, _i64(templates, room, 8 * H_HITS) + count)
            return count, pos + count * length
    _set64(templates, room, 8 * H_MISSES, _i64(templates, room, 8 * H_MISSES) + 1)
    return 0, pos


@_inner
def _expect(template, at, mask, byte):
    """The byte at this place of an item is to be the same under the mask."""
    _store8(template + T_HEAD + at, mask)
    _store8(template + T_HEAD + LONGEST + at, byte & mask)


@_inner
def _learn_number(data, size, pos, start, template, kind):
    """Expects the continuation bits of a number and, in its last byte, the bits beyond its range: place behind, -1."""
    first = pos
    while _u8(data, size, pos) >= 0x80:
        _expect(template, pos - start, 0x80, 0x80)
        pos += 1
    count = pos - first + 1
    mask = 0x80
    if kind == S_INT:
        if count > 5:
            return BAD
        if count == 5:
            mask = 0xF0
    elif count == 10:
        mask = 0xFE
    _expect(template, pos - start, mask, 0)
    return pos + 1


@_inner
def _learn_exact(data, size, pos, start, template):
    """Expects exactly the number that stands here; the place behind."""
    while True:
        byte = _u8(data, size, pos)
        _expect(template, pos - start, 0xFF, byte)
        pos += 1
        if byte < 0x80:
            return pos


@_inner
def _learn_value(m, kind, n, pos, start, end, template):
    """Expects what makes a value of this kind valid and as long as it is: the place behind, or -1 to give up.

    And where the value itself lies, with its length for texts.
    """
    if kind == S_FIXED:
        return pos + n, pos, n
    if kind == S_INT or kind == S_LONG:
        return _learn_number(m[0], m[1], pos, start, template, kind), pos, IS_NUMBER
    if kind == S_BOOL:
        _expect(template, pos - start, 0xFE, 0)
        return pos + 1, pos, IS_TRUTH
    value, _ = _varint(m[0], m[1], pos, end)
    behind = _learn_exact(m[0], m[1], pos, start, template)
    if kind == S_ENUM:
        return behind, pos, value
    if kind == S_TEXT:
        for at in range(behind, behind + value):
            if _u8(m[0], m[1], at) >= 0x80:
                return BAD, pos, 0
            _expect(template, at - start, 0x80, 0)
    return behind + value, behind, value


@_inner
def _learn(m, templates, room, table, start, end):
    """Makes a template of the valid item between these places, by the list's table of flat fields."""
    hits, misses = _i64(templates, room, 8 * H_HITS), _i64(templates, room, 8 * H_MISSES)
    if misses >= _TRIAL:
        if hits < 2 * misses:
            _set64(templates, room, 8 * H_REST, _REST)
            _set64(templates, room, 8 * H_USED, 0)
            _set64(templates, room, 8 * H_VICTIM, 0)
            _set64(templates, room, 8 * H_LAST, 0)
        _set64(templates, room, 8 * H_HITS, 0)
        _set64(templates, room, 8 * H_MISSES, 0)
    if end - start > LONGEST or _i64(templates, room, 8 * H_REST) > 0:
        return
    number = _i64(templates, room, 8 * H_VICTIM)
    template = templates + H_BYTES + number * SLOT_BYTES
    _within(templates, room, H_BYTES + number * SLOT_BYTES, SLOT_BYTES)
    # A template that is given up halfway must match nothing.
    _store64(template + 8 * T_LENGTH, _NEVER)
    _fill(template + T_HEAD, 0, 2 * LONGEST)
    pos, copies = start, 0
    entry, stop = table + 1, table + 1 + ENTRY_WORDS * _word(m[2], m[3], table)
    while entry < stop:
        kind, null, n = _word(m[2], m[3], entry), _word(m[2], m[3], entry + 1), _word(m[2], m[3], entry + 2)
        op, column, symbols = _word(m[2], m[3], entry + 3), _word(m[2], m[3], entry + 4), _word(m[2], m[3], entry + 5)
        entry += ENTRY_WORDS
        if null != 0:
            if pos >= end or pos - start >= LONGEST:
                break
            byte = _u8(m[0], m[1], pos)
            if byte > 2:
                break
            _expect(template, pos - start, 0xFF, byte)
            pos += 1
            if byte == (null - 1) * 2:
                # Of a record that is null, n entries are not there.
                entry += ENTRY_WORDS * n if kind == S_RECORD else 0
                continue
        if kind == S_RECORD:
            continue
        pos, place, length = _learn_value(m, kind, n, pos, start, end, template)
        if pos < 0 or (op != 0 and copies >= COPIES):
            pos = BAD
            break
        if op == 0:
            continue
        at = template + T_HEAD + 2 * LONGEST + 8 * COPY_WORDS * copies
        copies += 1
        _store64(at, op)
        _store64(at + 8, column)
        _store64(at + 16, place - start)
        if op == ENUM:
            symbol = symbols + 2 * length
            _store64(at + 24, _word(m[2], m[3], symbol + 1) | IS_CONSTANT)
            _store64(at + 32, _word(m[2], m[3], symbol))
        elif op == FLOAT_INT or op == F32_F64 or op == F64_F32:
            _store64(at + 24, 8 * length)
        else:
            _store64(at + 24, length)
    if pos != end:
        return
    _store64(template + 8 * T_LENGTH, end - start)
    _store64(template + 8 * T_COPIES, copies)
    _store64(template + 8 * T_NEXT, number)
    used = _i64(templates, room, 8 * H_USED)
    if number >= used:
        _set64(templates, room, 8 * H_USED, number + 1)
    _set64(templates, room, H_BYTES + _i64(templates, room, 8 * H_LAST) * SLOT_BYTES + 8 * T_NEXT, number)
    _set64(templates, room, 8 * H_LAST, number)
    _set64(templates, room, 8 * H_VICTIM, (number + 1) % SLOTS)


# ---------------------------------------------------------------------------------------------------------------------
# The machine.


@_inner
def _reserve(c, level, count):
    """The first of `count` new slots of a level, or `GROW`."""
    levels, size = _context(c, C_LEVELS), _context(c, C_LEVELS + 1)
    at = 8 * L_WORDS * level
    first = _i64(levels, size, at + 8 * L_COUNT)
    if first + count > _i64(levels, size, at + 8 * L_CAPACITY):
        _store64(c + 8 * C_NEED_LEVEL, level)
        _store64(c + 8 * C_NEED, first + count)
        return GROW
    _set64(levels, size, at + 8 * L_COUNT, first + count)
    return first


@_inner
def _bytes_of(kind, count):
    """Bytes that the values of so many slots of a column take; of bits, the whole bytes before them."""
    if kind == K_F32 or kind == K_I32:
        return 4 * count
    if kind == K_I8:
        return count
    if kind == K_I16:
        return 2 * count
    if kind == K_BOOL:
        return count >> 3
    return 8 * count


@_inner
def _clear_slots(c, m, level, first, count):
    """Makes new slots of a list's level null. Bits before `first` in its byte are in use and stay."""
    levels, size = _context(c, C_LEVELS), _context(c, C_LEVELS + 1)
    at = 8 * L_WORDS * level
    begin, end = (first + 7) >> 3, (first + count + 7) >> 3
    start = _i64(levels, size, at + 8 * L_FIRST)
    for column in range(start, start + _i64(levels, size, at + 8 * L_COLUMNS)):
        kind, values, bits = _i64(m[4], m[5], 32 * column + 16), _values(m, column), _i64(m[4], m[5], 32 * column + 8)
        _within(m[6], m[7], bits + begin, end - begin)
        _fill(m[6] + bits + begin, 0, end - begin)
        if kind == K_BOOL:
            _within(m[6], m[7], values + begin, end - begin)
            _fill(m[6] + values + begin, 0, end - begin)
        else:
            place, room = _bytes_of(kind, first), _bytes_of(kind, count)
            _within(m[6], m[7], values + place, room)
            _fill(m[6] + values + place, 0, room)


@_inner
def _block(m, pos, end, least):
    """Head of a block of items: how many, place where it must end or -1, place behind; -1 for an error."""
    count, pos = _varint(m[0], m[1], pos, end)
    stop = -1
    if pos < 0:
        return 0, stop, BAD
    if count < 0:
        size, pos = _varint(m[0], m[1], pos, end)
        count = -count
        # A size that does not fit would be found at the block's end; here nothing can overflow.
        if pos < 0 or size < 0 or size > end - pos or count < 0:
            return 0, stop, BAD
        stop = pos + size
    if count > (end - pos) // least:
        return 0, stop, BAD
    return count, stop, pos


@_inner
def _walk(c, m, pos, end, row):
    """Reads one datum into the row: the place behind it, or an error."""
    templates, room = _context(c, C_TEMPLATES), _context(c, C_TEMPLATES + 1)
    frame, stack = _context(c, C_STACK) - 8 * F_WORDS, _context(c, C_STACK + 1)
    bottom = frame
    program, words = m[2], m[3]
    slot, pc, left = row, 0, MAX_VALUES
    while True:
        op = _word(program, words, pc)
        if op >= READS:
            null = _word(program, words, pc + 1)
            if null != 0:
                is_null, pos = _branch(m[0], m[1], pos, end, null)
                if pos < 0:
                    return BAD
                if is_null:
                    pc += OP_WORDS
                    continue
            pos = _read(m, op, pc, pos, end, slot)
            if pos < 0:
                return BAD
            pc += OP_WORDS
        elif op == RUN:
            first, count = _word(program, words, pc + 1), _word(program, words, pc + 2)
            pos = _run(m[0], m[1], program, words, pos, end, first, count)
            if pos < 0:
                return BAD
            pc += OP_WORDS
        elif op == SKIP:
            count = _word(program, words, pc + 1)
            if count > end - pos:
                return BAD
            pos += count
            pc += OP_WORDS
        elif op == OPTIONAL:
            is_null, pos = _branch(m[0], m[1], pos, end, _word(program, words, pc + 1))
            if pos < 0:
                return BAD
            pc = _word(program, words, pc + 2) if is_null else pc + OP_WORDS
        elif op == ITEMS:
            frame += 8 * F_WORDS
            _within(bottom + 8 * F_WORDS, stack, frame - bottom - 8 * F_WORDS, 8 * F_WORDS)
            _store64(frame + 8 * F_PC, pc)
            _store64(frame + 8 * F_LEFT, 0)
            _store64(frame + 8 * F_END, -1)
            _store64(frame + 8 * F_SLOT, slot)
            _store64(frame + 8 * F_ITEM, -1)
            _store64(frame + 8 * F_NEXT, 0)
            pc = _word(program, words, pc + 2) - OP_WORDS
        elif op == NEXT:
            _within(bottom + 8 * F_WORDS, stack, frame - bottom - 8 * F_WORDS, 8 * F_WORDS)
            items = _load64(frame + 8 * F_PC)
            level = _word(program, words, items + 1)
            table = _word(program, words, items + 5)
            remain = _load64(frame + 8 * F_LEFT)
            following = _load64(frame + 8 * F_NEXT)
            started = _load64(frame + 8 * F_ITEM)
            base, space = 0, 0
            if table > 0:
                base = templates + SET_BYTES * _word(program, words, table - 1)
                space = room - SET_BYTES * _word(program, words, table - 1)
                if started >= 0:
                    _learn(m, base, space, table, started, pos)
            while True:
                if remain == 0:
                    stop = _load64(frame + 8 * F_END)
                    if stop >= 0 and stop != pos:
                        return BAD
                    remain, stop, pos = _block(m, pos, end, _word(program, words, items + 3))
                    if pos < 0:
                        return BAD
                    if remain == 0:
                        slot = _load64(frame + 8 * F_SLOT)
                        frame -= 8 * F_WORDS
                        pc += OP_WORDS
                        break
                    _store64(frame + 8 * F_END, stop)
                    left -= remain * _word(program, words, items + 4)
                    if left < 0:
                        return TOO_LARGE
                    if level > 0:
                        following = _reserve(c, level, remain)
                        if following < 0:
                            return GROW
                        _clear_slots(c, m, level, following, remain)
                if table > 0:
                    count, pos = _repeat(m, base, space, pos, end, remain, following)
                    if count > 0:
                        remain -= count
                        following += count
                        continue
                    _store64(frame + 8 * F_ITEM, pos)
                if level > 0:
                    slot = following
                _store64(frame + 8 * F_LEFT, remain - 1)
                _store64(frame + 8 * F_NEXT, following + 1)
                pc = items + OP_WORDS
                break
        elif op == UNION:
            index, pos = _varint(m[0], m[1], pos, end)
            if pos < 0 or index < 0 or index >= _word(program, words, pc + 1):
                return BAD
            pc = _word(program, words, _word(program, words, pc + 2) + index)
        elif op == JUMP:
            pc = _word(program, words, pc + 1)
        elif op == MARK:
            tape = _word(program, words, pc + 2)
            place = _reserve(c, tape, 1)
            if place < 0:
                return GROW
            column = _word(program, words, pc + 3)
            _set64(m[6], m[7], _values(m, column) + 8 * place, (_word(program, words, pc + 1) << 32) | pos)
            pc += OP_WORDS
        else:
            return pos


@_inner
def _finish_row(c, m, row, start, end, message, index):
    """Writes what is known of a row once it is read: its place, and where its lists end."""
    levels, size = _context(c, C_LEVELS), _context(c, C_LEVELS + 1)
    rows, room = _context(c, C_ROWS), _context(c, C_ROWS + 1)
    _set64(rows, room, 32 * row, start)
    _set64(rows, room, 32 * row + 8, end)
    _set64(rows, room, 32 * row + 16, message)
    _set64(rows, room, 32 * row + 24, index)
    for level in range(1, size // (8 * L_WORDS)):
        at = 8 * L_WORDS * level
        place = _i64(levels, size, at + 8 * L_OFFSETS) + 4 * (row + 1)
        _within(m[6], m[7], place, 4)
        _store32(m[6] + place, _i64(levels, size, at + 8 * L_COUNT))


@_inner
def _mark(c):
    """Remembers how full the levels are, at the beginning of a message."""
    levels, size = _context(c, C_LEVELS), _context(c, C_LEVELS + 1)
    for at in range(0, size, 8 * L_WORDS):
        _set64(levels, size, at + 8 * L_MARK, _i64(levels, size, at + 8 * L_COUNT))


@_inner
def _clear_bits(m, at, first, last):
    """Bits of slots from `first` to before `last` become 0; those before stay."""
    if first >= last:
        return
    place = at + (first >> 3)
    _within(m[6], m[7], place, ((last + 7) >> 3) - (first >> 3))
    _store8(m[6] + place, _load8(m[6] + place) & ((1 << (first & 7)) - 1))
    _fill(m[6] + place + 1, 0, ((last + 7) >> 3) - (first >> 3) - 1)


@_inner
def _roll_back(c, m):
    """Makes the arena as it was at the beginning of the message.

    Rows must be null again. Of items only the bits that share a byte with those before need it, see `_clear_slots`.
    """
    levels, size = _context(c, C_LEVELS), _context(c, C_LEVELS + 1)
    for level in range(size // (8 * L_WORDS)):
        at = 8 * L_WORDS * level
        mark, last = _i64(levels, size, at + 8 * L_MARK), _i64(levels, size, at + 8 * L_COUNT)
        _set64(levels, size, at + 8 * L_COUNT, mark)
        if level == 0:
            last = min(last + 1, _i64(levels, size, at + 8 * L_CAPACITY))
        else:
            last = min(last, (mark + 7) & -8)
        first = _i64(levels, size, at + 8 * L_FIRST)
        for column in range(first, first + _i64(levels, size, at + 8 * L_COLUMNS)):
            kind, values = _i64(m[4], m[5], 32 * column + 16), _values(m, column)
            if kind == K_TAPE:
                continue
            _clear_bits(m, _i64(m[4], m[5], 32 * column + 8), mark, last)
            if kind == K_BOOL:
                _clear_bits(m, values, mark, last)
            elif level == 0:
                begin = _bytes_of(kind, mark)
                count = _bytes_of(kind, last) - begin
                _within(m[6], m[7], values + begin, count)
                _fill(m[6] + values + begin, 0, count)


@_inner
def _job(c, m, job, index):
    """Reads the datums of one job, of which `index` come before in its message: how many they are, or an error."""
    jobs, room = _context(c, C_JOBS), _context(c, C_JOBS + 1)
    at = 8 * J_WORDS * job
    pos, end = _i64(jobs, room, at + 8 * J_START), _i64(jobs, room, at + 8 * J_END)
    count, message = _i64(jobs, room, at + 8 * J_COUNT), _i64(jobs, room, at + 8 * J_MESSAGE)
    if count > (end - pos) // _i64(jobs, room, at + 8 * J_LEAST):
        return BAD
    taken = _context(c, C_BYTES) + end - pos
    if taken > _context(c, C_MOST_BYTES):
        return BATCH_FULL
    levels, size = _context(c, C_LEVELS), _context(c, C_LEVELS + 1)
    for number in range(count):
        row = _i64(levels, size, 8 * L_COUNT)
        if row >= _i64(levels, size, 8 * L_CAPACITY):
            return _reserve(c, 0, 1)
        behind = _walk(c, m, pos, end, row)
        if behind < 0:
            return behind
        if behind - pos > MAX_DATUM:
            return TOO_LARGE
        _finish_row(c, m, row, pos, behind, message, index + number)
        _set64(levels, size, 8 * L_COUNT, row + 1)
        pos = behind
    if pos != end:
        return BAD
    _store64(c + 8 * C_BYTES, taken)
    return count


@_outer
def read(c):
    """Reads all jobs from the cursor on; `GROW` where a level is full, then the cursor is at that message's first."""
    m = (
        _context(c, C_DATA),
        _context(c, C_DATA + 1),
        _context(c, C_PROGRAM),
        _context(c, C_PROGRAM + 1),
        _context(c, C_COLUMNS),
        _context(c, C_COLUMNS + 1),
        _context(c, C_ARENA),
        _context(c, C_ARENA + 1),
    )
    jobs, room = _context(c, C_JOBS), _context(c, C_JOBS + 1)
    errors, many = _context(c, C_ERRORS), _context(c, C_ERRORS + 1)
    total = room // (8 * J_WORDS)
    job = _context(c, C_CURSOR)
    while job < total:
        message = _i64(jobs, room, 8 * (J_WORDS * job + J_MESSAGE))
        first, index, status = job, 0, 0
        before = _context(c, C_BYTES)
        _mark(c)
        while job < total and _i64(jobs, room, 8 * (J_WORDS * job + J_MESSAGE)) == message:
            if status >= 0:
                status = _job(c, m, job, index)
                index += status
            job += 1
        if status < 0:
            _roll_back(c, m)
            _store64(c + 8 * C_BYTES, before)
            if status == GROW:
                _store64(c + 8 * C_CURSOR, first)
                return GROW
            _set64(errors, many, 8 * message, status)
    _store64(c + 8 * C_CURSOR, job)
    return DONE


# ---------------------------------------------------------------------------------------------------------------------
# After reading: counts of nulls, texts one after the other, whole datums.


@_inner
def _ones(m, at, count):
    """How many of the first `count` bits are set; those behind are 0."""
    total, size = 0, (count + 7) >> 3
    _within(m[6], m[7], at, size)
    for place in range(0, size - 7, 8):
        x = _load64(m[6] + at + place)
        x = x - ((x >> 1) & 0x5555555555555555)
        x = (x & 0x3333333333333333) + ((x >> 2) & 0x3333333333333333)
        x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0F
        total += ((x * 0x0101010101010101) >> 56) & 0xFF
    for place in range(size & -8, size):
        x = _load8(m[6] + at + place)
        while x != 0:
            x &= x - 1
            total += 1
    return total


@_inner
def _digits(value):
    """Characters of a number in decimal."""
    count = 1
    if value < 0:
        count = 2
        if value == _TOP:
            return 20
        value = -value
    while value >= 10:
        value //= 10
        count += 1
    return count


@_inner
def _text_length(data, size, ref):
    length = (ref >> 32) & _LOW
    if length & IS_NUMBER:
        value, _ = _varint(data, size, ref & _LOW, size)
        return _digits(value)
    if length & IS_TRUTH:
        return 4 if _u8(data, size, ref & _LOW) == 1 else 5
    return length & _LENGTH


@_outer
def measure(c):
    """For each column the number of values that are not null and, for texts, their bytes."""
    data, size = _context(c, C_DATA), _context(c, C_DATA + 1)
    columns, wide = _context(c, C_COLUMNS), _context(c, C_COLUMNS + 1)
    m = (data, size, 0, 0, columns, wide, _context(c, C_ARENA), _context(c, C_ARENA + 1))
    levels, deep = _context(c, C_LEVELS), _context(c, C_LEVELS + 1)
    measures, room = _context(c, C_MEASURES), _context(c, C_MEASURES + 1)
    for column in range(wide // 32):
        kind = _i64(columns, wide, 32 * column + 16)
        if kind == K_TAPE:
            continue
        count = _i64(levels, deep, 8 * L_WORDS * _i64(columns, wide, 32 * column + 24) + 8 * L_COUNT)
        _set64(measures, room, 16 * column, _ones(m, _i64(columns, wide, 32 * column + 8), count))
        total, values = 0, _values(m, column)
        if kind == K_TEXT or kind == K_BYTES:
            for slot in range(count):
                total += _text_length(data, size, _i64(m[6], m[7], values + 8 * slot))
        _set64(measures, room, 16 * column + 8, total)
    return DONE


@_inner
def _write_number(arena, size, at, value):
    """Writes a number in decimal; the place behind it."""
    count = _digits(value)
    _within(arena, size, at, count)
    negative = value < 0
    for place in range(at + count - 1, at - 1 + negative, -1):
        digit = value % 10
        value //= 10
        if negative and digit != 0:
            # Python's division of numbers below zero rounds down.
            digit = 10 - digit
            value += 1
        _store8(arena + place, 48 + digit)
    if negative:
        _store8(arena + at, 45)
    return at + count


@_inner
def _write_text(c, m, ref, at):
    """Writes the text of a reference into the arena; the place behind it."""
    length, place = (ref >> 32) & _LOW, ref & _LOW
    if length & IS_NUMBER:
        value, _ = _varint(m[0], m[1], place, m[1])
        return _write_number(m[6], m[7], at, value)
    if length & IS_TRUTH:
        true = _u8(m[0], m[1], place) == 1
        _within(m[6], m[7], at, 5)
        _store32(m[6] + at, 0x65757274 if true else 0x736C6166)
        if not true:
            _store8(m[6] + at + 4, 0x65)
        return at + (4 if true else 5)
    count = length & _LENGTH
    if length & IS_HERE:
        _within(m[6], m[7], at, _SHORT)
        _store32(m[6] + at, place)
        return at + count
    source, size = m[0], m[1]
    if length & IS_CONSTANT:
        source, size = _context(c, C_CONSTANTS), _context(c, C_CONSTANTS + 1)
    _within(m[6], m[7], at, count)
    if count > 0:
        _within(source, size, place, count)
        if count <= 16:
            for n in range(count):
                _store8(m[6] + at + n, _load8(source + place + n))
        else:
            _copy(m[6] + at, source + place, count)
    return at + count


@_outer
def gather(c):
    """Writes the texts of text columns one after the other, with their offsets, as Arrow has them."""
    columns, wide = _context(c, C_COLUMNS), _context(c, C_COLUMNS + 1)
    m = (
        _context(c, C_DATA),
        _context(c, C_DATA + 1),
        0,
        0,
        columns,
        wide,
        _context(c, C_ARENA),
        _context(c, C_ARENA + 1),
    )
    levels, deep = _context(c, C_LEVELS), _context(c, C_LEVELS + 1)
    texts, room = _context(c, C_TEXTS), _context(c, C_TEXTS + 1)
    for text in range(0, room, 24):
        column = _i64(texts, room, text)
        offsets, start = _i64(texts, room, text + 8), _i64(texts, room, text + 16)
        count = _i64(levels, deep, 8 * L_WORDS * _i64(columns, wide, 32 * column + 24) + 8 * L_COUNT)
        values, at = _values(m, column), start
        _within(m[6], m[7], offsets, 4 * (count + 1))
        _store32(m[6] + offsets, 0)
        for slot in range(count):
            ref = _i64(m[6], m[7], values + 8 * slot)
            if ref != 0:
                at = _write_text(c, m, ref, at)
            _store32(m[6] + offsets + 4 * (slot + 1), at - start)
    return DONE


# ---------------------------------------------------------------------------------------------------------------------
# Messages: containers with known headers, and framed datums.


@_inner
def _starts_with(data, size, pos, other, room, count):
    _within(data, size, pos, count)
    _within(other, room, 0, count)
    at = 0
    while at + 64 <= count:
        if _unequal(data + pos + at, other + at) != 0:
            return False
        at += 64
    while at < count:
        if _load8(data + pos + at) != _load8(other + at):
            return False
        at += 1
    return True


@_inner
def _header(c, data, size, start, end):
    """The known header with which a container begins, or `FRAME_UNKNOWN`."""
    headers, room = _context(c, C_HEADERS), _context(c, C_HEADERS + 1)
    table, wide = _context(c, C_HEADER_TABLE), _context(c, C_HEADER_TABLE + 1)
    for number in range(wide // 16):
        place, count = _i64(table, wide, 16 * number), _i64(table, wide, 16 * number + 8)
        if end - start >= count + 16 and _starts_with(data, size, start, headers + place, room - place, count):
            return number
    return FRAME_UNKNOWN


@_inner
def _add_block(c, message, start, end, count):
    blocks, room = _context(c, C_BLOCKS), _context(c, C_BLOCKS + 1)
    number = _context(c, C_BLOCK_COUNT)
    if 32 * (number + 1) > room:
        return False
    _set64(blocks, room, 32 * number, message)
    _set64(blocks, room, 32 * number + 8, start)
    _set64(blocks, room, 32 * number + 16, end)
    _set64(blocks, room, 32 * number + 24, count)
    _store64(c + 8 * C_BLOCK_COUNT, number + 1)
    return True


@_inner
def _blocks(c, data, size, message, pos, end, largest):
    """Finds the blocks behind a header that ends, without its sync marker, at `pos`: 0, `FRAME_BAD`, or `GROW`."""
    sync = data + pos
    _within(data, size, pos, 16)
    one, other = _load64(sync), _load64(sync + 8)
    pos += 16
    while pos < end:
        count, pos = _varint(data, size, pos, end)
        if pos < 0:
            return FRAME_BAD
        length, pos = _varint(data, size, pos, end)
        if pos < 0 or count < 0 or length < 0 or length > end - pos - 16 or length > largest:
            return FRAME_BAD
        behind = pos + length
        if _i64(data, size, behind) != one or _i64(data, size, behind + 8) != other:
            return FRAME_BAD
        if not _add_block(c, message, pos, behind, count):
            return GROW
        pos = behind + 16
    return 0


@_outer
def frame(c):
    """Finds the header and the blocks of every message from the cursor on; stops at an unknown header.

    Gives `FRAME_UNKNOWN` there, `GROW` where there is no room for the blocks of a message, else `DONE`.
    """
    data, size = _context(c, C_DATA), _context(c, C_DATA + 1)
    offsets, many = _context(c, C_OFFSETS), _context(c, C_OFFSETS + 1)
    heads, room = _context(c, C_HEADS), _context(c, C_HEADS + 1)
    table, wide = _context(c, C_HEADER_TABLE), _context(c, C_HEADER_TABLE + 1)
    for message in range(_context(c, C_MESSAGE), many // 8 - 1):
        start, end = _i64(offsets, many, 8 * message), _i64(offsets, many, 8 * message + 8)
        head = FRAME_BAD
        if 5 < end - start <= MAX_MESSAGE:
            first = _u8(data, size, start)
            if first == 0:
                head = FRAME_NAMED
                if not _add_block(c, message, start + 5, end, 1):
                    _store64(c + 8 * C_MESSAGE, message)
                    return GROW
            elif _word(data + start, size - start, 0) == 0x016A624F:
                head = _header(c, data, size, start, end)
                if head == FRAME_UNKNOWN:
                    _store64(c + 8 * C_MESSAGE, message)
                    return FRAME_UNKNOWN
                before = _context(c, C_BLOCK_COUNT)
                behind = start + _i64(table, wide, 16 * head + 8)
                status = _blocks(c, data, size, message, behind, end, MAX_DATUM)
                if status < 0:
                    _store64(c + 8 * C_BLOCK_COUNT, before)
                if status == GROW:
                    _store64(c + 8 * C_MESSAGE, message)
                    return GROW
                if status == FRAME_BAD:
                    head = FRAME_BAD
        _set64(heads, room, 8 * message, head)
    _store64(c + 8 * C_MESSAGE, many // 8 - 1)
    return DONE
