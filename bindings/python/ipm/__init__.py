"""libipm: which process talks to whom, how much, how well, since when, is that normal, and what should be done.

>>> import ipm
>>> with ipm.Monitor("synthetic:?seed=1&events=5000") as m:
...     m.run()
...     m.apps(order_by="tx_bytes desc", limit=3, columns=["app", "tx_bytes"]).columns
['app', 'tx_bytes']
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from . import _core, events
from ._alert import Alert, AlertKind, alert_kinds
from ._capture import Capture, flow_columns, flows
from ._monitor import Alerts, Monitor, Series
from ._report import report
from ._score import Reason, Score, Scored
from ._table import Batch, Column, Table, columns
from ._traffic import Traffic, TrafficRecorder
from .errors import (
    AccessError,
    CorruptError,
    Error,
    ExpiredError,
    ForkedError,
    InputOutputError,
    InternalError,
    InvalidArgumentError,
    LimitError,
    NotFoundError,
    OutOfMemoryError,
    StateError,
    UnsupportedError,
)
from . import baseline  # noqa: E402  (after Monitor, which it uses)

__version__: str = _core.version()


def __getattr__(name: str) -> Any:
    if name == "plot":  # Imported when it is asked for: it takes matplotlib with it.
        return import_module(".plot", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def table_names() -> list[str]:
    """Names of the tables of a monitor.

    >>> "connections" in table_names()
    True
    """
    return _core.table_names()


def doctor(uri: str = "") -> Table:
    """What sources could see on this host, without opening them: rows (source, what, available, reason).

    >>> doctor("replay:").columns
    ['source', 'what', 'available', 'reason']
    """
    return Table(_core.probe(uri), "doctor")


__all__ = [
    "AccessError",
    "Alert",
    "AlertKind",
    "Alerts",
    "Batch",
    "Capture",
    "Column",
    "CorruptError",
    "Error",
    "ExpiredError",
    "ForkedError",
    "InputOutputError",
    "InternalError",
    "InvalidArgumentError",
    "LimitError",
    "Monitor",
    "NotFoundError",
    "OutOfMemoryError",
    "Reason",
    "Score",
    "Scored",
    "Series",
    "StateError",
    "Table",
    "Traffic",
    "TrafficRecorder",
    "UnsupportedError",
    "alert_kinds",
    "baseline",
    "columns",
    "doctor",
    "events",
    "flow_columns",
    "flows",
    "report",
    "table_names",
]
