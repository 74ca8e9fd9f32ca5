"""Traffic of programs over time, gathered from what a monitor keeps."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Mapping, Sequence, Union

import numpy as np
import numpy.typing as npt

from ._monitor import Monitor
from ._table import Table

if TYPE_CHECKING:
    import pandas

#: A table, a DataFrame, or a mapping from names of columns to arrays of shape (n,).
Rows = Union[Table, "pandas.DataFrame", Mapping[str, Sequence[Any]], Mapping[str, npt.NDArray[Any]]]

_SECOND = 1_000_000_000
_STEP_S = 0.1
_BINS = 120  # No more, unless asked for.
_BINS_MAX = 100_000
_WIDTHS_S = (0.01, 0.1, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def texts_of(rows: Rows, column: str) -> list[str | None]:
    """A column as str and None."""
    return [value if isinstance(value, str) else None for value in list(rows[column])]


def floats_of(rows: Rows, column: str) -> npt.NDArray[np.float64]:
    """A column as float64, shape (n,); null is NaN."""
    return floats(rows[column])


def floats(values: Any) -> npt.NDArray[np.float64]:
    """float64, NaN where a value is masked, None or pandas.NA."""
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))
    if isinstance(values, (list, tuple)):
        values = [np.nan if value is None else value for value in values]
    out = np.array(values, dtype=float)
    out[np.broadcast_to(np.asarray(getattr(values, "mask", False)), out.shape)] = np.nan
    return out


def times_of(rows: Rows, column: str) -> npt.NDArray[np.datetime64]:
    """A column as datetime64[ns] in UTC, shape (n,); null is NaT."""
    return times(rows[column])


def times(values: Any) -> npt.NDArray[np.datetime64]:
    """datetime64[ns] in UTC from datetime64, nanoseconds since 1970 or pandas; NaT where masked."""
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy(dtype="datetime64[ns]"))
    out = np.array(values)
    if out.dtype.kind == "f" and out.size:
        raise ValueError("times are datetime64 in UTC or whole nanoseconds since 1970, not fractions")
    out = out.astype("int64").view("datetime64[ns]") if out.dtype.kind in "iu" else out.astype("datetime64[ns]")
    out[np.broadcast_to(np.asarray(getattr(values, "mask", False)), out.shape)] = np.datetime64("NaT")
    return out


@dataclass(frozen=True)
class Traffic:
    """Bytes of each app in each stretch of time.

    ``edges``: datetime64[ns] in UTC, shape (n + 1,): stretch i goes from edge i to edge i + 1. ``values``: bytes of each
    app, shape (n,); the key None holds what no app is known for. ``unmeasured``: how many rows had null bytes; they are
    in no value. ``how``: what the resolution is, in words.
    """

    metric: str
    edges: npt.NDArray[np.datetime64]
    values: dict[str | None, npt.NDArray[np.float64]]
    unmeasured: int = 0
    how: str = ""

    def __len__(self) -> int:
        return max(0, len(self.edges) - 1)

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """Length of each stretch, shape (n,)."""
        return np.asarray(np.diff(self.edges.astype("int64")) / _SECOND)

    def total(self) -> npt.NDArray[np.float64]:
        """Bytes of all apps, shape (n,)."""
        return np.asarray(np.sum([np.zeros(len(self)), *self.values.values()], axis=0))

    def to_pandas(self) -> pandas.DataFrame:
        """Bytes, one row a stretch (its begin, UTC), one column an app; what no app is known for is column None."""
        import pandas as pd

        columns = pd.Index(list(self.values), dtype=object)
        data = np.array(list(self.values.values())).reshape(len(columns), len(self)).T
        return pd.DataFrame(data, index=pd.DatetimeIndex(self.edges[:-1], tz="UTC"), columns=columns)


def _edges(begin_ns: int, end_ns: int, every: float | None, least: float) -> npt.NDArray[np.int64]:
    """Multiples of the width since 1970, so that hours are hours, which cover begin and end."""
    if every is None:
        span = (end_ns - begin_ns) / _SECOND
        every = next((width for width in _WIDTHS_S if width >= least and span / width <= _BINS), 86400)
    if every <= 0:
        raise ValueError(f"every is {every} s: more than 0")
    width = max(1, round(every * _SECOND))
    first = begin_ns // width
    if end_ns // width - first > _BINS_MAX:
        raise ValueError(f"every is {every} s: more than {_BINS_MAX} stretches from begin to end")
    return np.arange(first, end_ns // width + 2, dtype=np.int64) * width


def _duration_text(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _width_text(edges: npt.NDArray[np.int64]) -> str:
    return _duration_text(int(edges[1] - edges[0]) / _SECOND)


def _no_traffic(metric: str, unmeasured: int, how: str) -> Traffic:
    return Traffic(metric, np.empty(0, dtype="datetime64[ns]"), {}, unmeasured, how)


def _numbered(apps: list[str | None]) -> tuple[list[str | None], npt.NDArray[np.int64]]:
    names = list(dict.fromkeys(apps))
    numbers = {name: number for number, name in enumerate(names)}
    return names, np.array([numbers[app] for app in apps], dtype=np.int64)


def of_series(rows: Rows, metric: str = "tx_bytes", every: float | None = None) -> Traffic:
    """From the table ``series``: the last 15 minutes, exact to the second. ``every``: seconds, whole ones.

    It begins with the first second that is not 0: the table fills up the minute in which watching began.
    """
    chosen = [
        number
        for number, (holder, kind) in enumerate(zip(texts_of(rows, "holder"), texts_of(rows, "metric")))
        if holder == "app" and kind == metric
    ]
    if not chosen:
        return _no_traffic(metric, 0, "")
    when = times_of(rows, "time")[chosen].astype("int64")
    values = floats_of(rows, "value")[chosen]
    if not values.any():
        return _no_traffic(metric, 0, "")
    apps = texts_of(rows, "app")
    watched = when >= when[values != 0].min()
    names, app = _numbered([apps[number] for number, kept in zip(chosen, watched) if kept])
    when, values = when[watched], values[watched]
    if every is not None and every != int(every):
        raise ValueError(f"every is {every} s: the table series has whole seconds")
    edges = _edges(int(when.min()), int(when.max()), every, 1)
    bins = (when - edges[0]) // (edges[1] - edges[0])
    sums = np.zeros((len(names), len(edges) - 1))
    np.add.at(sums, (app, bins), values)
    how = f"mean over {_width_text(edges)}"
    return Traffic(metric, edges.view("datetime64[ns]"), dict(zip(names, sums)), 0, how)


def of_connections(rows: Rows, metric: str = "tx_bytes", every: float | None = None) -> Traffic:
    """From the table ``connections``: the whole run, as far as the table still has its connections.

    A row has one sum of bytes: it is spread evenly from ``first_seen`` to the last traffic or the end. So stretches are
    right to about the length of the connections in them; what a connection moved before it was first seen counts too.
    """
    values = floats_of(rows, metric)
    measured = np.isfinite(values)
    unmeasured = int(np.count_nonzero(~measured))
    if not measured.any():
        return _no_traffic(metric, unmeasured, "")
    apps = texts_of(rows, "app")
    names, app = _numbered([apps[number] for number in np.flatnonzero(measured)])
    begin = times_of(rows, "first_seen")[measured].astype("int64")
    last = times_of(rows, "last_seen")[measured]
    closed = times_of(rows, "closed")[measured]
    end = np.maximum(np.where(np.isnat(closed), last, np.minimum(closed, last)).astype("int64"), begin + 1)
    values = values[measured]
    edges = _edges(int(begin.min()), int(end.max()) - 1, every, 0)
    until = np.zeros((len(edges), len(names)))  # Bytes of each app until each edge.
    for number, edge in enumerate(edges):
        share = np.clip((edge - begin) / (end - begin), 0, 1)
        until[number] = np.bincount(app, weights=share * values, minlength=len(names))
    sums = np.diff(until, axis=0).T
    how = f"mean over {_width_text(edges)}, bytes spread evenly over the life of each connection"
    return Traffic(metric, edges.view("datetime64[ns]"), dict(zip(names, sums)), unmeasured, how)


@dataclass
class TrafficRecorder:
    """Keeps traffic for as long as a run lasts: looks at the table ``apps`` between steps.

    It looks once in each ``every`` seconds of the monitor's own time, as soon as another begins (600: at ten past, twenty
    past …; 0: after every step). Whatever happened between two looks is in one stretch, so that no byte is lost, and is
    drawn as its mean: that is the resolution. Live it is ``every``. A file goes by in steps of up to ``lane_events`` events (docs/settings.md; 2048 is the least), which in a
    quiet hour may span hours: then ``ipm.plot.traffic(m.connections())`` shows more. What was there before the recorder,
    and what connections moved before they were first seen, is in no stretch; neither are bytes whose owner is not known,
    since they are of no app: the table ``ledger`` has their sum.

    Memory: a number for each app and stretch.

    >>> import ipm
    >>> with ipm.Monitor("synthetic:?seed=1&events=50000", settings={"lane_events": 2048}) as m:
    ...     recorder = ipm.TrafficRecorder(m, every=5)
    ...     recorder.run()
    >>> traffic = recorder.traffic()
    >>> len(traffic) > 10
    True
    """

    monitor: Monitor
    every: float = 60.0
    metric: str = "tx_bytes"
    _edges: list[int] = field(default_factory=list, init=False, repr=False)
    _gained: list[dict[str, float]] = field(default_factory=list, init=False, repr=False)
    _seen: dict[str, float] = field(default_factory=dict, init=False, repr=False)
    _unmeasured: int = field(default=0, init=False, repr=False)
    _from_the_start: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.every < 0:
            raise ValueError(f"every is {self.every} s: 0 or more")
        if self.metric not in ("tx_bytes", "rx_bytes", "tx_bytes_external", "rx_bytes_external"):
            raise ValueError(f"metric is {self.metric!r}: bytes of the table apps")
        self._from_the_start = self._now() <= 0
        self.sample()

    def run(self, duration: float | None = None) -> None:
        """Step the monitor until every source has ended, or for ``duration`` seconds, looking in between."""
        end = None if duration is None else time.monotonic() + duration
        while True:
            left = _STEP_S if end is None else min(_STEP_S, end - time.monotonic())
            if left <= 0 or not self.monitor.step(left):
                break
            self.sample()
        self.monitor.flush()
        self.sample(last=True)

    def sample(self, last: bool = False) -> bool:
        """Look, if it is time to; the ``last`` look is at any time. For a loop of one's own. True: a stretch has ended."""
        now = self._now()
        if now <= 0 or (self._edges and not self._is_time(now, last)):
            return False
        table = self.monitor.apps(columns=["app", "first_seen", self.metric, *self._before()])
        if not self._edges:
            if not self._from_the_start:
                self._gain(table)  # What was there before.
                self._edges.append(now)
                return False
            if not len(table):
                return False
            self._edges.append(int(times_of(table, "first_seen").min().astype("int64")))
            return self.sample(last)
        self._gained.append(self._gain(table))
        self._edges.append(now)
        return True

    def _is_time(self, now: int, last: bool) -> bool:
        since, width = now - self._edges[-1], round(self.every * _SECOND)
        if since <= 0 or last or width == 0:
            return since > 0
        # Not so soon that a stretch would be a splinter.
        return now // width != self._edges[-1] // width and since >= width // 2

    def _now(self) -> int:
        return int(self.monitor.time.astype("int64"))

    def _before(self) -> list[str]:
        return [] if self.metric.endswith("_external") else [self.metric + "_before"]

    def _gain(self, table: Table) -> dict[str, float]:
        values = floats_of(table, self.metric)
        for column in self._before():
            values = values - np.nan_to_num(floats_of(table, column))
        self._unmeasured = int(np.count_nonzero(np.isnan(values)))
        gained: dict[str, float] = {}
        for app, value in zip(texts_of(table, "app"), values):
            if app is None or np.isnan(value):
                continue
            before = self._seen.get(app, 0.0)
            if value < before:
                before = 0.0  # Its row was evicted and began anew.
            if value > before:
                gained[app] = value - before
            self._seen[app] = value
        return gained

    def traffic(self) -> Traffic:
        """What was gathered so far."""
        if len(self._edges) < 2:
            return _no_traffic(self.metric, self._unmeasured, "")
        names = list(dict.fromkeys(app for gained in self._gained for app in gained))
        values: dict[str | None, npt.NDArray[np.float64]] = {
            app: np.array([gained.get(app, 0.0) for gained in self._gained]) for app in names
        }
        edges = np.array(self._edges, dtype=np.int64)
        how = f"means between looks at most {_duration_text(float(np.diff(edges).max()) / _SECOND)} apart"
        return Traffic(self.metric, edges.view("datetime64[ns]"), values, self._unmeasured, how)
