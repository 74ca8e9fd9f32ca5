"""The monitor: sources, time, threads, forks, the end of the interpreter, and what it raises."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any, Iterator

import ipm
import numpy as np
import pytest
from conftest import DATA, START_NS, flow_events


def script(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text), *arguments], capture_output=True, text=True, timeout=60
    )


# ---- sources ----


def test_a_generator_of_dicts_is_a_source() -> None:
    with ipm.Monitor(flow_events(seconds=2000)) as m:
        m.run()
        row = next(m.connections().rows())
        assert (row["tx_bytes"], row["comm"], row["remote_port"], row["proto"]) == (20_000, "letters", 443, "tcp")
        process = next(m.processes().rows())
        assert process["exe"] == "/usr/bin/letters"
        assert (process["tx_bytes"], process["rx_bytes"], process["rx_rate"]) == (20_000, None, None)  # Not measured.
        assert m.time == np.datetime64(START_NS + 1999 * 10**9, "ns")
        assert not m.step()


def test_arrays_and_dicts_keep_their_order() -> None:
    def items() -> Iterator[Any]:
        every = list(flow_events(seconds=10))
        yield every[0]
        yield every[1]
        batch = ipm.events.empty("socket_data", 100_000)  # More than a lane holds.
        batch["time_ns"] = START_NS + 10**9 + np.arange(100_000) * 1000
        batch["process"] = ipm.events.process_ref(10, 5)
        batch["flow"] = 7
        batch["payload"]["measured"] = 1
        batch["payload"]["layer"] = 1
        batch["payload"]["tx_bytes"] = 1
        yield batch
        yield from every[2:]

    with ipm.Monitor(items()) as m:
        m.run()
        assert m.connections()["tx_bytes"].tolist() == [10 * 10 + 100_000]
        assert m.stats()["events_late"] <= 100_000
        assert m.sources()[0]["dropped"] == 0


def test_what_a_source_raises_comes_out_of_the_step() -> None:
    def items() -> Iterator[dict[str, Any]]:
        yield from flow_events(seconds=3)
        raise RuntimeError("the disk is gone")

    with ipm.Monitor(items()) as m:
        with pytest.raises(RuntimeError, match="the disk is gone"):
            m.run()
        m.run()
        assert m.connections()["tx_bytes"].tolist() == [30]  # What came before it stays.


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (dict(kind="socket_dat"), "there is no kind of event 'socket_dat'"),
        (dict(kind="socket_data", bytes=1), "an event socket_data has no 'bytes'"),
        (dict(kind="socket_data", layer="apps"), "layer is 'apps': one of none, app"),
        (dict(kind="socket_data", remote_addr="1.2.3"), "1.2.3"),
        (dict(kind="time_advance", x=1), "an event time_advance has no 'x'"),
    ],
)
def test_an_event_that_cannot_be_meant_is_named(event: dict[str, Any], message: str) -> None:
    with ipm.Monitor([event]) as m:
        with pytest.raises(ValueError, match=message):
            m.run()


def test_an_item_that_is_no_event_is_named() -> None:
    with ipm.Monitor([7]) as m:  # type: ignore[list-item]
        with pytest.raises(TypeError, match="not int"):
            m.run()


def test_layouts_are_those_of_the_library() -> None:
    """Every field lands where the library looks for it: its own words for the event have them."""
    import json

    flow = dict(proto="udp", direction="in", local_addr="10.1.2.3", local_port=53, remote_addr="::9", remote_port=999)
    flow["netns"] = 4026531840  # type: ignore[assignment]
    given: list[dict[str, Any]] = [
        dict(kind="socket_data", layer="ip", tx_bytes=1, rx_bytes=2, tx_packets=3, rx_packets=4, **flow),
        dict(kind="tcp_snapshot", srtt_us=1, jitter_us=2, min_rtt_us=3, tx_retransmits=4, rx_out_of_order=5, **flow),
        dict(kind="socket_established", handshake_us=77, **flow),
        dict(kind="retransmit", count=5, **flow),
        dict(kind="process_sample", cpu_ns=1, rss_bytes=2, read_bytes=3, write_bytes=4),
        dict(kind="dns_answer", question_type=28, response_code=0, address="192.0.2.9", ttl_s=60, **flow),
        dict(kind="process_exit", exit_code=-9),
        dict(kind="interface", rx_bytes=1, tx_bytes=2, rx_packets=3, tx_packets=4, index=7, name="eth0"),
    ]

    class Texts:
        def text(self, text: str, time_ns: int = 0) -> int:
            return 1

    lines = ipm.events.lines(ipm.events.pack([{**each, "pid": 42, "start_ticks": 99} for each in given], Texts()))
    for told, event in zip(map(json.loads, lines), given):
        assert told["kind"] == event["kind"] and told["pid"] == 42
        for key, value in event.items():
            if key in told:
                assert told[key] == value, (event["kind"], key)
        untold = {"interface": {"index", "rx_packets", "tx_packets"}, "process_exit": {"exit_code"}}
        assert set(event) - set(told) <= untold.get(event["kind"], set()), told


def test_a_path_is_a_capture_or_a_recording(tmp_path: Path) -> None:
    log = tmp_path / "run.ipmlog"
    with ipm.Monitor(settings="") as m:
        m.record(log)
        m.add_source(flow_events())
        m.run()
        m.record(None)
    with ipm.Monitor(log) as m:
        m.run()
        assert m.connections()["tx_bytes"].tolist() == [1000]
    capture = min((DATA / "captures").glob("*.pcap"))
    with ipm.Monitor(capture) as m:
        m.run()
        assert m.sources()[0]["uri"] == f"pcap:{capture}"
    with pytest.raises(FileNotFoundError):
        ipm.Monitor(tmp_path / "nothing.pcap")
    with pytest.raises(ipm.CorruptError, match="neither an event log nor event lines"):
        ipm.Monitor(Path(sys.executable))


def test_a_lane_from_a_thread() -> None:
    with ipm.Monitor() as m:
        lane = m.add_lane("mine", 1024)
        batch = ipm.events.empty("socket_data", 500)
        batch["process"] = ipm.events.process_ref(10, 5)
        batch["flow"] = 3
        batch["payload"]["tx_bytes"] = 2
        batch["payload"]["measured"] = 1
        batch["payload"]["layer"] = 1
        producer = threading.Thread(target=lambda: lane.push(batch))
        producer.start()
        producer.join()
        m.flush()
        assert m.connections()["tx_bytes"].tolist() == [1000]
        assert lane.push(ipm.events.join([batch] * 4)) == 1024  # The rest is dropped and counted.
        m.flush()
        assert m.stats()["events_dropped"] == 4 * 500 - 1024
        with pytest.raises(ValueError, match="EVENT_DTYPE"):
            lane.push(np.zeros(3))
    with pytest.raises(ipm.StateError, match="closed"):
        lane.push(batch)


# ---- what it raises ----


def test_errors_are_what_they_resemble() -> None:
    with pytest.raises(ValueError, match="no scheme; known are"):
        ipm.Monitor("foo")
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        ipm.Monitor("replay:no-such-file")
    with pytest.raises(ValueError, match="neither an event log nor event lines"):
        ipm.Monitor("replay:" + sys.executable)
    with ipm.Monitor() as m:
        with pytest.raises(LookupError, match="did you mean connections"):
            m.table("connectoins")
    with pytest.raises(ipm.Error) as met:
        ipm.Monitor(settings="flows_maxx = 3")
    assert met.value.name == "IPM_ERR_INVALID_ARGUMENT" and met.value.status == -1


def test_a_closed_monitor_says_so() -> None:
    m = ipm.Monitor("synthetic:?events=10")
    m.close()
    m.close()
    for call in (m.run, m.step, m.stats, m.connections, m.sources, m.flush, m.start, lambda: m.rule("x")):
        with pytest.raises(ipm.StateError, match="the monitor is closed"):
            call()
    assert repr(m) == "<ipm.Monitor, closed>"


def test_settings_may_be_a_mapping() -> None:
    with ipm.Monitor(settings={"flows_max": 1000, "alerts": False}) as m:
        assert m.stats()["flows"]["max"] == 1000
    with pytest.raises(ipm.StateError, match="alerts"), ipm.Monitor(settings={"alerts": False}) as m:
        m.rule("critical app=x")


# ---- threads ----


def test_others_work_while_it_waits() -> None:
    with ipm.Monitor() as m:
        lane = m.add_lane("quiet")  # noqa: F841  (it ends with its last reference)
        counted = 0
        thread = threading.Thread(target=lambda: m.run(0.5))
        begin = time.monotonic()
        thread.start()
        while thread.is_alive():
            counted += 1
        thread.join()
        assert 0.4 < time.monotonic() - begin < 5
        assert counted > 1000


def test_calls_of_many_threads_take_turns() -> None:
    errors: list[BaseException] = []
    with ipm.Monitor(flow_events(seconds=5000)) as m:
        m.start()

        def ask() -> None:
            try:
                for _ in range(30):
                    m.stats()
                    m.sources()
                    m.connections()
                    list(m.alerts())
                    m.rule("critical app=letters")
                    m.flush()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
            assert not thread.is_alive()
        while not m.ended:
            time.sleep(0.01)
        m.stop()
        assert not errors
        assert m.connections()["tx_bytes"].tolist() == [50_000]


def test_close_waits_for_who_is_within() -> None:
    m = ipm.Monitor()
    lane = m.add_lane("quiet")  # noqa: F841
    errors: list[BaseException] = []

    def use() -> None:
        try:
            while True:
                m.connections()
                m.step(0.01)
        except ipm.StateError:
            pass
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    m.close()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert not errors


def test_start_twice_and_run_beside_it_are_refused() -> None:
    with ipm.Monitor() as m:
        lane = m.add_lane("quiet")  # noqa: F841  (it ends with its last reference)
        m.start()
        assert m.running
        with pytest.raises(ipm.StateError, match="runs already"):
            m.start()
        with pytest.raises(ipm.StateError, match="stop"):
            m.run(0.1)
        m.stop()
        m.stop()
        assert not m.running
        m.run(0.05)


# ---- signals, forks, the end ----


def test_an_interrupt_stops_a_run() -> None:
    with ipm.Monitor() as m:
        lane = m.add_lane("quiet")  # noqa: F841  (it ends with its last reference)
        begin = time.monotonic()
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            m.run(30)
        assert time.monotonic() - begin < 10
        m.run(0.05)  # It goes on as before.


def test_a_forked_child_hears_whose_it_is() -> None:
    done = script(
        """
        import os, ipm
        m = ipm.Monitor()
        lane = m.add_lane("quiet")  # noqa: F841  (it ends with its last reference)
        m.start()
        child = os.fork()
        if child == 0:
            try:
                m.connections()
            except ipm.ForkedError as error:
                m.close()
                with ipm.Monitor("synthetic:?events=100") as own:
                    own.run()
                os._exit(7 if "parent" in str(error) else 1)
            os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        m.stop()
        print(len(m.connections()))
        """
    )
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr


@pytest.mark.parametrize("how", ["", "m.on_alert(print); ", "kept = m.connections(); it = iter(m.alerts()); "])
def test_the_interpreter_ends_clean_while_it_runs(how: str) -> None:
    done = script(
        f"import ipm, time; m = ipm.Monitor('drill:all'); m.start(); time.sleep(0.05); {how}lane = None"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_importing_it_imports_neither_pandas_nor_matplotlib() -> None:
    done = script("import sys, ipm; print([m for m in ('pandas', 'matplotlib') if m in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


# ---- alerts ----


def test_alerts_wait_for_a_for() -> None:
    with ipm.Monitor("drill:beacon") as m:
        m.run()
        changes = list(m.alerts())
        beacons = [alert for alert in changes if alert.kind == "beacon" and alert.change == "opened"]
        assert beacons
        alert = beacons[0]
        assert alert.evidence and alert.app and alert.remote_addr and alert.techniques
        assert alert.opened.tzinfo is not None and alert.since <= alert.opened
        assert alert.evidence in str(alert)
        assert list(m.alerts()) == []
        row = next(row for row in m.table("alerts").rows() if row["id"] == alert.id)
        assert (row["kind"], row["app"], row["evidence"] == "") == ("beacon", alert.app, False)


def test_async_for_steps_until_the_end() -> None:
    async def kinds(started: bool) -> set[str]:
        with ipm.Monitor("drill:beacon") as m:
            if started:
                m.start()
            return {alert.kind async for alert in m.alerts()}

    assert "beacon" in asyncio.run(kinds(False))
    assert "beacon" in asyncio.run(kinds(True))


def test_async_for_lets_others_run_and_can_be_cancelled() -> None:
    async def main() -> int:
        ticks = 0
        with ipm.Monitor() as m:
            lane = m.add_lane("quiet")  # noqa: F841  (it ends with its last reference)

            async def follow() -> None:
                async for _ in m.alerts():
                    pass

            task = asyncio.create_task(follow())
            for _ in range(10):
                await asyncio.sleep(0.02)
                ticks += 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return ticks

    assert asyncio.run(main()) == 10


def test_a_sink_hears_at_once_and_may_ask_and_rule() -> None:
    heard: list[tuple[str, int]] = []
    with ipm.Monitor("drill:beacon") as m:

        def sink(alert: ipm.Alert) -> None:
            heard.append((alert.kind, len(m.connections(limit=1))))
            m.rule(f"acknowledge alert={alert.id}")
            with pytest.raises(ipm.StateError, match="within a step"):
                m.step()

        m.on_alert(sink)
        m.run()
        assert any(kind == "beacon" and rows > 0 for kind, rows in heard)
        assert list(m.alerts()) == []
        m.on_alert(None)


def test_what_a_sink_raises_comes_out_of_the_run_and_of_stop() -> None:
    def sink(alert: ipm.Alert) -> None:
        raise ConnectionError("no one listens")

    with ipm.Monitor("drill:beacon") as m:
        m.on_alert(sink)
        with pytest.raises(ConnectionError, match="no one listens"):
            m.run()
    with ipm.Monitor("drill:beacon") as m:
        m.on_alert(sink)
        m.start()
        while not m.ended:
            time.sleep(0.01)
        with pytest.raises(ConnectionError, match="no one listens"):
            m.stop()


# ---- series, baselines, captures ----


def test_series_of_an_app_and_of_a_process() -> None:
    with ipm.Monitor(flow_events(seconds=60)) as m:
        m.run()
        by_pid = m.series(10, "tx_bytes")
        by_name = m.series("letters", "tx_bytes")
        assert by_pid.values.sum() == by_name.values.sum() == 600
        assert by_pid.times.dtype == np.dtype("datetime64[ns]")
        assert by_pid.to_pandas().sum() == by_pid.values.sum()
        assert len(m.series("nobody")) == 0


def test_baselines_from_file_to_file(tmp_path: Path) -> None:
    a, b, both = tmp_path / "a", tmp_path / "b", tmp_path / "both"
    for path, drill in ((a, "beacon"), (b, "bandwidth")):
        with ipm.Monitor(f"drill:{drill}") as m:
            m.run()
            m.export_baselines(path)
    ipm.baseline.merge([a, b], both)
    known = {row["app"] for row in ipm.baseline.load(both).rows()}
    assert known
    for path in (a, b):
        assert known >= {row["app"] for row in ipm.baseline.load(path).rows()}
    assert ipm.baseline.diff(a, a)["percent"].fillna(0).abs().max() == 0
    assert len(ipm.baseline.diff(a, b)) >= len(ipm.baseline.load(a))
    with pytest.raises(FileNotFoundError):
        ipm.baseline.load(tmp_path / "none")


def test_flows_of_a_capture_are_those_of_the_packets(tmp_path: Path) -> None:
    capture = min((DATA / "captures").glob("*.pcap"))
    flows = ipm.flows(capture)
    assert len(flows) > 0
    whole = ipm.Capture(capture)
    tables = list(whole.tables())
    assert sum(len(table) for table in tables) == len(flows)
    assert whole.stats()["flows"] == len(flows)
    assert whole.stats()["note"] == ""
    assert {column.name for column in ipm.flow_columns()} >= set(tables[0].columns)
    few = ipm.flows(capture, "flows_max = 16")  # Those that had to make room are there too.
    assert len(few) >= len(flows)
    (tmp_path / "no").write_bytes(b"no capture at all")
    with pytest.raises(ipm.CorruptError):
        ipm.flows(tmp_path / "no")


def test_doctor_says_what_can_be_seen_here() -> None:
    rows = list(ipm.doctor().rows())
    assert {"ebpf", "sock_diag"} & {row["source"] for row in rows}
    with pytest.raises(ipm.NotFoundError):
        ipm.doctor("nothing:")
