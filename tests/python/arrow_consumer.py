"""A consumer of the Arrow C stream interface, by ctypes alone: reads every buffer, and sees who lets go of what."""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass, field
from typing import Any


class Schema(ctypes.Structure):
    pass


class Array(ctypes.Structure):
    pass


class Stream(ctypes.Structure):
    pass


_SCHEMA_RELEASE = ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))
_ARRAY_RELEASE = ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))
Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.POINTER(Schema)),
    ("release", _SCHEMA_RELEASE),
    ("private_data", ctypes.c_void_p),
]
Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.POINTER(Array)),
    ("release", _ARRAY_RELEASE),
    ("private_data", ctypes.c_void_p),
]
Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(Stream))),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Stream))),
    ("private_data", ctypes.c_void_p),
]

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


@dataclass
class Read:
    names: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    batches: int = 0


def stream_in(capsule: object) -> Any:
    return ctypes.cast(_pointer(capsule, b"arrow_array_stream"), ctypes.POINTER(Stream)).contents


def schema_in(capsule: object) -> Any:
    return ctypes.cast(_pointer(capsule, b"arrow_schema"), ctypes.POINTER(Schema)).contents


def _bytes(array: Any, index: int, size: int) -> bytes:
    return ctypes.string_at(array.buffers[index], size) if size else b""


def _texts(array: Any) -> list[str]:
    offsets = struct.unpack(f"<{array.length + 1}i", _bytes(array, 1, 4 * (array.length + 1)))
    data = _bytes(array, 2, offsets[-1])
    return [data[begin:end].decode() for begin, end in zip(offsets, offsets[1:])]


def _bit(bits: bytes, row: int) -> bool:
    return bool(bits[row // 8] >> (row % 8) & 1)


def _cells(array: Any, format: str) -> list[Any]:
    assert array.offset == 0
    rows = array.length
    cells: list[Any]
    if array.dictionary:
        words = _texts(array.dictionary.contents)
        codes = struct.unpack(f"<{rows}i", _bytes(array, 1, 4 * rows))
        cells = [words[code] if words else None for code in codes]
    elif format == "u":
        cells = _texts(array)
    elif format == "b":
        bits = _bytes(array, 1, (rows + 7) // 8)
        cells = [_bit(bits, row) for row in range(rows)]
    else:
        cells = list(struct.unpack(f"<{rows}{'d' if format == 'g' else 'q'}", _bytes(array, 1, 8 * rows)))
    if array.null_count:
        valid = _bytes(array, 0, (rows + 7) // 8)
        cells = [cell if _bit(valid, row) else None for row, cell in enumerate(cells)]
        assert cells.count(None) == array.null_count
    return cells


def read(capsule: object) -> Read:
    """All of a stream, releasing each part as it goes, the way a consumer must."""
    stream = stream_in(capsule)
    out = Read()
    schema = Schema()
    assert stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)) == 0
    assert schema.format == b"+s"
    for i in range(schema.n_children):
        child = schema.children[i].contents
        out.names.append(child.name.decode())
        out.formats.append(child.format.decode())
        out.columns[child.name.decode()] = []
    schema.release(ctypes.byref(schema))
    while True:
        array = Array()
        assert stream.get_next(ctypes.byref(stream), ctypes.byref(array)) == 0
        if not array.release:
            break
        out.batches += 1
        for i, name in enumerate(out.names):
            child = array.children[i].contents
            assert child.length == array.length
            out.columns[name] += _cells(child, out.formats[i])
        array.release(ctypes.byref(array))
        assert not array.release
    stream.release(ctypes.byref(stream))
    return out
