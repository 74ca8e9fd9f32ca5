#!/usr/bin/python3
"""ebpf_exact.py IPM TRAFFIC [--list] [--only CASE,…] [--burst] [--without-calls]: what the monitor saw of each process,
to the byte.

TRAFFIC (tests/live/traffic) makes the traffic of one case in a network namespace of its own and says what each process
counted itself; IPM watches from outside with the source IPM_EXACT_SOURCE (ebpf: by default). Every number that a
process counted must be the same in its row of the table `processes`; null there is 0 here.
With --without-calls the source does not see the calls of processes: bytes of TCP must still be the same, where one
process has the connection for itself; bytes of UDP are those of packets, headers included.
Without root or the source the test skips (77), or fails if IPM_REQUIRE_LIVE is 1.
"""
import argparse
import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import sys
import time

SKIP = 77
SOURCE = os.environ.get("IPM_EXACT_SOURCE", "ebpf:")
NUMBERS = ("tx_bytes", "rx_bytes", "connects", "accepts", "connect_failures", "resets_rx", "resets_tx",
           "frame_tx_bytes", "retransmits")
TEXTS = ("comm", "exe")
BARRIER_CASES = ("older",)
LOAD_CASES = ("burst", "idle")
# Of what only calls tell: who of several used a socket, MPTCP, raw and packet sockets, a datagram that was cut. And
# processes that use TCP and UDP: their bytes are sums over two layers.
CALL_CASES = ("fork_shared", "scm_rights", "fork_per_connection", "mptcp4", "mptcp6", "mptcp_to_tcp", "raw_icmp",
              "ping_socket", "raw_ip", "packet_inject", "udp_trunc", "reuseport")
IP_AND_UDP_HEADERS = (28, 48)
CASE_SECONDS_MAX = 60
# What the monitor may take to see the last of a case: several of its ticks.
SETTLE_SECONDS = 2.5


class Unavailable(Exception):
    """The machine lacks what the test needs."""


def run(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout


class Namespace:
    """A network namespace, gone with the `with` block."""
    count = 0

    def __enter__(self):
        Namespace.count += 1
        self.name = f"ipm-test-{os.getpid()}-{Namespace.count}"
        try:
            run("ip", "netns", "add", self.name)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Unavailable(f"no network namespace: {getattr(error, 'stderr', error)}") from error
        run("ip", "-n", self.name, "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], check=False)

    def words(self, *command):
        return ["ip", "netns", "exec", self.name, *command]


class Monitor:
    """`ipm table processes`, ready when the `with` block begins; rows() ends it."""

    def __init__(self, ipm, source):
        self.words = [ipm, "table", "processes", source, "--format", "jsonl"]

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = []
        for line in self.process.stderr:
            if line.strip() == "ready":
                return self
            said.append(line.strip())
        self.process.wait()
        raise Unavailable(" ".join(said) or f"ipm ended with {self.process.returncode}")

    def rows(self):
        self.process.send_signal(signal.SIGINT)
        out, said = self.process.communicate(timeout=30)
        if self.process.returncode != 0:
            raise RuntimeError(f"ipm ended with {self.process.returncode}: {said}")
        return {(row["pid"], row["start_ticks"]): row for row in map(json.loads, out.splitlines())}

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class Running:
    """One case in its namespace. A case with a barrier has made its connections when the constructor returns."""

    def __init__(self, traffic, namespace, case, options=()):
        self.case = case
        self.process = subprocess.Popen(namespace.words(traffic, case, *options), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if case in BARRIER_CASES and not json.loads(self.process.stdout.readline() or "{}").get("barrier"):
            self.process.kill()
            raise RuntimeError(f"{case}: ended before its barrier")

    def finish(self):
        """The lines of its processes."""
        try:
            out, _ = self.process.communicate("go\n", timeout=CASE_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise RuntimeError(f"{self.case}: not done after {CASE_SECONDS_MAX} s") from None
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.case}: the traffic failed")
        return [json.loads(line) for line in out.splitlines()]


def differences(counted, row):
    """Lines, one a field that is not as the process counted it."""
    who = f"{counted['case']} {counted['role']}"
    expected = {field: counted.get(field) for field in NUMBERS + TEXTS}
    # Bytes from before the monitor are apart in the row.
    for field in ("tx_bytes", "rx_bytes"):
        after = counted.get(field + "_after", counted[field])
        if counted["role"].startswith("udp"):
            expected[field] = after  # No kernel counts the bytes of a UDP socket.
        else:
            expected[field + "_before"] = counted[field] - after
    if row is None:
        if any(expected[field] for field in NUMBERS):
            yield f"{who}: no row for pid {counted['pid']} start_ticks {counted['start_ticks']}"
        return
    if row.get("layer") == "ip":
        for bytes_field, packets_field in (("tx_bytes", "tx_packets"), ("rx_bytes", "rx_packets")):
            payload, packets = expected.pop(bytes_field), row.get(packets_field) or 0
            if row.get(bytes_field) not in [payload + packets * header for header in IP_AND_UDP_HEADERS]:
                yield f"{who}: {bytes_field} expected {payload} and headers got {row.get(bytes_field)} in {packets}"
    for field, value in expected.items():
        if value is not None and (row.get(field) or type(value)()) != value:
            yield f"{who}: {field} expected {value} got {row.get(field)}"


class Result:
    def __init__(self):
        self.processes = self.cases = self.differences = 0

    def compare(self, lines, rows):
        if "skip" in lines[0]:
            print(f"{lines[0]['case']}: skipped: {lines[0]['skip']}")
            return
        self.cases += 1
        for counted in lines:
            self.processes += 1
            for line in differences(counted, rows.get((counted["pid"], counted["start_ticks"]))):
                self.differences += 1
                print(line)

    def failed(self, error):
        self.differences += 1
        print(error)


def run_group(ipm, source, traffic, cases, jobs, result, options=()):
    """The cases, some at a time and each in its own namespace, under one run of the monitor."""
    with contextlib.ExitStack() as stack:
        namespaces = {case: stack.enter_context(Namespace()) for case in cases}
        early = {case: Running(traffic, namespaces[case], case) for case in cases if case in BARRIER_CASES}
        monitor = stack.enter_context(Monitor(ipm, source))

        def finish(case):
            running = early.get(case) or Running(traffic, namespaces[case], case, options)
            try:
                return running.finish()
            except RuntimeError as error:
                return error

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            outcomes = list(pool.map(finish, cases))
        time.sleep(SETTLE_SECONDS)
        rows = monitor.rows()
        for outcome in outcomes:
            if isinstance(outcome, RuntimeError):
                result.failed(outcome)
            else:
                result.compare(outcome, rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ipm")
    parser.add_argument("traffic")
    parser.add_argument("--list", action="store_true", help="name the cases")
    parser.add_argument("--only", default="", help="cases, separated by commas")
    parser.add_argument("--jobs", type=int, default=4, help="cases at a time")
    parser.add_argument("--burst", action="store_true", help="the cases of many connections instead of the others")
    parser.add_argument("--option", action="append", default=[], help="KEY=VALUE for the traffic program")
    parser.add_argument("--without-calls", action="store_true", help="by the kernel's counters and packets")
    arguments = parser.parse_args()
    source = "ebpf:?without=length" if arguments.without_calls else SOURCE
    known = run(arguments.traffic, "--list").split()
    if arguments.list:
        print("\n".join(known))
        return 0
    chosen = arguments.only.split(",") if arguments.only else [
        case for case in known if (case in LOAD_CASES) == arguments.burst and
        not (arguments.without_calls and case in CALL_CASES)]
    unknown = set(chosen) - set(known)
    if unknown:
        parser.error(f"no case {', '.join(sorted(unknown))}")
    result = Result()
    try:
        if os.geteuid() != 0:
            raise Unavailable("not root")
        for group in ([case for case in chosen if case not in BARRIER_CASES + LOAD_CASES],
                      [case for case in chosen if case in BARRIER_CASES],
                      *([case] for case in chosen if case in LOAD_CASES)):
            if group:
                run_group(arguments.ipm, source, arguments.traffic, group, arguments.jobs, result, arguments.option)
    except Unavailable as reason:
        required = os.environ.get("IPM_REQUIRE_LIVE") == "1"
        print(f"{source} cannot be tested here: {reason}" + ("; IPM_REQUIRE_LIVE=1" if required else ""))
        return 1 if required else SKIP
    print(f"{result.processes} processes in {result.cases} cases: {result.differences} differences")
    return 1 if result.differences else 0


sys.exit(main())
