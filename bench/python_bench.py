#!/usr/bin/python3
"""What the Python package costs: PYTHONPATH=… python_bench.py [ROWS]; ./dev bench python runs it.

Events pushed in batches from NumPy; a table of ROWS connections (10 million) batch by batch to NumPy without a copy and
to pandas, beside CSV and JSON; a look for alerts. Peers are what an analyst would do without Arrow: pandas reads the
same rows from a file. They get the first million rows, and figures are per row.
"""

from __future__ import annotations

import ctypes
import io
import resource
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import ipm
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "python"))
import arrow_consumer  # noqa: E402

COLUMNS = ["cookie", "pid", "comm", "app", "remote_addr", "remote_port", "opened", "last_seen", "tx_bytes", "rx_bytes",
           "tx_packets", "srtt_us", "state", "layer"]
PEER_ROWS = 1_000_000
BATCH = 65_536
START_NS = 1_700_000_000 * 10**9


def timed(what: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    out = what()
    return time.perf_counter() - begin, out


def events(rows: int) -> Iterator[ipm.events.Array]:
    """One connection each; made ahead, so that what is timed is the way into the monitor."""
    first = ipm.events.empty("process_start", 64)
    first["time_ns"] = START_NS
    first["process"] = [ipm.events.process_ref(100 + i, 5) for i in range(64)]
    first["payload"]["comm"] = [f"program{i}".encode() for i in range(64)]
    yield first
    batch = ipm.events.empty("socket_data", BATCH)
    addresses = np.zeros((BATCH, 16), dtype="u1")
    addresses[:, 10:12] = 255
    for begin in range(0, rows, BATCH):
        count = min(BATCH, rows - begin)
        number = np.arange(begin, begin + count)
        part = batch[:count]
        part["time_ns"] = START_NS + number * 1000
        part["flow"] = number + 1
        part["process"] = first["process"][number % 64]
        addresses[:count, 12:] = (number[:, None] >> np.array([24, 16, 8, 0])) & 255
        part["payload"]["tuple"]["remote_addr"] = addresses[:count].copy().view("V16")[:, 0]
        part["payload"]["tuple"]["remote_port"] = 443
        part["payload"]["tuple"]["protocol"] = 6
        part["payload"]["layer"] = 1
        part["payload"]["measured"] = 7
        part["payload"]["tx_bytes"] = number % 1500
        part["payload"]["tx_packets"] = 1
        yield part


def peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def bench_push() -> None:
    count = 2_000_000
    batches = [part.copy() for part in events(count)]
    with ipm.Monitor(memory_max_bytes=4 << 30, settings={"flows_max": count}) as monitor:
        lane = monitor.add_lane("bench", 1 << 20)
        pushing = taking = 0.0
        for begin in range(0, len(batches), 8):
            seconds, _ = timed(lambda: [lane.push(part) for part in batches[begin : begin + 8]])
            pushing += seconds
            taking += timed(monitor.flush)[0]
        print(f"push into a lane, batches of {BATCH}:        {count / pushing / 1e6:8.2f} M events/s")
        print(f"  and taken in by the engine:                 {count / taking / 1e6:8.2f} M events/s")
        assert len(monitor.connections(columns=["cookie"])) == count
    with ipm.Monitor(memory_max_bytes=4 << 30, settings={"flows_max": count}) as monitor:
        monitor.add_source(iter(batches))
        seconds, _ = timed(monitor.run)
        print(f"a source in Python of arrays, all the way:    {count / seconds / 1e6:8.2f} M events/s")
    dicts = [dict(kind="socket_data", time_ns=START_NS + i, pid=7, cookie=i + 1, proto="tcp", remote_addr="192.0.2.1",
                  remote_port=443, layer="app", tx_bytes=10) for i in range(50_000)]
    with ipm.Monitor(dicts) as monitor:
        seconds, _ = timed(monitor.run)
        print(f"a source in Python of dicts, all the way:     {len(dicts) / seconds / 1e6:8.3f} M events/s")


def address_in_arrow(batch: ipm.Batch, column: str) -> int:
    """Where the Arrow array of that batch has the column's values."""
    from ipm import _core

    capsule = _core.stream_capsule(batch._schema, [batch._raw])
    stream, array = arrow_consumer.stream_in(capsule), arrow_consumer.Array()
    assert stream.get_next(ctypes.byref(stream), ctypes.byref(array)) == 0
    address = int(array.children[batch.columns.index(column)].contents.buffers[1])
    array.release(ctypes.byref(array))
    return address


def bench_table(rows: int) -> None:
    # A connection takes about a kilobyte with its share of the other tables.
    with ipm.Monitor(memory_max_bytes=max(1 << 30, rows * 1100), settings={"flows_max": rows}) as monitor:
        monitor.add_source(events(rows))
        seconds, _ = timed(monitor.run)
        print(f"\n{rows} connections taken in, made meanwhile:  {rows / seconds / 1e6:8.2f} M events/s")
        seconds, table = timed(lambda: monitor.connections(columns=COLUMNS))
        assert len(table) == rows, (len(table), monitor.stats()["flows"])
        export = seconds / rows * 1e9
        print(f"the table, {len(COLUMNS)} columns, as record batches:      {export:8.1f} ns/row")

    def to_numpy() -> int:
        total = 0
        for batch in table.batches():
            for column in COLUMNS:
                if column not in ("comm", "app", "remote_addr", "state", "layer"):
                    total += batch.data(column).nbytes
        return total

    seconds, size = timed(to_numpy)
    print(f"  to NumPy, {size / 2**20:.0f} MiB of numbers as views:      {seconds / rows * 1e9:8.3f} ns/row")
    same = sum(
        batch.data(column).__array_interface__["data"][0] == address_in_arrow(batch, column)
        for batch in table.batches() for column in ("cookie", "tx_bytes", "opened")
    )
    batches = sum(1 for _ in table.batches())
    assert same == 3 * batches
    print(f"  addresses of NumPy and of Arrow compared:    {same} of {3 * batches} are the same")
    seconds, frame = timed(lambda: table.to_pandas())
    pandas_ns = seconds / rows * 1e9
    assert len(frame) == rows and int(frame["tx_bytes"].sum()) == int(np.sum(np.arange(rows) % 1500))
    print(f"  to pandas:                                   {pandas_ns:8.1f} ns/row")
    numbers = [c for c in COLUMNS if c != "remote_addr"]
    seconds, _ = timed(lambda: table.to_pandas(numbers))
    print(f"  to pandas, without the addresses as text:    {seconds / rows * 1e9:8.1f} ns/row")
    part = frame.head(PEER_ROWS)
    for name, write, read in (
        ("CSV", lambda: part.to_csv(index=False), lambda text: pd.read_csv(io.StringIO(text))),
        ("JSON lines", lambda: part.to_json(orient="records", lines=True), lambda text: pd.read_json(io.StringIO(text), lines=True)),
    ):
        wrote, text = timed(write)
        took, back = timed(lambda: read(text))
        assert len(back) == len(part)
        write_ns, read_ns = wrote / len(part) * 1e9, took / len(part) * 1e9
        print(f"  {name + ' written, and read by pandas:':<44} {write_ns:8.0f} + {read_ns:.0f} ns/row, "
              f"{(write_ns + read_ns) / (export + pandas_ns):.1f} times as much as the table to pandas")
    print(f"peak of memory: {peak_mib()} MiB")


def bench_alerts() -> None:
    with ipm.Monitor("drill:all") as monitor:
        heard = 0
        looks = 0
        spent = 0.0
        while monitor.step():
            begin = time.perf_counter()
            for _ in monitor.alerts():
                heard += 1
            spent += time.perf_counter() - begin
            looks += 1
        seconds, _ = timed(lambda: [list(monitor.alerts()) for _ in range(100_000)])
        print(f"\nfor alert in m.alerts(), none waits:          {seconds / 100_000 * 1e9:8.0f} ns")
        print(f"  {heard} alerts in {looks} looks:                 {spent / max(heard, 1) * 1e9:8.0f} ns/alert")


def main() -> None:
    bench_push()
    bench_alerts()
    bench_table(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)


if __name__ == "__main__":
    main()
