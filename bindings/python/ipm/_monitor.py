"""The monitor: sources in, tables and alerts out."""

from __future__ import annotations

import asyncio
import atexit
import os
import weakref
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._alert import Alert, alert_of
from ._source import Item, IteratorSource
from ._table import Batch, Table, filter_lines
from .errors import CorruptError

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

#: A source: a URI such as "auto:", "pcap:FILE", "replay:FILE", "sock_diag:?interval=1s"; or items of one's own.
Source = Union[str, "os.PathLike[str]", Iterable[Item]]

_END = 3
_ASYNC_STEP_NS = 100_000_000
_open_monitors: weakref.WeakSet[Monitor] = weakref.WeakSet()


def _setting_lines(settings: str | Mapping[str, Any]) -> str:
    if isinstance(settings, str):
        return settings
    lines = []
    for key, value in settings.items():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(each, bool):
                each = "on" if each else "off"
            text = str(each)
            plain = text != "" and all(letter.isalnum() or letter in "._:/+-" for letter in text)
            lines.append(f"{key} = {text if plain or key in _LINES_OF_WORDS else _core.quote(text)}")
    return "\n".join(lines)


_LINES_OF_WORDS = {"rule", "threshold"}  # Their values are words with quotes of their own.


@dataclass(frozen=True)
class Series:
    """A metric over time: ``times`` datetime64[ns] in UTC, ``values`` int64, both of shape (n,). A second that is not
    there was quiet.

    >>> import ipm
    >>> with ipm.Monitor("synthetic:?seed=1&events=5000") as m:
    ...     m.run()
    ...     series = m.series(m.apps(order_by="tx_bytes desc", limit=1)["app"][0])
    >>> series.times.dtype, series.values.dtype, series.metric
    (dtype('<M8[ns]'), dtype('int64'), 'tx_bytes')
    """

    name: str
    metric: str
    times: npt.NDArray[np.datetime64]
    values: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times)

    def to_pandas(self) -> pandas.Series[Any]:
        """A pandas Series over its times."""
        import pandas as pd

        return pd.Series(self.values, index=pd.DatetimeIndex(self.times, tz="UTC"), name=f"{self.name} {self.metric}")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw it with matplotlib: see :mod:`ipm.plot`."""
        from . import plot

        return plot.series(self, ax)


class Alerts:
    """Changes of alerts, oldest first.

    A plain ``for`` takes those that wait and ends. ``async for`` goes on, and steps the monitor where nothing else does,
    until every source has ended or the monitor is closed.

    >>> import ipm
    >>> with ipm.Monitor("drill:beacon") as m:
    ...     m.run()
    ...     kinds = {alert.kind for alert in m.alerts()}
    >>> "beacon" in kinds
    True
    """

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def __iter__(self) -> Iterator[Alert]:
        while (raw := self._monitor._raw.next_alert()) is not None:
            yield alert_of(raw)

    async def __aiter__(self) -> AsyncIterator[Alert]:
        raw = self._monitor._raw
        loop = asyncio.get_running_loop()
        while True:
            for alert in self:
                yield alert
            if raw.closed:
                return
            if raw.running:
                if raw.ended:
                    return
                await asyncio.sleep(_ASYNC_STEP_NS / 1e9)
            elif await loop.run_in_executor(None, raw.step, _ASYNC_STEP_NS) == _END:
                raw.flush()
                for alert in self:
                    yield alert
                return


class Monitor:
    """Watches sources and keeps what they say, within bounds.

    Parameters: any number of sources; ``threads=True`` gives every live source its thread; ``memory_max_bytes`` bounds
    what is kept (0: 256 MiB); ``settings`` are "key = value" lines or a mapping (docs/settings.md).

    Its methods may be called by any thread: whoever asks while another steps gets its turn soon. Nothing here needs the
    GIL while it waits or works.

    >>> import ipm
    >>> with ipm.Monitor("synthetic:?seed=1&events=5000") as m:
    ...     m.run()
    ...     len(m.connections()) > 0
    True
    """

    def __init__(
        self,
        *sources: Source,
        threads: bool = False,
        memory_max_bytes: int = 0,
        settings: str | Mapping[str, Any] = "",
    ) -> None:
        self._raw = _core.Monitor(_setting_lines(settings), threads, memory_max_bytes)
        _open_monitors.add(self)
        try:
            for source in sources:
                self.add_source(source)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Detach and free everything; tables and arrays that were taken stay. Twice is fine."""
        self._raw.close()
        _open_monitors.discard(self)

    @property
    def closed(self) -> bool:
        return self._raw.closed

    # ---- sources ----

    def add_source(self, source: Source, name: str = "python", live: bool = False) -> None:
        """Attach a source.

        A text is a URI (docs/sources.md). A ``pathlib.Path`` is a capture or a recording. Anything else is iterated:
        it gives dicts or arrays of events (:mod:`ipm.events`), whose times are nanoseconds since 1970, or of
        CLOCK_BOOTTIME if ``live``. After an empty array the step takes in what came before it, and returns. An exception
        of the iterator ends the source and comes out of the step that met it.

        >>> import ipm
        >>> flow = dict(kind="socket_data", cookie=1, proto="tcp", remote_addr="192.0.2.1", remote_port=443)
        >>> with ipm.Monitor() as m:
        ...     m.add_source([{**flow, "time_ns": 10**18, "pid": 7, "layer": "app", "tx_bytes": 10}])
        ...     m.run()
        ...     m.connections()["tx_bytes"].tolist()
        [10]
        """
        if isinstance(source, str):
            self._raw.add_source(source)
        elif isinstance(source, os.PathLike):
            try:
                self._raw.add_source(f"pcap:{os.fspath(source)}")
            except CorruptError:  # No capture.
                self._raw.add_source(f"replay:{os.fspath(source)}")
        else:
            self._raw.add_callable_source(name, live, IteratorSource(source, live).poll)

    def add_lane(self, name: str, capacity: int = 0) -> _core.Lane:
        """A lane for pushing events from a thread: ``lane.push(array)`` says how many went in.

        The source ends with ``lane.close()``, or when nobody holds the lane any more.
        """
        return self._raw.add_lane(name, capacity)

    def sources(self) -> list[dict[str, Any]]:
        """How each source is: name, uri, state, ``missing`` (what it cannot see here and what would bring it), counts."""
        return self._raw.sources()

    # ---- time ----

    def step(self, timeout: float = 0.0) -> bool:
        """Take in what is there, waiting up to ``timeout`` seconds for it. False: every source has ended."""
        return self._raw.step(round(timeout * 1e9)) != _END

    def run(self, duration: float | None = None) -> None:
        """Step until every source has ended, or for ``duration`` seconds, and take in all that happened until then.

        An interrupt (Ctrl-C) stops it with KeyboardInterrupt; the monitor goes on as before afterwards.
        """
        self._raw.run(-1 if duration is None else round(duration * 1e9))

    def start(self) -> None:
        """Step on a thread of the library until :meth:`stop`."""
        self._raw.start()

    def stop(self) -> None:
        """End what :meth:`start` began, take in all that happened, and raise what the thread met."""
        self._raw.stop()

    @property
    def running(self) -> bool:
        """Between start() and stop()."""
        return self._raw.running

    @property
    def ended(self) -> bool:
        """Every source has ended."""
        return self._raw.ended

    def flush(self) -> None:
        """Look once more at every live source, and take in all that is held back to be put in order."""
        self._raw.flush()

    def interrupt(self) -> None:
        """Make a waiting step return soon."""
        self._raw.interrupt()

    def fileno(self) -> int:
        """Readable when step() has work: for select, poll and asyncio."""
        return self._raw.fd()

    def record(self, path: str | os.PathLike[str] | None) -> None:
        """Write every event to a log from which ``replay:PATH`` gives the same tables; None ends it."""
        self._raw.record(None if path is None else os.fspath(path))

    # ---- tables ----

    def table(
        self,
        name: str,
        filter: str = "",
        *values: str | int | float,
        columns: Sequence[str] | None = None,
        order_by: str | None = None,
        limit: int | None = None,
    ) -> Table:
        """A table as it is now.

        ``filter`` holds lines, all of which must hold: "app = curl", "tx_bytes >= 1000", "comm ~= ssh"; ?1, ?2 … stand
        for ``values``, which need no quotes. ``order_by`` is "tx_bytes desc, pid".
        """
        lines = filter_lines(filter, columns, order_by, limit)
        return Table(self._raw.table(name, lines, [str(value) for value in values]), name)

    def batches(
        self, name: str, filter: str = "", *values: str | int | float, columns: Sequence[str] | None = None
    ) -> Iterator[Batch]:
        """The same batch by batch: each is freed when nothing uses it any more. For tables that are large."""
        stream = self._raw.table(name, filter_lines(filter, columns, None, None), [str(value) for value in values])
        fields = stream.schema.fields()
        names = {field[0]: index for index, field in enumerate(fields)}
        types = [field[1] for field in fields]
        while (raw := stream.next()) is not None:
            yield Batch(raw, stream.schema, names, types)

    def processes(self, filter: str = "", *values: str | int | float, **shape: Any) -> Table:
        """One row for each process that a source has named."""
        return self.table("processes", filter, *values, **shape)

    def apps(self, filter: str = "", *values: str | int | float, **shape: Any) -> Table:
        """One row for each program, across its processes."""
        return self.table("apps", filter, *values, **shape)

    def connections(self, filter: str = "", *values: str | int | float, **shape: Any) -> Table:
        """One row for each connection."""
        return self.table("connections", filter, *values, **shape)

    def endpoints(self, filter: str = "", *values: str | int | float, **shape: Any) -> Table:
        """One row for each remote address."""
        return self.table("endpoints", filter, *values, **shape)

    def baselines(self, filter: str = "", *values: str | int | float, **shape: Any) -> Table:
        """What is usual for each app and metric."""
        return self.table("baselines", filter, *values, **shape)

    def ledger(self, filter: str = "", *values: str | int | float, **shape: Any) -> Table:
        """Where every byte went: attributed, unattributed, evicted, lost."""
        return self.table("ledger", filter, *values, **shape)

    def series(self, who: str | int, metric: str = "tx_bytes") -> Series:
        """A metric of the last 15 minutes: of an app, of the processes of that name, or of a process by its pid."""
        base = "metric = ?2\n"
        if isinstance(who, int):
            table = self.table("series", base + "holder = process\npid = ?1", who, metric, columns=["time", "value"])
        else:
            table = self.table("series", base + "holder = app\napp = ?1", who, metric, columns=["time", "value"])
            if not len(table):
                table = self.table("series", base + "holder = process\ncomm = ?1", who, metric, columns=["time", "value"])
        times, where = np.unique(np.asarray(table["time"]), return_inverse=True)
        values = np.zeros(len(times), dtype=np.int64)
        np.add.at(values, where, np.asarray(table["value"]))
        return Series(str(who), metric, times, values)

    # ---- alerts ----

    def alerts(self) -> Alerts:
        """Changes of alerts that nobody has taken: ``for`` takes those that wait, ``async for`` goes on.

        The table ``alerts`` (``m.table("alerts")``) shows all that happened, taken or not.
        """
        return Alerts(self)

    def on_alert(self, sink: Callable[[Alert], None] | None) -> None:
        """Call ``sink`` with every change as soon as what brought it is taken in; None: they wait in :meth:`alerts`.

        It is called by the thread that steps, and may ask for tables and say rules. What it raises comes out of the
        step, or of :meth:`stop`.

        >>> import ipm
        >>> heard = []
        >>> with ipm.Monitor("drill:beacon") as m:
        ...     m.on_alert(lambda alert: heard.append(alert.kind))
        ...     m.run()
        >>> "beacon" in heard
        True
        """
        if sink is None:
            self._raw.set_alert_sink(None)
            return
        heard = sink
        self._raw.set_alert_sink(lambda raw: heard(alert_of(raw)))

    def rule(self, line: str) -> None:
        """Say something about alerts: "false_positive alert=12", "suppress kind=beacon app=… for=24h" (docs/alerts.md)."""
        self._raw.rule(line)

    # ---- what was learned, and how it goes ----

    def import_baselines(self, path: str | os.PathLike[str]) -> None:
        """Learn what a file of baselines knows."""
        self._raw.import_baselines(os.fspath(path))

    def export_baselines(self, path: str | os.PathLike[str]) -> None:
        """Write what was learned of each app to a file, whole or not at all."""
        self._raw.export_baselines(os.fspath(path))

    def stats(self) -> dict[str, Any]:
        """Counters, bounds and memory: every bound with its use, its high-water mark and its evictions."""
        return self._raw.stats()

    @property
    def time(self) -> np.datetime64:
        """How far the monitor has come, UTC."""
        return np.datetime64(self._raw.time_ns(), "ns")

    def __repr__(self) -> str:
        if self._raw.closed:
            return "<ipm.Monitor, closed>"
        stats = self._raw.stats()
        return f"<ipm.Monitor: {stats['sources']} sources, {stats['events']} events, {stats['flows']['used']} connections>"


@atexit.register
def _close_all() -> None:
    """Before the interpreter goes: no thread of the library may call into it then."""
    for monitor in list(_open_monitors):
        try:
            monitor.close()
        except Exception:  # Nobody is left to hear of it.
            pass
