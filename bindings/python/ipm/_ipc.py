"""Tables as Arrow IPC: the stream and the file format, which every Arrow implementation reads without a library here.

https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc; the tables are those
of format/Message.fbs, Schema.fbs and File.fbs. The messages are FlatBuffers: https://flatbuffers.dev/internals.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Sequence, Union

import numpy as np

if TYPE_CHECKING:
    from ._table import Batch, Table

_VERSION = 4  # MetadataVersion.V5
_SCHEMA, _DICTIONARY_BATCH, _RECORD_BATCH = 1, 2, 3  # MessageHeader
_INT, _FLOATING_POINT, _UTF8, _BOOL, _TIMESTAMP = 2, 3, 5, 6, 10  # Type
_DOUBLE, _NANOSECOND = 2, 3
_CONTINUATION = b"\xff\xff\xff\xff"
_END = _CONTINUATION + b"\0\0\0\0"
_MAGIC = b"ARROW1"


# ---- FlatBuffers ----


@dataclass
class _Scalar:
    format: str  # As for struct: "<h".
    value: int


@dataclass
class _Structs:
    items: Sequence[bytes]  # Of one size, aligned to 8.


@dataclass
class _Tables:
    items: Sequence[dict[int, _Field]]


#: What a table holds by the number of its field; what is not there has its default.
_Field = Union[_Scalar, str, "_Structs", "_Tables", "dict[int, _Field]"]


def _pad(out: bytearray, alignment: int) -> None:
    out.extend(b"\0" * (-len(out) % alignment))


def _put(out: bytearray, field: str | _Structs | _Tables | dict[int, _Field]) -> int:
    """Appends what an offset points to; its position."""
    if isinstance(field, dict):
        return _put_table(out, field)
    if isinstance(field, str):
        _pad(out, 4)
        text = field.encode()
        at = len(out)
        out.extend(struct.pack("<I", len(text)) + text + b"\0")
        return at
    if isinstance(field, _Structs):
        _pad(out, 8)
        out.extend(b"\0" * 4)  # The items behind the count are aligned.
        at = len(out)
        out.extend(struct.pack("<I", len(field.items)))
        for item in field.items:
            out.extend(item)
        return at
    _pad(out, 4)
    at = len(out)
    out.extend(struct.pack("<I", len(field.items)) + b"\0" * 4 * len(field.items))
    for number, table in enumerate(field.items):
        slot = at + 4 + 4 * number
        struct.pack_into("<I", out, slot, _put_table(out, table) - slot)
    return at


def _put_table(out: bytearray, fields: dict[int, _Field]) -> int:
    """The table behind its vtable, then what its fields point to."""
    slots: dict[int, int] = {}
    size = 4  # The way back to the vtable.
    for number, field in fields.items():
        width = struct.calcsize(field.format) if isinstance(field, _Scalar) else 4
        size += -size % width
        slots[number] = size
        size += width
    count = max(fields, default=-1) + 1
    _pad(out, 8)
    vtable = len(out)
    out.extend(struct.pack("<HH", 4 + 2 * count, size))
    out.extend(struct.pack(f"<{count}H", *(slots.get(number, 0) for number in range(count))))
    _pad(out, 8)
    at = len(out)
    out.extend(b"\0" * size)
    struct.pack_into("<i", out, at, at - vtable)
    for number, field in fields.items():
        slot = at + slots[number]
        if isinstance(field, _Scalar):
            struct.pack_into(field.format, out, slot, field.value)
        else:
            struct.pack_into("<I", out, slot, _put(out, field) - slot)
    return at


def _flatbuffer(root: dict[int, _Field]) -> bytes:
    out = bytearray(4)
    struct.pack_into("<I", out, 0, _put_table(out, root))
    _pad(out, 8)
    return bytes(out)


# ---- Arrow's tables ----


def _short(value: int) -> _Scalar:
    return _Scalar("<h", value)


def _long(value: int) -> _Scalar:
    return _Scalar("<q", value)


def _flag(value: bool) -> _Scalar:
    return _Scalar("<B", int(value))


def _type_of(kind: str) -> tuple[int, dict[int, _Field]]:
    if kind == "int64":
        return _INT, {0: _Scalar("<i", 64), 1: _flag(True)}
    if kind == "double":
        return _FLOATING_POINT, {0: _short(_DOUBLE)}
    if kind == "time":
        return _TIMESTAMP, {0: _short(_NANOSECOND), 1: "UTC"}
    if kind == "bool":
        return _BOOL, {}
    return _UTF8, {}


def _schema_of(table: Table) -> dict[int, _Field]:
    fields: list[dict[int, _Field]] = []
    for number, (name, kind, unit, layer, nullable) in enumerate(table._schema.fields()):
        type_number, type_table = _type_of(kind)
        field: dict[int, _Field] = {0: name, 1: _flag(nullable), 2: _flag(False), 3: type_table, 5: _Tables([])}
        field[2] = _Scalar("<B", type_number)
        if kind == "dictionary":
            field[4] = {0: _long(number), 1: {0: _Scalar("<i", 32), 1: _flag(True)}}
        pairs: list[dict[int, _Field]] = [{0: key, 1: text} for key, text in (("unit", unit), ("layer", layer)) if text]
        if pairs:
            field[6] = _Tables(pairs)
        fields.append(field)
    return {0: _short(0), 1: _Tables(fields)}


class _Body:
    """Nodes and buffers of a record batch."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.buffers: list[bytes] = []
        self.parts: list[memoryview | bytes] = []
        self.size = 0

    def node(self, rows: int, nulls: int) -> None:
        self.nodes.append(struct.pack("<qq", rows, nulls))

    def buffer(self, data: memoryview | bytes) -> None:
        size = data.nbytes if isinstance(data, memoryview) else len(data)
        self.buffers.append(struct.pack("<qq", self.size, size))
        self.parts.append(data)
        padding = -size % 8
        if padding:
            self.parts.append(b"\0" * padding)
        self.size += size + padding

    def header(self, rows: int) -> dict[int, _Field]:
        return {0: _long(rows), 1: _Structs(self.nodes), 2: _Structs(self.buffers)}


def _bits(flags: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> bytes:
    return np.packbits(flags, bitorder="little").tobytes()


def _texts(body: _Body, texts: Sequence[str]) -> None:
    encoded = [text.encode() for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype="<i4")
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    body.node(len(encoded), 0)
    body.buffer(b"")
    body.buffer(offsets.tobytes())
    body.buffer(b"".join(encoded))


def _body_of(batch: Batch) -> _Body:
    body = _Body()
    for column, kind in zip(batch.columns, batch._types):
        index = batch._names[column]
        valid = batch.valid(column)
        body.node(len(batch), 0 if valid is None else int((~valid).sum()))
        body.buffer(b"" if valid is None else _bits(valid))
        if kind == "text":
            offsets, data = batch._raw.text_buffers(index)
            body.buffer(offsets.data.cast("B") if len(offsets) else b"\0\0\0\0")
            body.buffer(data.data.cast("B"))
        elif kind == "bool":
            body.buffer(_bits(batch.data(column)))
        else:
            body.buffer(batch.data(column).view("u1").data)
    return body


class Writer:
    """Writes messages, and remembers where those of a file are."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._at = 0
        self.dictionaries: list[bytes] = []
        self.batches: list[bytes] = []

    def raw(self, data: bytes | memoryview) -> None:
        self._out.write(data)
        self._at += data.nbytes if isinstance(data, memoryview) else len(data)

    def message(self, kind: int, header: dict[int, _Field], body: _Body | None = None) -> bytes:
        size = 0 if body is None else body.size
        metadata = _flatbuffer({0: _short(_VERSION), 1: _Scalar("<B", kind), 2: header, 3: _long(size)})
        block = struct.pack("<qi4xq", self._at, 8 + len(metadata), size)
        self.raw(_CONTINUATION + struct.pack("<i", len(metadata)) + metadata)
        for part in body.parts if body is not None else []:
            self.raw(part)
        return block

    def stream(self, table: Table) -> None:
        self.message(_SCHEMA, _schema_of(table))
        batches = list(table.batches())
        for number, kind in enumerate(table._types):
            if kind == "dictionary":
                body = _Body()
                words = batches[0].dictionary(table.columns[number]) if batches else []
                _texts(body, words)
                header: dict[int, _Field] = {0: _long(number), 1: body.header(len(words))}
                self.dictionaries.append(self.message(_DICTIONARY_BATCH, header, body))
        for batch in batches:
            body = _body_of(batch)
            self.batches.append(self.message(_RECORD_BATCH, body.header(len(batch)), body))
        self.raw(_END)

    def file(self, table: Table) -> None:
        self.raw(_MAGIC + b"\0\0")
        self.stream(table)
        footer = _flatbuffer(
            {0: _short(_VERSION), 1: _schema_of(table), 2: _Structs(self.dictionaries), 3: _Structs(self.batches)}
        )
        self.raw(footer + struct.pack("<i", len(footer)) + _MAGIC)
