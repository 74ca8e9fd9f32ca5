"""Captures in packet view: one row a flow, whoever had the sockets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Iterator

from . import _core
from ._table import Column, Table

if TYPE_CHECKING:
    import pandas


_PACKETS = 65_536  # Between two reads an interrupt is heard.


class Capture:
    """Reads a capture file; needs no monitor and no privilege.

    ``settings`` are the "key = value" lines of ``ipm flows`` (docs/captures.md): "view = outer".
    """

    def __init__(self, path: str | os.PathLike[str], settings: str = "") -> None:
        self.path = os.fspath(path)
        self._raw = _core.Capture(self.path, settings)

    def tables(self) -> Iterator[Table]:
        """Read on, and give the flows that have ended; at the end those that are left. Each table is its own."""
        more = True
        while more:
            more = self._raw.read(_PACKETS)
            ended = Table(self._raw.table("ended_flows"), "flows")
            if len(ended):
                yield ended
        yield Table(self._raw.table("flows"), "flows")

    def stats(self) -> dict[str, Any]:
        """What was read so far, and what was wrong with it: see ``note``."""
        return self._raw.stats()


def flows(path: str | os.PathLike[str], settings: str = "") -> pandas.DataFrame:
    """All flows of a capture as a DataFrame, one row a flow."""
    import pandas as pd

    frames = [table.to_pandas() for table in Capture(path, settings).tables()]
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def flow_columns() -> list[Column]:
    """The columns of flows."""
    return [Column(**each) for each in _core.capture_columns("flows")]
