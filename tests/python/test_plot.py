"""Pictures show what they were given: looked at through the artists, drawn without a display."""

from __future__ import annotations

import doctest
import subprocess
import sys
import warnings
from typing import Any, Iterator

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

import matplotlib.dates as mdates  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402

import ipm  # noqa: E402
from ipm import plot  # noqa: E402

T0 = np.datetime64("2026-03-02T00:00:00", "ns")  # A Monday.
SECOND = np.timedelta64(1, "s")
HOSTILE = ["$x^2$", "a\nb\rc", "x" * 10_000, "$\\frac{", "\x00\x1b[31m", "\u202eevil", "\\$", "", "$" * 99]


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def draw(ax: Any) -> None:
    """Whatever cannot be drawn fails here, and what overflows or is cut."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="Glyph .* missing from current font")
        ax.figure.canvas.draw()


def texts(ax: Any) -> str:
    legend = ax.get_legend()
    parts = [ax.get_title(), *(t.get_text() for t in ax.texts)]
    return "\n".join(parts + ([t.get_text() for t in legend.get_texts()] if legend else []))


def connections(**columns: Any) -> dict[str, Any]:
    """Columns as of the table connections; those not given are null."""
    count = len(next(iter(columns.values())))
    none, nat = [None] * count, np.full(count, np.datetime64("NaT"), dtype="datetime64[ns]")
    table: dict[str, Any] = {name: none for name in ("app", "comm", "remote_addr", "close_reason", "direction")}
    table.update({name: nat for name in ("opened", "first_seen", "last_seen", "closed")})
    table["remote_port"] = table["tx_bytes"] = np.full(count, np.nan)
    return table | columns


def spans(*seconds: tuple[float, float]) -> dict[str, Any]:
    begin = T0 + np.array([round(b * 1e9) for b, _ in seconds]).astype("timedelta64[ns]")
    end = T0 + np.array([round(e * 1e9) for _, e in seconds]).astype("timedelta64[ns]")
    return {"opened": begin, "first_seen": begin, "last_seen": end, "closed": end}


# ---- import ----


def test_matplotlib_is_imported_with_ipm_plot_only() -> None:
    code = "import sys, ipm; print('matplotlib' in sys.modules); ipm.plot.traffic; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "True"]


def test_examples_of_docstrings() -> None:
    result = doctest.testmod(plot)
    assert result.failed == 0 and result.attempted > 20


def test_an_attribute_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="plots"):
        ipm.plots


# ---- traffic ----


def test_traffic_of_connections_is_spread_over_their_life_and_keeps_every_byte() -> None:
    rows = connections(app=["a", "a", None], tx_bytes=[100, 40, 7], **spans((0, 10), (5, 5), (9, 9.5)))
    ax = plot.traffic(rows, every=5)
    first, second = (patch.get_data() for patch in ax.patches)
    assert first.values.tolist() == [10.0, 18.0]  # 50 B in 5 s, then 50 + 40 B.
    assert (second.values - first.values).tolist() == pytest.approx([0.0, 1.4])
    assert first.edges.tolist() == mdates.date2num(T0 + np.array([0, 5, 10]) * SECOND).tolist()
    assert "a: 140 B" in texts(ax) and "owner not known: 7 B" in texts(ax)
    assert ax.get_xlabel() == "time, UTC" and "bytes per second" in ax.get_ylabel()
    draw(ax)


def test_traffic_that_was_not_measured_is_named_and_not_drawn() -> None:
    rows = connections(app=["a", "b"], tx_bytes=np.ma.MaskedArray([5, 99], mask=[False, True]), **spans((0, 1), (0, 1)))
    ax = plot.traffic(rows, every=1)
    assert len(ax.patches) == 1
    assert "1 row without measured bytes not drawn" in ax.get_title()


def test_traffic_in_more_steps_than_anybody_wants_is_refused() -> None:
    rows = connections(app=["a"], tx_bytes=[1], **spans((0, 86_400)))
    for every in (0.0001, 0, -1):
        with pytest.raises(ValueError, match="every is"):
            plot.traffic(rows, every=every)


def test_traffic_beyond_the_first_apps_is_one_area() -> None:
    names = [f"app{number}" for number in range(12)]
    rows = connections(app=names, tx_bytes=np.arange(12) + 1, **spans(*[(0, 1)] * 12))
    ax = plot.traffic(rows, every=1, apps=3)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "app11: 12 B", "app10: 11 B", "app9: 10 B", "9 more: 45 B",
    ]  # fmt: skip
    assert ax.patches[-1].get_data().values.tolist() == [78.0]


def test_traffic_of_a_monitor_is_its_series_second_by_second() -> None:
    with ipm.Monitor("synthetic:?seed=1&events=20000") as m:
        m.run()
        ax = plot.traffic(m, every=1)
        rows = m.table("series", "holder = app\nmetric = tx_bytes").to_numpy()
        top = ax.patches[-1].get_data()
        for time, drawn in zip(top.edges[:-1], top.values):
            at = np.abs(mdates.date2num(rows["time"]) - time) < 1e-6
            assert drawn == rows["value"][at].sum()
        assert top.values.sum() == rows["value"].sum()
        assert plot.traffic(m.table("series"), every=1).patches[-1].get_data().values.sum() == rows["value"].sum()
        with pytest.raises(ValueError, match="whole seconds"):
            plot.traffic(m, every=0.5)


@pytest.mark.parametrize("metric", ["tx_bytes", "rx_bytes"])
def test_a_recorder_keeps_every_byte_of_the_table_apps(metric: str) -> None:
    with ipm.Monitor("synthetic:?seed=3&events=50000", settings={"lane_events": 2048}) as m:
        recorder = ipm.TrafficRecorder(m, every=2, metric=metric)
        recorder.run()
        gathered = recorder.traffic()
        apps = m.apps().to_numpy(["app", metric])
    assert len(gathered) > 5 and (gathered.seconds[:-1] >= 1).all()
    for app, total in zip(apps["app"], apps[metric]):
        assert gathered.values.get(app, np.zeros(1)).sum() == total
    top = plot.traffic(recorder).patches[-1].get_data()
    assert (top.values * gathered.seconds).sum() == pytest.approx(gathered.total().sum())
    frame = gathered.to_pandas()
    assert frame.shape == (len(gathered), len(gathered.values)) and str(frame.index.tz) == "UTC"


def test_a_recorder_that_begins_late_leaves_out_what_was_before() -> None:
    with ipm.Monitor("synthetic:?seed=3&events=50000", settings={"lane_events": 2048}) as m:
        for _ in range(5):
            m.step()
        before = m.apps()["tx_bytes"].sum()
        recorder = plot.TrafficRecorder(m, every=0)
        recorder.run()
        assert recorder.traffic().total().sum() == m.apps()["tx_bytes"].sum() - before


def day_of_calls(minutes: int) -> Iterator[Any]:
    """A call with 100 bytes every minute; a step ends after each."""
    begin = int(T0.astype("int64"))
    yield {"kind": "process_start", "time_ns": begin, "pid": 7, "start_ticks": 1, "exe": "/bin/a", "comm": "a", "uid": 1000}
    for minute in range(minutes):
        flow = {"pid": 7, "start_ticks": 1, "cookie": minute + 1, "proto": "tcp", "local_addr": "10.0.0.1",
                "local_port": 1000 + minute, "remote_addr": "192.0.2.1", "remote_port": 443}  # fmt: skip
        yield {"kind": "socket_data", "time_ns": begin + minute * 60 * 10**9, "layer": "app", "tx_bytes": 100, **flow}
        yield ipm.events.empty("time_advance", 0)


def test_a_recorder_looks_once_in_each_stretch_of_the_clock_where_the_source_lets_it() -> None:
    with ipm.Monitor(day_of_calls(60)) as m:
        recorder = plot.TrafficRecorder(m, every=600)
        recorder.run()
    gathered = recorder.traffic()
    assert ((gathered.edges[:-1] - T0) / np.timedelta64(60, "s")).tolist() == [0, 10, 20, 30, 40, 50]
    assert gathered.total().tolist() == [1100, 1000, 1000, 1000, 1000, 900]
    assert gathered.how == "means between looks at most 10 min apart"


# ---- series ----


def test_a_second_without_a_row_is_drawn_as_quiet_from_the_first_that_was_not() -> None:
    series = ipm.Series("curl", "opens", T0 + np.array([-2, -1, 0, 1, 4]) * SECOND, np.array([0, 0, 3, 2, 1]))
    ax = series.plot()
    assert ax.patches[0].get_data().values.tolist() == [3, 2, 0, 0, 1]
    assert ax.get_ylabel() == "opens per second"
    draw(ax)


# ---- baseline ----


def samples(count: int = 200) -> tuple[Any, Any]:
    return T0 + np.arange(count) * 60 * SECOND, 100.0 + np.arange(count) % 7


def lines_of(ax: Any) -> dict[str, Any]:
    return {line.get_label(): line for line in ax.get_lines()}


def test_baseline_marks_the_alarms_of_the_scorer_within_its_band() -> None:
    times, values = samples()
    values[150] = 900
    ax = plot.baseline(times, values, name="delay", unit="ms")
    expected = ipm.Score().update_many(times, values)
    alarm = lines_of(ax)["alarm"]
    assert alarm.get_xdata().tolist() == [mdates.date2num(times[150])] and alarm.get_ydata().tolist() == [900]
    band = ax.collections[0].get_paths()[0].get_extents()
    assert band.ymin == expected["expected_low"].min() and band.ymax == expected["expected_high"].max()
    assert ax.get_ylabel() == "delay, ms" and ax.get_title() == "200 samples, 1 alarm"
    draw(ax)


def test_baseline_leaves_missing_samples_as_gaps() -> None:
    times, values = samples()
    values[50:60] = np.nan
    ax = plot.baseline(times, values)
    for label in ("value", "expected"):
        drawn = lines_of(ax)[label].get_ydata()
        assert np.flatnonzero(np.isnan(drawn)).tolist() == list(range(50, 60))
    assert len(ax.collections[0].get_paths()) == 2  # The band is broken there too.
    assert "10 missing" in ax.get_title()
    masked = np.ma.MaskedArray(np.nan_to_num(values), mask=np.isnan(values))
    assert "10 missing" in plot.baseline(times, masked).get_title()


def test_baseline_needs_as_many_times_as_values() -> None:
    with pytest.raises(ValueError, match=r"\(2,\)"):
        plot.baseline([1, 2], [1.0])
    with pytest.raises(ValueError, match="whole nanoseconds"):
        plot.baseline([1.5, 2.5], [1.0, 2.0])


# ---- intervals ----


def test_intervals_are_those_between_sorted_calls() -> None:
    calls = T0 + np.array([0, 120, 60, 180, 240, 420]) * SECOND
    ax = plot.intervals(calls, bins=10)
    assert ax.get_title() == "5 intervals, median 60 s, regular to 100 %"
    assert sum(bar.get_height() for bar in ax.patches) == 5
    assert ax.get_lines()[0].get_xdata() == [60.0, 60.0]
    draw(ax)


def test_intervals_far_beyond_the_median_are_counted_in_the_title() -> None:
    calls = T0 + np.array([0, 60, 120, 180, 240, 90_000]) * SECOND
    ax = plot.intervals(calls)
    assert "1 longer not drawn" in ax.get_title()
    assert sum(bar.get_height() for bar in ax.patches) == 4


def test_intervals_count_only_this_app_and_remote_and_calls_whose_opening_was_seen() -> None:
    rows = connections(app=["a", "a", "b", "a", "a"], remote_addr=["r", "r", "r", "s", "r"],
                       **spans((0, 1), (60, 61), (70, 71), (80, 81), (90, 91)))  # fmt: skip
    rows["opened"][4] = np.datetime64("NaT")
    ax = plot.intervals(rows, app="a", remote="r")
    assert ax.get_title() == "a to r\n1 interval, median 60 s, too few to tell how regular"


def test_regularity_is_what_the_alert_says() -> None:
    with ipm.Monitor("drill:beacon") as m:
        m.run()
        told = [alert for alert in m.alerts() if alert.kind == "beacon" and alert.severity == "high"][0]
        rows = m.connections("app = ?1\nremote_addr = ?2", told.app, told.remote_addr, columns=["opened"])
        assert "intervals regular to 77 %" in told.evidence
    opened = np.sort(rows["opened"])
    opened = opened[opened <= np.datetime64(told.time_ns, "ns")]
    gaps = np.diff(opened[-33:]).astype("int64") / 1e9
    assert round(100 * plot.regularity(gaps)) == 77


def test_regularity_of_few_or_simultaneous_calls() -> None:
    assert plot.regularity([60, 60, 60]) is None
    assert plot.regularity([0, 0, 0, 0]) == 0.0
    draw(plot.intervals(np.repeat(T0, 6)))


# ---- destinations ----


def endpoints(**columns: Any) -> dict[str, Any]:
    count = len(columns["remote_addr"])
    return {"remote_name": [None] * count, "country": [None] * count, "scope": ["external"] * count} | columns


def test_destinations_are_ordered_by_bytes_with_their_country_or_none() -> None:
    rows = endpoints(remote_addr=["192.0.2.1", "192.0.2.2", "192.0.2.3"], remote_name=["a.example", None, "c.example"],
                     country=["DE", None, "FR"], tx_bytes=[10, 3000, 20])  # fmt: skip
    ax = plot.destinations(rows)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["192.0.2.2 (country unknown)", "c.example (FR)", "a.example (DE)"]
    assert [bar.get_width() for bar in ax.patches] == [3000, 20, 10]
    assert [text.get_text() for text in ax.texts] == ["3.0 kB", "20 B", "10 B"]
    draw(ax)


def test_destinations_without_measured_bytes_have_no_bar() -> None:
    rows = endpoints(remote_addr=["192.0.2.1", "192.0.2.2"], tx_bytes=np.ma.MaskedArray([5, 0], mask=[False, True]))
    ax = plot.destinations(rows)
    assert len(ax.patches) == 1 and ax.get_title() == "1 remote end; 1 more without measured bytes"


def test_destinations_beyond_the_limit_are_counted_and_shared_names_have_their_address() -> None:
    rows = endpoints(remote_addr=[f"192.0.2.{n}" for n in range(5)], remote_name=["x.example"] * 5, tx_bytes=np.arange(5))
    ax = plot.destinations(rows, limit=2)
    assert ax.get_title() == "2 of 5 remote ends"
    assert [t.get_text() for t in ax.get_yticklabels()] == [f"x.example 192.0.2.{n} (country unknown)" for n in (4, 3)]


# ---- timeline ----


def test_timeline_bars_reach_from_opening_to_end_in_the_colour_of_the_reason() -> None:
    rows = connections(comm=["curl", None], remote_addr=["192.0.2.1", "2001:db8::1"], remote_port=[443, 53],
                       direction=["out", "in"], close_reason=["refused", "orderly"], **spans((5, 6), (0, 10)))  # fmt: skip
    ax = plot.timeline(rows)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["owner not known ← [2001:db8::1]:53", "curl → 192.0.2.1:443"]
    bar = ax.patches[0]
    assert bar.get_x() == mdates.date2num(T0) and bar.get_width() == pytest.approx(10 / 86400)
    colours = [matplotlib.colors.to_hex(bar.get_facecolor()).upper() for bar in ax.patches]
    assert colours == [plot._REASONS["orderly"], plot._REASONS["refused"]]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["orderly", "refused"]
    draw(ax)


def test_timeline_says_what_is_open_and_whose_beginning_is_not_known() -> None:
    rows = connections(remote_addr=["192.0.2.1", "192.0.2.2"], **spans((0, 3), (1, 9)))
    rows["opened"], rows["closed"] = rows["opened"].copy(), rows["closed"].copy()
    rows["opened"][0] = rows["closed"][0] = np.datetime64("NaT")
    ax = plot.timeline(rows)
    assert ax.patches[0].get_width() == pytest.approx(9 / 86400)  # To the latest time in the table.
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["open", "unknown", "open before first seen"]
    assert ax.get_lines()[0].get_xdata().tolist() == [mdates.date2num(T0)]


def test_timeline_has_a_cap_which_its_title_states() -> None:
    rows = connections(remote_addr=["192.0.2.1"] * 50, **spans(*[(n, n + 1) for n in range(50)]))
    ax = plot.timeline(rows, limit=7)
    assert len(ax.patches) == 7 and ax.get_title() == "first 7 of 50 connections"


# ---- heatmap ----


def test_heatmap_is_the_mean_of_each_hour_and_hatched_where_nothing_was_watched() -> None:
    hour = np.timedelta64(3600, "s")
    rows = connections(app=["a", "a", "a"], tx_bytes=[3600, 7200, 36000], first_seen=T0 + np.array([0, 2, 7 * 24]) * hour)
    rows["last_seen"] = rows["first_seen"] + SECOND
    ax = plot.heatmap(rows)
    cells = np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
    assert cells[0, 0] == pytest.approx((3600 + 36000) / 7200)  # Two Mondays.
    assert cells[0, 1] == 0.0 and cells[0, 2] == pytest.approx(2.0)
    assert not np.isnan(cells).any()
    only = plot.heatmap(connections(app=["a"], tx_bytes=[60], first_seen=T0[None], last_seen=T0[None] + SECOND))
    cells = np.ma.filled(only.images[0].get_array().astype(float), np.nan)
    assert np.count_nonzero(~np.isnan(cells)) == 1 and "167 hours never watched" in only.get_title()
    draw(only)


# ---- nothing, and what is hostile ----


def empty_pictures() -> Iterator[Any]:
    none = connections(app=[])
    yield plot.traffic(none)
    yield plot.traffic(ipm.Traffic("tx_bytes", np.empty(0, "datetime64[ns]"), {}))
    yield plot.series(ipm.Series("curl", "tx_bytes", np.empty(0, "datetime64[ns]"), np.empty(0, "int64")))
    yield plot.baseline(np.empty(0, "datetime64[ns]"), np.empty(0))
    yield plot.intervals(none)
    yield plot.intervals([])
    yield plot.destinations(endpoints(remote_addr=[], tx_bytes=[]))
    yield plot.timeline(none)
    yield plot.heatmap(none)
    with ipm.Monitor("synthetic:?events=1") as m:
        for draw_monitor in (plot.traffic, plot.intervals, plot.destinations, plot.timeline, plot.heatmap):
            yield draw_monitor(m)
        yield plot.traffic(plot.TrafficRecorder(m))
        yield m.series("nobody").plot()


def test_nothing_to_draw_is_said_in_words() -> None:
    for ax in empty_pictures():
        assert not ax.patches and not ax.get_lines() and not ax.images
        assert len(ax.texts) == 1 and ax.texts[0].get_text().split()[0] in ("no", "0")
        draw(ax)


def test_no_traffic_is_a_frame_without_rows() -> None:
    pytest.importorskip("pandas")
    assert ipm.Traffic("tx_bytes", np.empty(0, "datetime64[ns]"), {}).to_pandas().shape == (0, 0)


def test_all_bytes_null_is_nothing_to_draw_and_says_why() -> None:
    null = np.ma.MaskedArray([0, 0], mask=True)
    ax = plot.traffic(connections(app=["a", "b"], tx_bytes=null, **spans((0, 1), (0, 1))))
    assert "bytes of 2 rows were not measured" in texts(ax)
    ax = plot.destinations(endpoints(remote_addr=["192.0.2.1", "192.0.2.2"], tx_bytes=null))
    assert "bytes of 2 remote ends were not measured" in texts(ax)


def hostile_pictures() -> Iterator[Any]:
    count = len(HOSTILE)
    rows = connections(app=HOSTILE, comm=HOSTILE, remote_addr=HOSTILE, close_reason=HOSTILE,
                       tx_bytes=np.arange(count) + 1, **spans(*[(0, 5)] * count))  # fmt: skip
    times, values = samples(50)
    for offset in range(0, count, 7):  # All of them get an area of their own.
        yield plot.traffic({name: column[offset : offset + 7] for name, column in rows.items()})
    yield plot.timeline(rows)
    yield plot.destinations(endpoints(remote_addr=HOSTILE, remote_name=HOSTILE, country=HOSTILE, tx_bytes=[1] * count))
    for name in HOSTILE:
        yield plot.intervals(rows, app=name, remote=name)
        yield plot.intervals(connections(app=[name] * 5, remote_addr=[name] * 5, **spans(*[(n, n) for n in range(5)])), app=name)
        yield plot.series(ipm.Series(name, name, times[:3], np.arange(3)))
        yield plot.series(ipm.Series(name, name, times[:0], np.arange(0)))
        yield plot.baseline(times, values, name=name, unit=name)


def test_hostile_names_are_drawn_as_they_are_on_one_line_and_cut() -> None:
    for ax in hostile_pictures():
        draw(ax)
        plt.close(ax.figure)
    assert plot.one_line("$x^2$") == r"\$x^2\$"
    assert plot.one_line("a\nb\x00") == r"a\nb\x00"
    assert plot.one_line("\u202eevil") == r"\u202eevil"
    assert len(plot.one_line("x" * 10_000)) <= 40


def test_an_axes_that_is_given_is_drawn_on_and_returned() -> None:
    figure, ax = plt.subplots()
    assert plot.intervals(T0 + np.arange(9) * SECOND, ax) is ax
    assert len(plt.get_fignums()) == 1
    del figure


def test_a_dataframe_draws_as_its_table() -> None:
    pytest.importorskip("pandas")
    with ipm.Monitor("synthetic:?seed=1&events=20000") as m:
        m.run()
        table, ends = m.connections(), m.endpoints()
    for draw_rows, rows in ((plot.traffic, table), (plot.timeline, table), (plot.destinations, ends), (plot.heatmap, table)):
        one, two = draw_rows(rows), draw_rows(rows.to_pandas())
        assert texts(one) == texts(two)
        assert [p.get_extents().bounds for p in one.patches] == [p.get_extents().bounds for p in two.patches]
