"""Tables: columns for NumPy, pandas and every Arrow consumer."""

from __future__ import annotations

import html
import io
import ipaddress
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _core, _ipc

if TYPE_CHECKING:
    import pandas

#: An array without nulls, or one whose mask says which values could not be measured.
Values = Union[npt.NDArray[Any], "np.ma.MaskedArray[Any, Any]"]

_HTML_ROWS = 20
_HTML_COLUMNS = 16


@dataclass(frozen=True)
class Column:
    """What a column means.

    ``type`` is ``int64``, ``double``, ``time`` (nanoseconds since 1970, UTC), ``bool`` or ``text``; ``layer`` the byte
    layer (``row``: the column ``layer`` of the same row says it); ``null_when`` when a cell is null, "" if never.
    """

    name: str
    type: str
    unit: str
    layer: str
    null_when: str
    help: str


def columns(table: str) -> list[Column]:
    """The columns of a table, without any monitor.

    >>> import ipm
    >>> [c.unit for c in ipm.columns("connections") if c.name == "tx_bytes"]
    ['bytes']
    """
    return [Column(**each) for each in _core.columns(table)]


def _objects(values: Sequence[object]) -> npt.NDArray[np.object_]:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


class Batch:
    """Up to 65,536 rows of a table, as the library laid them out.

    Arrays of numbers and times are views: read-only, without a copy, and they keep the rows alive.

    >>> import ipm
    >>> with ipm.Monitor("synthetic:?seed=1&events=5000") as m:
    ...     m.run()
    ...     batch = next(m.batches("connections", columns=["comm", "tx_bytes"]))
    >>> batch.data("tx_bytes").dtype, batch.data("tx_bytes").flags.writeable
    (dtype('int64'), False)
    >>> batch.valid("tx_bytes").shape == (len(batch),)  # Some could not be measured.
    True
    >>> batch.texts("comm").dtype
    dtype('O')
    """

    def __init__(
        self, raw: _core.Batch, schema: _core.Schema, names: Mapping[str, int], types: Sequence[str]
    ) -> None:
        self._raw = raw
        self._schema = schema
        self._names = names
        self._types = types

    def __len__(self) -> int:
        return len(self._raw)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._names)

    def _index(self, column: str) -> int:
        try:
            return self._names[column]
        except KeyError:
            raise KeyError(f"there is no column {column!r}; there are {', '.join(self._names)}") from None

    def data(self, column: str) -> npt.NDArray[Any]:
        """The buffer of a column, shape (rows,), without a copy; cells that are null hold an arbitrary value there.

        int64, float64 or datetime64[ns]; int32 codes into :meth:`dictionary` for a column of dictionary texts. A column
        of bools is unpacked, which is a copy. Columns of plain texts have :meth:`texts`.
        """
        return self._raw.values(self._index(column))

    def valid(self, column: str) -> npt.NDArray[np.bool_] | None:
        """Which cells are not null, shape (rows,); None: all of them."""
        return self._raw.valid(self._index(column))

    def dictionary(self, column: str) -> list[str]:
        """The texts that the codes of a dictionary column stand for, the same for all batches of a table."""
        return [text for text in self._raw.dictionary(self._index(column)) if text is not None]

    def texts(self, column: str) -> npt.NDArray[np.object_]:
        """A column of texts as str or None, shape (rows,), a copy."""
        index = self._index(column)
        if self._types[index] == "text":
            return _objects(self._raw.texts(index))
        words = _objects([*self._raw.dictionary(index), None])
        codes = self._raw.values(index)
        valid = self._raw.valid(index)
        out: npt.NDArray[np.object_] = words[codes if valid is None else np.where(valid, codes, len(words) - 1)]
        return out

    def to_numpy(self, column: str) -> Values:
        """A column as an array of shape (rows,).

        Numbers and times are views without a copy: a masked array where a cell is null, since null is not 0. Texts are
        an object array of str and None.
        """
        index = self._index(column)
        if self._types[index] in ("text", "dictionary"):
            return self.texts(column)
        values = self._raw.values(index)
        valid = self._raw.valid(index)
        return values if valid is None else np.ma.MaskedArray(values, mask=~valid)


class Table:
    """Rows of a table as they were when it was asked for.

    Any Arrow consumer reads it through ``__arrow_c_stream__``: ``polars.from_arrow(t)``, ``pyarrow.table(t)``, DuckDB.

    >>> import ipm
    >>> with ipm.Monitor("synthetic:?seed=1&events=5000") as m:
    ...     m.run()
    ...     top = m.connections("proto = tcp", order_by="tx_bytes desc", limit=3)
    >>> len(top), top.units["tx_bytes"], top["tx_bytes"].shape
    (3, 'bytes', (3,))
    >>> top.to_pandas(["comm", "opened"]).dtypes.astype(str).tolist()
    ['category', 'datetime64[ns, UTC]']
    >>> sorted(top.to_numpy(["pid", "comm"]))
    ['comm', 'pid']
    >>> next(top.rows())["proto"]
    'tcp'
    >>> top.to_ipc()[:4]
    b'\\xff\\xff\\xff\\xff'
    """

    def __init__(self, stream: _core.Stream, name: str = "") -> None:
        self.name = name
        self._schema = stream.schema
        fields = self._schema.fields()
        self._names = {field[0]: index for index, field in enumerate(fields)}
        self._types = [field[1] for field in fields]
        self._units = {field[0]: field[2] for field in fields}
        self._batches: list[_core.Batch] = []
        while (batch := stream.next()) is not None:
            self._batches.append(batch)

    def __len__(self) -> int:
        return sum(len(batch) for batch in self._batches)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._names)

    @property
    def units(self) -> dict[str, str]:
        """The unit of each column, "" for counts and names."""
        return dict(self._units)

    def batches(self) -> Iterator[Batch]:
        """The record batches that the table consists of."""
        for raw in self._batches:
            yield Batch(raw, self._schema, self._names, self._types)

    def __getitem__(self, column: str) -> Values:
        """The whole column, shape (rows,): see :meth:`to_numpy`."""
        parts = [batch.to_numpy(column) for batch in self.batches()]
        if len(parts) == 1:
            return parts[0]
        if not parts:
            self._check(column)
            return np.empty(0, dtype=self._dtype(column))
        return np.ma.concatenate(parts) if any(np.ma.isMaskedArray(part) for part in parts) else np.concatenate(parts)

    def _check(self, column: str) -> None:
        if column not in self._names:
            raise KeyError(f"there is no column {column!r}; there are {', '.join(self._names)}")

    def _dtype(self, column: str) -> str:
        kinds = {"int64": "int64", "double": "float64", "time": "datetime64[ns]", "bool": "bool"}
        return kinds.get(self._types[self._names[column]], "object")

    def to_numpy(self, columns: Sequence[str] | None = None) -> dict[str, Values]:
        """Columns as arrays of shape (rows,): a masked array where a cell is null; texts as str and None.

        With one batch numbers and times are views without a copy, with more each column is copied once. Times are
        datetime64[ns] in UTC.
        """
        return {column: self[column] for column in (self.columns if columns is None else columns)}

    def to_pandas(self, columns: Sequence[str] | None = None, addresses: str = "text") -> pandas.DataFrame:
        """A DataFrame: times datetime64[ns, UTC], names categories, numbers that may be null Int64 or float64 with NaN.

        ``addresses="ipaddress"`` makes IPv4Address and IPv6Address objects of the columns that end in ``_addr``.
        """
        import pandas as pd

        if addresses not in ("text", "ipaddress"):
            raise ValueError(f"addresses is {addresses!r}: 'text' or 'ipaddress'")
        return pd.DataFrame(
            {
                column: self._series(column, addresses == "ipaddress")
                for column in (self.columns if columns is None else columns)
            },
            copy=False,
        )

    def _series(self, column: str, as_addresses: bool) -> pandas.Series[Any]:
        import pandas as pd

        self._check(column)
        kind = self._types[self._names[column]]
        if kind == "dictionary" and self._batches:
            codes = np.concatenate(
                [
                    batch.data(column) if (valid := batch.valid(column)) is None else np.where(valid, batch.data(column), -1)
                    for batch in self.batches()
                ]
            )
            words = next(self.batches()).dictionary(column)
            return pd.Series(pd.Categorical.from_codes(codes, categories=words))
        values = self[column]
        if kind in ("text", "dictionary"):
            if as_addresses and column.endswith("_addr"):
                return pd.Series(_objects([None if text is None else ipaddress.ip_address(text) for text in values]))
            return pd.Series(values)
        mask = np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else None
        data = np.ma.getdata(values)
        if kind == "time":
            if mask is not None:
                data = np.where(mask, np.datetime64("NaT"), data)
            return pd.Series(data).dt.tz_localize("UTC")
        if mask is None:
            return pd.Series(data, copy=False)
        if kind == "int64":
            return pd.Series(pd.arrays.IntegerArray(data.copy(), mask))
        if kind == "bool":
            return pd.Series(pd.arrays.BooleanArray(data.copy(), mask))
        return pd.Series(np.where(mask, np.nan, data))

    def rows(self, addresses: str = "text") -> Iterator[dict[str, Any]]:
        """Row by row as a dict; a cell that could not be measured is None, times are numpy.datetime64 in UTC."""
        if addresses not in ("text", "ipaddress"):
            raise ValueError(f"addresses is {addresses!r}: 'text' or 'ipaddress'")
        for batch in self.batches():
            cells = []
            for column in self.columns:
                values = batch.to_numpy(column)
                listed = list(values) if values.dtype.kind == "M" else values.tolist()
                if np.ma.isMaskedArray(values):
                    listed = [None if hidden else value for value, hidden in zip(listed, np.ma.getmaskarray(values))]
                if addresses == "ipaddress" and column.endswith("_addr"):
                    listed = [None if text is None else ipaddress.ip_address(text) for text in listed]
                cells.append(listed)
            for row in zip(*cells):
                yield dict(zip(self.columns, row))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self.rows()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A capsule ``arrow_array_stream``; buffers are shared, not copied. It may be asked for again."""
        return _core.stream_capsule(self._schema, self._batches)

    def __arrow_c_schema__(self) -> object:
        """A capsule ``arrow_schema``."""
        return self._schema.capsule()

    def to_ipc(self) -> bytes:
        """The table as an Arrow IPC stream, for those who read Arrow in another process or language."""
        out = io.BytesIO()
        _ipc.Writer(out).stream(self)
        return out.getvalue()

    def write_ipc(self, path: str | os.PathLike[str]) -> None:
        """Write an Arrow IPC file (".arrow", also called Feather 2)."""
        with open(path, "wb") as out:
            _ipc.Writer(out).file(self)

    def __repr__(self) -> str:
        return f"<ipm.Table {self.name}: {len(self)} rows, {len(self.columns)} columns>"

    def _repr_html_(self) -> str:
        shown = self.columns[:_HTML_COLUMNS]
        head = "".join(f"<th>{html.escape(column)}</th>" for column in shown)
        body = []
        for number, row in enumerate(self.rows()):
            if number == _HTML_ROWS:
                break
            cells = ("" if row[column] is None else str(row[column]) for column in shown)
            body.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
        left = [f"{len(self)} rows"] if len(self) <= _HTML_ROWS else [f"{_HTML_ROWS} of {len(self)} rows"]
        if len(shown) < len(self.columns):
            left.append(f"{len(shown)} of {len(self.columns)} columns")
        return (
            f"<table><caption>{html.escape(self.name)}: {', '.join(left)}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(body)}</tbody></table>"
        )


def filter_lines(
    lines: str,
    columns: Sequence[str] | None,
    order_by: str | None,
    limit: int | None,
) -> str:
    """The lines of a filter, with those that the keywords say."""
    out = [lines] if lines else []
    if columns is not None:
        out.append("columns = " + ", ".join(columns))
    if order_by is not None:
        out.append("order_by = " + order_by)
    if limit is not None:
        out.append(f"limit = {limit}")
    return "\n".join(out)
