#!/usr/bin/python3
"""ebpf_load.py IPM TRAFFIC [--connections N] [--idle N]: many connections, by what ebpf_exact.py is made of.

burst: N connections, one after the other. Every byte is with its process, and each connect or accept that is not there
is among the events that the ledger has as lost.
overflow: the same with the smallest ring, while the reader is stopped for a moment: records are lost, bytes are not,
and none is told twice. At most 20,000 of them: the map of traffic has room for all, of whose ends none may be told.
shared: one socket that many processes use, one after the other, each for a byte: more than the kernel side has room for
at once. Each is counted, none of their bytes is lost.
idle: N connections that stand and say nothing, both ends of them sockets of this host. They cost less than half a
percent of a core.
Sizes are for a build without optimisation beside other load. The promises are for 100,000 connections, and for 50,000
sockets: ebpf_load.py IPM TRAFFIC --connections 100000 --idle 25000
Without root or the source the test skips (77), or fails if IPM_REQUIRE_LIVE is 1.
"""
import argparse
import glob
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from ebpf_exact import SKIP, Monitor, Namespace, Unavailable, key_of, run

# A burst may take longer than the cases that one waits for.
PATIENCE_SECONDS = 600
IDLE_SHARE_MAX = 0.005
IDLE_SECONDS = 6
IDLE_ROUNDS = 3
COUNTS = ("connects", "accepts")
OVERFLOW_MAX = 20_000
SHARED_ROOM, SHARED_PROCESSES = 1_024, 3_000


class Traffic:
    """One case; lines() waits for its end."""

    def __init__(self, traffic, namespace, case, **options):
        words = [f"{key}={value}" for key, value in options.items()] + [f"patience={PATIENCE_SECONDS}"]
        self.process = subprocess.Popen(namespace.words(traffic, case, *words), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def wait_for(self, words):
        for line in self.process.stderr:
            if words in line:
                return
        raise RuntimeError(f"the traffic ended before it said: {words}")

    def lines(self):
        out, said = self.process.communicate(timeout=PATIENCE_SECONDS)
        if self.process.returncode != 0:
            raise RuntimeError(f"the traffic failed: {said}")
        lines = [json.loads(line) for line in out.splitlines()]
        if "skip" in lines[0]:
            raise Unavailable(lines[0]["skip"])
        return lines


def watched(ipm, source, traffic, connections, stop_seconds):
    """What the processes counted; the rows of `processes` by key; how many events were lost."""
    with tempfile.TemporaryDirectory() as folder, Namespace() as namespace:
        log = os.path.join(folder, "log")
        with Monitor(ipm, "record", "-o", log, source) as monitor:
            running = Traffic(traffic, namespace, "burst", count=connections)
            if stop_seconds:
                time.sleep(stop_seconds)
                monitor.process.send_signal(signal.SIGSTOP)
                time.sleep(stop_seconds)
                monitor.process.send_signal(signal.SIGCONT)
            counted = running.lines()
            time.sleep(2.5)  # Two ticks.
            monitor.end()

        def replay(table):
            out = run(ipm, "table", table, "replay:" + log, "--format", "jsonl")
            return [json.loads(line) for line in out.splitlines()]
        rows = {key_of(row): row for row in replay("processes")}
        lost = max(row.get("lost_events") or 0 for row in replay("ledger"))
        strangers = [row for key, row in rows.items() if row.get("netns") == namespace.inode and
                     key not in {key_of(line) for line in counted}]
        return counted, rows, lost, strangers


def check_burst(ipm, traffic, connections):
    counted, rows, lost, strangers = watched(ipm, "ebpf:", traffic, connections, 0)
    failures = [f"unexpected row {row}" for row in strangers]
    missing = 0
    for line in counted:
        row = rows.get(key_of(line), {})
        for field in ("tx_bytes", "rx_bytes"):
            if (row.get(field) or 0) != line[field]:
                failures.append(f"{line['role']}: {field} expected {line[field]} got {row.get(field)}")
        for field in COUNTS:
            got = row.get(field) or 0
            if got > line[field]:
                failures.append(f"{line['role']}: {field} expected {line[field]} got {got}")
            missing += line[field] - got
    if missing > lost:
        failures.append(f"{missing} connects and accepts are missing, {lost} events are counted as lost")
    print(f"burst of {connections}: {missing} missing, {lost} lost")
    return failures


def check_overflow(ipm, traffic, connections):
    counted, rows, lost, strangers = watched(ipm, "ebpf:?ring=64k", traffic, connections, 1)
    failures = [f"unexpected row {row}" for row in strangers]
    if not lost:
        failures.append("nothing was lost, so nothing was tested")
    # What is inferred stands with who opened the connection, and each has its own end: bytes never move elsewhere.
    for line in counted:
        row = rows.get(key_of(line), {})
        for field in ("tx_bytes", "rx_bytes"):
            if (row.get(field) or 0) != line[field]:
                failures.append(f"{line['role']}: {field} expected {line[field]} got {row.get(field)}")
    print(f"overflow of {connections}: {lost} lost")
    return failures


def share_one_socket():
    """The pids of the processes that used it."""
    pids = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far, socket.socket(socket.AF_INET,
                                                                                socket.SOCK_DGRAM) as near:
        far.bind(("127.0.0.1", 0))
        near.connect(far.getsockname())
        for _ in range(SHARED_PROCESSES):
            pid = os.fork()
            if pid == 0:
                near.send(b"x")
                os._exit(0)
            os.waitpid(pid, 0)
            far.recv(1)
            pids.append(pid)
    return pids


def check_shared(ipm):
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        with Monitor(ipm, "record", "-o", log, f"ebpf:?sockets={SHARED_ROOM}&interval=100ms") as monitor:
            pids = share_one_socket()
            time.sleep(0.5)
            monitor.end()
        sent = {row["pid"]: row.get("tx_bytes") for row in
                map(json.loads, run(ipm, "table", "processes", "replay:" + log, "--format", "jsonl").splitlines())}
        ledger = run(ipm, "table", "ledger", "replay:" + log, "--format", "jsonl").splitlines()
    lost = sum(row.get("known_lost") or 0 for row in map(json.loads, ledger))
    wrong = [pid for pid in pids if sent.get(pid) != 1]
    print(f"shared by {SHARED_PROCESSES}: {len(wrong)} not counted, {lost} bytes lost")
    return [f"shared: {len(wrong)} of {SHARED_PROCESSES} are not counted, {lost} bytes are lost"] if wrong or lost else []


def cpu_seconds(pid):
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as text:
            total += int(text.read().split()[0])
    return total / 1e9


def cost(pid):
    """The least share of a core that it took in any of some times: others on the machine only make it more."""
    shares = []
    for _ in range(IDLE_ROUNDS):
        before, began = cpu_seconds(pid), time.monotonic()
        time.sleep(IDLE_SECONDS)
        shares.append((cpu_seconds(pid) - before) / (time.monotonic() - began))
    return min(shares)


def check_idle(ipm, traffic, connections):
    hold_ms = (IDLE_ROUNDS * IDLE_SECONDS + 10) * 1000
    with Namespace() as namespace, Monitor(ipm, "table", "processes", "ebpf:", "--format", "jsonl") as monitor:
        drain = threading.Thread(target=monitor.process.stderr.read, daemon=True)
        drain.start()
        time.sleep(2)
        without = cost(monitor.process.pid)
        running = Traffic(traffic, namespace, "idle", count=connections, hold_ms=hold_ms)
        running.wait_for("connections stand")
        time.sleep(3)
        share = cost(monitor.process.pid)
        running.lines()
    print(f"{connections} idle: {share:.2%} of a core, {without:.2%} without them")
    return [] if share - without < IDLE_SHARE_MAX else [f"{connections} idle sockets cost {share - without:.2%}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ipm")
    parser.add_argument("traffic")
    parser.add_argument("--connections", type=int, default=20_000)
    parser.add_argument("--idle", type=int, default=10_000)
    arguments = parser.parse_args()
    try:
        if os.geteuid() != 0:
            raise Unavailable("not root")
        failures = (check_burst(arguments.ipm, arguments.traffic, arguments.connections) +
                    check_overflow(arguments.ipm, arguments.traffic, min(arguments.connections, OVERFLOW_MAX)) +
                    check_shared(arguments.ipm) +
                    check_idle(arguments.ipm, arguments.traffic, arguments.idle))
    except Unavailable as reason:
        required = os.environ.get("IPM_REQUIRE_LIVE") == "1"
        print(f"cannot be tested here: {reason}" + ("; IPM_REQUIRE_LIVE=1" if required else ""))
        return 1 if required else SKIP
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
