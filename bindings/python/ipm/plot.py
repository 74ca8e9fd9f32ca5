"""Pictures of what a monitor knows, with matplotlib.

Each function takes a monitor, a table, a DataFrame or arrays, and an Axes to draw on (None: a new figure); it returns the
Axes. Times are UTC. What was not measured is a gap or is named in the title, and never drawn as 0. Colours are those of
Okabe and Ito, which colour-blind people tell apart.

>>> import ipm
>>> with ipm.Monitor("synthetic:?seed=1&events=5000") as m:
...     m.run()
...     ax = ipm.plot.traffic(m)
>>> ax.get_xlabel()
'time, UTC'
"""

from __future__ import annotations

from typing import Any, Union

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter, MaxNLocator

from ._drawing import (
    ALARM,
    GREY,
    PALETTE,
    axes_for,
    bytes_text,
    bytes_ticks,
    counted,
    day_numbers,
    metric_words,
    nothing,
    one_line,
    time_axis,
)
from ._monitor import Monitor, Series
from ._score import Score
from ._traffic import (
    Rows,
    Traffic,
    TrafficRecorder,
    floats,
    floats_of,
    of_connections,
    of_series,
    texts_of,
    times,
    times_of,
)

__all__ = [
    "Traffic",
    "TrafficRecorder",
    "baseline",
    "destinations",
    "heatmap",
    "intervals",
    "regularity",
    "series",
    "timeline",
    "traffic",
]

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_REASONS = {
    "open": PALETTE[0],
    "orderly": PALETTE[2],
    "idle": PALETTE[4],
    "reset_by_peer": PALETTE[5],
    "reset_here": PALETTE[1],
    "refused": PALETTE[3],
    "timeout": PALETTE[6],
    "unreachable": "#000000",
}

#: What traffic() and heatmap() draw: a monitor (its last 15 minutes), the table ``series`` or ``connections``, or what
#: was recorded.
TrafficLike = Union[Monitor, Rows, Traffic, TrafficRecorder]


def _traffic_of(source: TrafficLike, metric: str, every: float | None) -> Traffic:
    if isinstance(source, Traffic):
        return source
    if isinstance(source, TrafficRecorder):
        return source.traffic()
    if isinstance(source, Monitor):
        source = source.table("series", "holder = app\nmetric = ?1", metric)
    names = list(source.columns) if hasattr(source, "columns") else list(source)
    return of_series(source, metric, every) if "holder" in names else of_connections(source, metric, every)


def _unmeasured(gathered: Traffic) -> str:
    return f"\n{counted(gathered.unmeasured, 'row')} without measured bytes not drawn" if gathered.unmeasured else ""


# ---- traffic over time ----


def traffic(
    source: TrafficLike, ax: Axes | None = None, *, metric: str = "tx_bytes", every: float | None = None, apps: int = 7
) -> Axes:
    """Bytes per second over time, stacked by app; beyond the ``apps`` with most (at most 7), the rest is one area.

    ``source`` is one of:

    - a monitor, or its table ``series``: the last 15 minutes, exact to the second;
    - the table ``connections``: the whole run. A row has one sum of bytes, which is spread evenly over the life of the
      connection: right to about the length of connections;
    - a :class:`TrafficRecorder` or a :class:`Traffic`: as it was gathered, whatever the length.

    ``every``: seconds that are one step of the picture (None: at most 120 steps); of what was gathered it has no effect.

    >>> import ipm
    >>> with ipm.Monitor("drill:beacon") as m:
    ...     m.run()
    ...     ax = ipm.plot.traffic(m.connections(), every=3600)
    >>> ax.get_title().splitlines()[0]
    'Traffic by app, mean over 1 h, bytes spread evenly over the life of each connection'
    """
    ax = axes_for(ax, (9, 4))
    gathered = _traffic_of(source, metric, every)
    word = metric_words(gathered.metric)
    if not len(gathered) or not gathered.total().any():
        hint = ""
        if isinstance(source, Monitor):
            hint = " in the last 15 minutes by an app\n(traffic(m.connections()) draws the whole run)"
        elif gathered.unmeasured:
            hint = f": bytes of {counted(gathered.unmeasured, 'row')} were not measured"
        return nothing(ax, f"no bytes {word}{hint}")
    edges = day_numbers(gathered.edges)
    order = sorted(gathered.values, key=lambda app: -float(gathered.values[app].sum()))
    order = [app for app in order if gathered.values[app].any()]
    shown = [app for app in order if app is not None][: max(1, min(apps, len(PALETTE)))]
    areas = [(one_line(app, 32), PALETTE[number], gathered.values[app]) for number, app in enumerate(shown)]
    rest = [app for app in order if app is not None and app not in shown]
    if rest:
        areas.append((f"{len(rest)} more", GREY, np.sum([gathered.values[app] for app in rest], axis=0)))
    if None in order:
        areas.append(("owner not known", "#DDDDDD", gathered.values[None]))
    below = np.zeros(len(gathered))
    for label, colour, count in areas:
        above = below + count / gathered.seconds
        ax.stairs(above, edges, baseline=below, fill=True, color=colour, label=f"{label}: {bytes_text(count.sum())}")
        below = above
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(bytes_ticks("B/s"))
    ax.set_ylabel(f"{word}, bytes per second")
    time_axis(ax)
    ax.set_title(f"Traffic by app, {gathered.how}{_unmeasured(gathered)}", fontsize="medium")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize="small", frameon=False)
    return ax


def series(series: Series, ax: Axes | None = None) -> Axes:
    """A metric over time, second by second; ``Series.plot()`` calls this.

    A second that the series does not have was quiet, and is drawn as 0. It begins with the first that was not.

    >>> import ipm, numpy as np
    >>> times = np.array(["2026-01-01T00:00:00", "2026-01-01T00:00:03"], dtype="datetime64[ns]")
    >>> ax = ipm.plot.series(ipm.Series("curl", "tx_bytes", times, np.array([1000, 500])))
    >>> ax.patches[0].get_data().values.tolist()
    [1000.0, 0.0, 0.0, 500.0]
    """
    ax = axes_for(ax, (9, 3))
    name = one_line(series.name, 60)
    if not series.values.any():
        return nothing(ax, f"no {one_line(series.metric)} of {name} in the last 15 minutes")
    when, values = _every_second(series)
    edges = np.append(when, when[-1] + np.timedelta64(1, "s"))
    ax.stairs(values, day_numbers(edges), fill=True, color=PALETTE[0])
    ax.set_ylim(bottom=0)
    ax.set_title(f"{name}, second by second", fontsize="medium")
    _value_axis(ax, series.metric)
    time_axis(ax)
    return ax


def _every_second(series: Series) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.float64]]:
    seconds = series.times.astype("datetime64[s]").astype("int64")
    first = int(seconds[series.values != 0].min())
    values = np.zeros(int(seconds.max()) - first + 1)
    np.add.at(values, seconds[seconds >= first] - first, series.values[seconds >= first])
    return np.arange(first, first + len(values)).astype("datetime64[s]").astype("datetime64[ns]"), values


def _value_axis(ax: Axes, metric: str) -> None:
    if "bytes" in metric:
        ax.yaxis.set_major_formatter(bytes_ticks("B/s"))
        ax.set_ylabel(f"{metric_words(metric)}, bytes per second")
    else:
        ax.yaxis.set_major_formatter(EngFormatter())
        ax.set_ylabel(f"{one_line(metric).replace('_', ' ')} per second")


# ---- what is usual ----


def baseline(
    when: Series | npt.ArrayLike,
    values: npt.ArrayLike | None = None,
    ax: Axes | None = None,
    *,
    score: Score | None = None,
    name: str = "value",
    unit: str = "",
) -> Axes:
    """A series with what a detector expected at each sample, and its alarms.

    ``when``: shape (n,), datetime64 in UTC or nanoseconds since 1970, oldest first; ``values``: shape (n,), in ``unit``,
    NaN where missing, which is a gap. Or a :class:`~ipm.Series` in place of both. ``score``: the detector, which learns
    from it (None: a new one, for a series of bytes with ``log_scale``). One sample in ten is usually below the band, one
    above.

    >>> import ipm, numpy as np
    >>> times = np.datetime64("2026-01-01", "ns") + np.arange(200) * np.timedelta64(60, "s")
    >>> values = 100.0 + np.arange(200) % 7
    >>> values[150] = 900
    >>> ax = ipm.plot.baseline(times, values, unit="ms")
    >>> ax.get_title()
    '200 samples, 1 alarm'
    """
    ax = axes_for(ax, (9, 4))
    by_bytes = False
    if isinstance(when, Series):
        by_bytes = "bytes" in when.metric
        name, unit = f"{when.name} {when.metric}", "B/s" if by_bytes else ""
        when, values = _every_second(when) if when.values.any() else (when.times[:0], when.values[:0])
    moments, samples = times(when), floats(values if values is not None else [])
    if moments.ndim != 1 or samples.shape != moments.shape:
        raise ValueError(f"times of shape {moments.shape} and values of shape {samples.shape}: both must be (n,)")
    if not len(samples):
        return nothing(ax, "no samples")
    found = (Score(log_scale=by_bytes) if score is None else score).update_many(moments, samples)
    gap = np.isnan(samples)
    expected, low, high = (np.where(gap, np.nan, found["expected" + end]) for end in ("", "_low", "_high"))
    x = day_numbers(moments)
    ax.fill_between(x, low, high, color=PALETTE[4], alpha=0.5, lw=0, label="usual (8 in 10)")
    ax.plot(x, expected, color=PALETTE[0], lw=0.8, ls="--", label="expected")
    # A marker on lone samples between gaps, which have no line.
    ax.plot(x, samples, color="black", lw=0.6, label=one_line(name, 32), marker=".", markersize=1.5)
    alarms = np.asarray(found["alarm"], dtype=bool)
    count = int(np.count_nonzero(alarms))
    if count:
        ax.plot(x[alarms], samples[alarms], ls="", marker="o", mfc="none", mec=ALARM, mew=2, ms=9, label="alarm")
    missing = int(np.count_nonzero(gap))
    gaps = f", {missing:,} missing" if missing else ""
    ax.set_title(f"{counted(len(samples), 'sample')}{gaps}, {counted(count, 'alarm')}", fontsize="medium")
    if by_bytes or unit in ("B", "B/s"):
        ax.yaxis.set_major_formatter(bytes_ticks(unit))
    ax.set_ylabel(one_line(name, 60) + (f", {one_line(unit, 12)}" if unit else ""))
    time_axis(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize="small", frameon=False)
    return ax


# ---- regular calls ----


def regularity(gaps: npt.ArrayLike) -> float | None:
    """How regular intervals are, 0 to 1: what alerts of the kind beacon say, here over all of ``gaps``, shape (n,).

    Half of it is the symmetry and narrowness of their spread, half the share of those near the median, its double or
    triple. None of fewer than 4. The alert looks at the last 32 only.

    >>> round(regularity([60, 61, 59, 60, 60, 120]), 2)
    1.0
    """
    values = np.sort(np.asarray(gaps, dtype=float))
    count = len(values)
    if count < 4:
        return None
    median = float(np.median(values))
    if median <= 0:
        return 0.0
    low, high = values[count // 4], values[count - 1 - count // 4]
    flat = high - low < median * 0.01 or median in (low, high)
    skew = 0.0 if flat else (low + high - 2 * median) / (high - low)
    narrow = max(0.0, 1 - float(np.median(np.abs(values - median))) / median)
    periods = np.clip(np.round(values / median), 1, 3)
    near = np.abs(values - periods * median) <= 0.25 * median * np.where(periods == 1, 1, 1.2)
    return float(((1 - abs(skew) + narrow) / 2 + near.mean()) / 2)


_SCALES = ((3600.0, "h", "hours"), (60.0, "min", "minutes"), (1.0, "s", "seconds"))


def intervals(
    source: Monitor | Rows | npt.ArrayLike,
    ax: Axes | None = None,
    *,
    app: str | None = None,
    remote: str | None = None,
    bins: int = 40,
) -> Axes:
    """How long it took from one connection to the next, of one app to one remote: a beacon is one narrow hill.

    ``source``: a monitor or its table ``connections``, of which rows with this ``app`` and ``remote`` (``remote_addr``)
    count, and those only whose opening was seen; or the times of the calls, shape (n,), datetime64 in UTC or nanoseconds
    since 1970. The title has the median and :func:`regularity`; what is longer than ten times the median is not drawn,
    and the title says how many.

    >>> import ipm, numpy as np
    >>> calls = np.datetime64("2026-01-01", "ns") + np.arange(20) * np.timedelta64(60, "s")
    >>> ipm.plot.intervals(calls).get_title()
    '19 intervals, median 60 s, regular to 100 %'
    """
    ax = axes_for(ax, (7, 4))
    calls = np.sort(_calls(source, app, remote))
    calls = calls[~np.isnat(calls)]
    who = one_line(app) if app is not None else ""
    if remote is not None:
        who += f" to {one_line(remote)}" if who else f"to {one_line(remote)}"
    gaps = np.diff(calls.astype("int64")) / 1e9
    if not len(gaps):
        return nothing(ax, f"{counted(len(calls), 'call')}{' of ' + who if who else ''}: no interval between them")
    median = float(np.median(gaps))
    scale, unit, noun = next((scale for scale in _SCALES if median > 1.5 * scale[0]), _SCALES[-1])
    longest = max(10 * median, float(np.min(gaps))) if median > 0 else float(np.max(gaps))
    shown = gaps[gaps <= longest] / scale
    ax.hist(shown, bins=bins, range=_range_of(shown, median / scale), color=PALETTE[0])
    ax.axvline(median / scale, color=ALARM, ls="--", lw=1.5, label=f"median {median / scale:.3g} {unit}")
    ax.set_xlabel(f"from one call to the next, {noun}")
    ax.set_ylabel("intervals")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    regular = regularity(gaps)
    parts = [counted(len(gaps), "interval"), f"median {median / scale:.3g} {unit}"]
    parts.append("too few to tell how regular" if regular is None else f"regular to {100 * regular:.0f} %")
    if len(shown) < len(gaps):
        parts.append(f"{len(gaps) - len(shown)} longer not drawn")
    ax.set_title((who + "\n" if who else "") + ", ".join(parts), fontsize="medium")
    ax.legend(loc="upper right", fontsize="small")
    return ax


def _range_of(shown: npt.NDArray[np.float64], median: float) -> tuple[float, float]:
    """From 0, so that a narrow hill is seen to be narrow."""
    return 0.0, max(float(shown.max(initial=0.0)) * 1.05, median * 2, 1e-9)


def _calls(source: Monitor | Rows | npt.ArrayLike, app: str | None, remote: str | None) -> npt.NDArray[np.datetime64]:
    if isinstance(source, Monitor):
        source = source.connections(columns=["app", "remote_addr", "opened"])
    if isinstance(source, (np.ndarray, list, tuple)):
        return times(source)
    rows: Any = source
    opened = times_of(rows, "opened")
    chosen = np.ones(len(opened), dtype=bool)
    for column, wanted in (("app", app), ("remote_addr", remote)):
        if wanted is not None:
            chosen &= np.array([value == wanted for value in texts_of(rows, column)], dtype=bool)
    return np.asarray(opened[chosen])


# ---- who was called ----


def destinations(source: Monitor | Rows, ax: Axes | None = None, *, metric: str = "tx_bytes", limit: int = 15) -> Axes:
    """Remote ends with most bytes, as bars with name or address and country.

    ``source``: a monitor or its table ``endpoints``. A country that no database knows is "country unknown" (docs/
    enrichment.md: ``geoip.country``). Remote ends whose bytes could not be measured have no bar; the title counts them,
    and what is beyond ``limit``.

    >>> import ipm
    >>> rows = {"remote_addr": ["192.0.2.1", "192.0.2.2"], "remote_name": ["a.example", None],
    ...         "country": ["DE", None], "scope": ["external"] * 2, "tx_bytes": [2000, 1000]}
    >>> [label.get_text() for label in ipm.plot.destinations(rows).get_yticklabels()]
    ['a.example (DE)', '192.0.2.2 (country unknown)']
    """
    ax = axes_for(ax, (8, 5))
    wanted = ["remote_addr", "remote_name", "country", "scope", metric]
    rows = source.endpoints(columns=wanted) if isinstance(source, Monitor) else source
    values = floats_of(rows, metric)
    measured = np.flatnonzero(np.isfinite(values))
    unmeasured = len(values) - len(measured)
    order = measured[np.argsort(-values[measured], kind="stable")][:limit]
    word = metric_words(metric)
    if not len(order):
        without = f": bytes of {counted(unmeasured, 'remote end')} were not measured" if unmeasured else ""
        return nothing(ax, f"no remote ends with bytes {word}{without}")
    addresses, names = texts_of(rows, "remote_addr"), texts_of(rows, "remote_name")
    countries, scopes = texts_of(rows, "country"), texts_of(rows, "scope")
    called = [names[row] for row in order]
    labels = []
    for row in order:
        name = names[row]
        label = one_line(addresses[row], 42) if name is None else one_line(name)
        if name is not None and called.count(name) > 1:
            label = f"{one_line(name, 30)} {one_line(addresses[row], 42)}"
        country = countries[row]
        labels.append(f"{label} ({one_line(country, 8) if country is not None else 'country unknown'})")
    colours = {"external": PALETTE[0], "internal": PALETTE[1], "link": PALETTE[2], "loopback": PALETTE[3]}
    bars = ax.barh(np.arange(len(order)), values[order], color=[colours.get(scopes[row] or "", GREY) for row in order])
    ax.bar_label(bars, [bytes_text(values[row]) for row in order], padding=3, fontsize="small")
    ax.set_yticks(np.arange(len(order)), labels)
    ax.invert_yaxis()
    ax.set_xlim(0, 1.25 * max(1.0, float(values[order[0]])))  # Room for the numbers.
    ax.xaxis.set_major_formatter(bytes_ticks("B"))
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.set_xlabel(f"{word}, bytes")
    title = f"{len(order)} of " * (len(order) < len(measured)) + counted(len(measured), "remote end")
    if unmeasured:
        title += f"; {unmeasured:,} more without measured bytes"
    ax.set_title(title, fontsize="medium")
    present = [scope for scope in colours if scope in {scopes[row] for row in order}]
    handles = [Patch(color=colours[scope], label=scope) for scope in present]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), fontsize="small", frameon=False)
    return ax


# ---- connections ----

_OF_CONNECTIONS = ["app", "comm", "remote_addr", "remote_port", "direction"]
_OF_CONNECTIONS += ["opened", "first_seen", "last_seen", "closed", "close_reason"]


def timeline(source: Monitor | Rows, ax: Axes | None = None, *, limit: int = 40) -> Axes:
    """Connections as bars from their beginning to their end, coloured by how they ended.

    ``source``: a monitor or its table ``connections``. In order of beginning; of more than ``limit`` the earliest are
    drawn, and the title says so: filter the table for others. One that is still open reaches to the monitor's time, or
    to the latest time in the table. Of one that was open before it was first seen, the beginning is not known: a
    triangle stands there.

    >>> import ipm
    >>> with ipm.Monitor("synthetic:?seed=1&events=5000") as m:
    ...     m.run()
    ...     ax = ipm.plot.timeline(m, limit=10)
    >>> ax.get_title().startswith("first 10 of ")
    True
    """
    rows = source.connections(columns=_OF_CONNECTIONS) if isinstance(source, Monitor) else source
    opened, first = times_of(rows, "opened"), times_of(rows, "first_seen")
    ax = axes_for(ax, (9, 1.5 + 0.18 * min(limit, max(8, len(first)))))
    if not len(first):
        return nothing(ax, "no connections")
    begin = np.where(np.isnat(opened), first, opened)
    closed, last = times_of(rows, "closed"), times_of(rows, "last_seen")
    now = source.time if isinstance(source, Monitor) else np.nanmax(np.concatenate([closed, last, begin]))
    end = np.maximum(np.where(np.isnat(closed), np.maximum(last, now), closed), begin)
    order = np.argsort(begin, kind="stable")[:limit]
    reasons = [reason or "unknown" for reason in texts_of(rows, "close_reason")]
    hows = ["open" if np.isnat(closed[row]) else reasons[row] for row in order]
    left, right = day_numbers(begin[order]), day_numbers(end[order])
    places = np.arange(len(order))
    colours = [_REASONS.get(how, GREY) for how in hows]
    # The edge keeps a bar visible that is narrower than a pixel.
    ax.barh(places, right - left, left=left, height=0.7, color=colours, edgecolor=colours, linewidth=1.5)
    unknown = np.isnat(opened[order])
    if unknown.any():
        ax.plot(left[unknown], places[unknown], ls="", marker="<", color="black", ms=5)
    ax.set_yticks(places, _connection_labels(rows, order), fontsize="small")
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.use_sticky_edges = False
    ax.margins(x=0.02)
    title = f"first {len(order)} of " * (len(order) < len(first)) + counted(len(first), "connection")
    ax.set_title(title, fontsize="medium")
    time_axis(ax)
    seen = [how for how in dict.fromkeys([*_REASONS, *hows]) if how in hows]
    handles: list[Any] = [Patch(color=_REASONS.get(how, GREY), label=one_line(how.replace("_", " "), 24)) for how in seen]
    if unknown.any():
        handles.append(Line2D([], [], ls="", marker="<", color="black", label="open before first seen"))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), fontsize="small", frameon=False)
    return ax


def _connection_labels(rows: Rows, order: npt.NDArray[np.intp]) -> list[str]:
    comms, apps, remotes = texts_of(rows, "comm"), texts_of(rows, "app"), texts_of(rows, "remote_addr")
    ports, directions = floats_of(rows, "remote_port"), texts_of(rows, "direction")
    labels = []
    for row in order:
        owner = comms[row] or apps[row]
        remote = remotes[row]
        end = "no remote end" if remote is None else (f"[{remote}]" if ":" in remote else remote)
        port = "" if np.isnan(ports[row]) else f":{ports[row]:.0f}"
        arrow = {"in": "←", "out": "→"}.get(directions[row] or "", "–")
        labels.append(f"{'owner not known' if owner is None else one_line(owner, 24)} {arrow} {one_line(end, 42)}{port}")
    return labels


# ---- the week ----


def heatmap(source: TrafficLike, ax: Axes | None = None, *, metric: str = "tx_bytes") -> Axes:
    """Bytes per second by hour of the day and day of the week, both in UTC.

    ``source`` as for :func:`traffic`. A cell is the mean over the time in which this hour was watched; one that never was
    is hatched. A stretch that lies in several hours (of a recorder) is divided among them evenly.

    >>> import ipm
    >>> with ipm.Monitor("drill:beacon") as m:
    ...     m.run()
    ...     ax = ipm.plot.heatmap(m.connections())
    >>> ax.get_ylabel()
    'day of the week, UTC'
    """
    ax = axes_for(ax, (9, 3.5))
    gathered = _traffic_of(source, metric, None if isinstance(source, (Monitor, Traffic, TrafficRecorder)) else 3600)
    word = metric_words(gathered.metric)
    if not len(gathered):
        return nothing(ax, f"no bytes {word}")
    rate = week_of(gathered)
    ax.set_facecolor("#EEEEEE")
    ax.patch.set_hatch("///")
    ax.patch.set_edgecolor("#BBBBBB")
    image = ax.imshow(rate, aspect="auto", cmap="cividis", vmin=0, interpolation="nearest")
    bar = ax.figure.colorbar(image, ax=ax, format=bytes_ticks("B/s"))
    bar.set_label(f"{word}, bytes per second")
    ax.set_xticks(np.arange(0, 24, 3), [f"{hour:02d}" for hour in range(0, 24, 3)])
    ax.set_yticks(np.arange(7), _WEEKDAYS)
    ax.set_xlabel("hour of the day, UTC")
    ax.set_ylabel("day of the week, UTC")
    unwatched = int(np.count_nonzero(np.isnan(rate)))
    title = "Mean traffic of each hour of the week"
    if unwatched:
        title += f"; {counted(unwatched, 'hour')} never watched (hatched)"
    ax.set_title(title + _unmeasured(gathered), fontsize="medium")
    return ax


def week_of(gathered: Traffic) -> npt.NDArray[np.float64]:
    """Mean bytes per second of each hour of the week, shape (7, 24), Monday first; NaN where nothing was watched."""
    hour_ns = 3_600_000_000_000
    edges = gathered.edges.astype("int64")
    hours = np.arange(edges[0] // hour_ns, (edges[-1] - 1) // hour_ns + 2)
    cuts = np.clip(hours * hour_ns, edges[0], edges[-1])
    at = np.concatenate([[0.0], np.cumsum(gathered.total())])
    until = np.interp((cuts - edges[0]).astype(float), (edges - edges[0]).astype(float), at)
    seconds, count = np.zeros(168), np.zeros(168)
    place = (hours[:-1] + 72) % 168  # 1970 began on a Thursday.
    np.add.at(seconds, place, np.diff(cuts) / 1e9)
    np.add.at(count, place, np.diff(until))
    return np.divide(count, seconds, out=np.full(168, np.nan), where=seconds > 0).reshape(7, 24)
