#!/usr/bin/python3
"""ebpf_exact.py IPM TRAFFIC [--list] [--only CASE,…] [--without-calls]: what the monitor saw of each process,
to the byte.

TRAFFIC (tests/live/traffic) makes the traffic of one case in a network namespace of its own and says what each process
counted itself; IPM watches from outside with the source IPM_EXACT_SOURCE (ebpf: by default). Every number that a
process counted must be the same in its row of the table `processes`, its quality as the case has it, and no other
process of its namespace may have a row. Then the cases whose ends are known (ENDS) run once more under `ipm record`: how
each connection ended, and with which error, must be what the case did.
With --without-calls the source does not see the calls of processes: bytes of TCP must still be the same, where one
process has the connection for itself; bytes of UDP are those of packets, headers included.
Without root or the source the test skips (77); so does a case that the machine does not permit. If IPM_REQUIRE_LIVE is
1, both fail.
"""
import argparse
import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

SKIP = 77
SOURCE = os.environ.get("IPM_EXACT_SOURCE", "ebpf:")
NUMBERS = ("tx_bytes", "rx_bytes", "connects", "accepts", "connect_failures", "resets_rx", "resets_tx",
           "frame_tx_bytes", "retransmits")
TEXTS = ("comm", "exe")
# What is null where there was none. Of the others null is not 0.
NULL_IS_NONE = ("connect_failures", "resets_rx", "resets_tx", "frame_tx_bytes", "tx_bytes_before", "rx_bytes_before")
# Bytes that no call moved: they are told for the owner of the connection.
INFERRED = {("splice_out", "server"), ("splice_out_mixed", "server"), ("splice_out_unread", "server"),
            ("splice_proxy", "proxy")}
# Of each process, what its connections ended as, and the errors of those that failed.
ENDS = {
    "tcp4": {"server": (["orderly"], []), "client": (["orderly"], [])},
    "half_close": {"server": (["orderly"], []), "client": (["orderly"], [])},
    "refused": {"client4": (["refused"] * 4, [111] * 4), "client6": (["refused"] * 4, [111] * 4)},
    "timed_out": {"client4": (["timeout"], [110]), "client6": (["timeout"], [110]),
                  "threads": (["timeout"] * 2, [110] * 2)},
    "unreachable": {"client4": (["unreachable"], [113]), "client6": (["unreachable"], [113])},
    "no_route": {"client4": (["unreachable"], [101]), "client6": (["unreachable"], [101])},
    "no_port": {"client": (["orderly", "orderly", "unknown"], [99]), "server": (["orderly"] * 2, [])},
    "reset_by_server": {"server": (["reset_here"], []), "client": (["reset_by_peer"], [])},
    "reset_by_client": {"server": (["reset_by_peer"], []), "client": (["reset_here"], [])},
    "reset_unread": {"server": (["reset_here"], []), "client": (["reset_by_peer"], [])},
    "kill9_idle": {"victim": (["orderly"], []), "peer": (["orderly"], [])},
    "kill9_unread": {"victim": (["reset_here"], []), "peer": (["reset_by_peer"], [])},
    "user_timeout": {"client": (["timeout"], [])},
}
BARRIER_CASES = ("older",)
LOAD_CASES = ("burst", "idle")  # Of ebpf_load.py.
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
        self.inode = os.stat(f"/run/netns/{self.name}").st_ino
        run("ip", "-n", self.name, "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], check=False)

    def words(self, *command):
        return ["ip", "netns", "exec", self.name, *command]


class Monitor:
    """`ipm` with these words, ready when the `with` block begins; end() ends it."""

    def __init__(self, ipm, *words):
        self.words = [ipm, *words]

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = []
        for line in self.process.stderr:
            if line.strip() == "ready":
                return self
            said.append(line.strip())
        self.process.wait()
        raise Unavailable(" ".join(said) or f"ipm ended with {self.process.returncode}")

    def end(self):
        """What it prints."""
        self.process.send_signal(signal.SIGINT)
        out, said = self.process.communicate(timeout=60)
        if self.process.returncode != 0:
            raise RuntimeError(f"ipm ended with {self.process.returncode}: {said}")
        return out

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


def quality_of(counted):
    """The least certain attribution that gave it bytes; None: nothing did."""
    if (counted["case"], counted["role"]) in INFERRED:
        return "inferred"
    return "exact" if counted["tx_bytes"] + counted["rx_bytes"] else None


def differences(counted, row, calls_seen):
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
    # Where nobody sees the calls, whose the bytes are follows from who holds or held the socket when it is looked at.
    if calls_seen and not (expected.get("tx_bytes_before", 0) + expected.get("rx_bytes_before", 0)):
        expected["quality"] = quality_of(counted)
    if row.get("layer") == "ip":
        for bytes_field, packets_field in (("tx_bytes", "tx_packets"), ("rx_bytes", "rx_packets")):
            payload, packets = expected.pop(bytes_field), row.get(packets_field) or 0
            if row.get(bytes_field) not in [payload + packets * header for header in IP_AND_UDP_HEADERS]:
                yield f"{who}: {bytes_field} expected {payload} and headers got {row.get(bytes_field)} in {packets}"
    for field, value in expected.items():
        got = row.get(field, 0 if field in NULL_IS_NONE else None)
        if value is not None and got != value:
            yield f"{who}: {field} expected {value} got {row.get(field)}"


def key_of(line):
    return line["pid"], line["start_ticks"]


class Result:
    def __init__(self, calls_seen):
        self.calls_seen = calls_seen
        self.processes = self.cases = self.differences = 0

    def skips(self, lines):
        """Whether the machine does not permit the case; a failure where everything is required."""
        if "skip" not in lines[0]:
            return False
        print(f"{lines[0]['case']}: skipped: {lines[0]['skip']}")
        self.differences += os.environ.get("IPM_REQUIRE_LIVE") == "1"
        return True

    def compare(self, lines, rows, namespace):
        """`rows` of the table processes, by key."""
        if self.skips(lines):
            return
        self.cases += 1
        self.processes += len(lines)
        for counted in lines:
            for line in differences(counted, rows.get(key_of(counted)), self.calls_seen):
                self.failed(line)
        expected = {key_of(counted) for counted in lines}
        for key, row in rows.items():
            if row.get("netns") == namespace and key not in expected:
                self.failed(f"{lines[0]['case']}: unexpected row {row}")

    def compare_ends(self, lines, connections, failures):
        """`connections`: rows of that table; `failures`: (process, error) of each event."""
        if self.skips(lines):
            return
        for counted in lines:
            if counted["role"] not in ENDS[counted["case"]]:
                continue
            reasons, errors = ENDS[counted["case"]][counted["role"]]
            got = sorted(row.get("close_reason", "open") for row in connections
                         if key_of(row) == key_of(counted) and row.get("direction") != "listen")
            if got != sorted(reasons):
                self.failed(f"{counted['case']} {counted['role']}: ends expected {reasons} got {got}")
            got = [error for who, error in failures if who == key_of(counted)]
            if sorted(got) != errors:
                self.failed(f"{counted['case']} {counted['role']}: errors expected {errors} got {got}")

    def failed(self, error):
        self.differences += 1
        print(error)


def finish_all(traffic, namespaces, jobs, early=None, options=()):
    """What each case says, or a RuntimeError: {case: lines}. Some at a time."""
    def finish(case):
        try:
            return ((early or {}).get(case) or Running(traffic, namespaces[case], case, options)).finish()
        except RuntimeError as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return dict(zip(namespaces, pool.map(finish, namespaces)))


def run_group(ipm, source, traffic, cases, jobs, result, options=()):
    """The cases, each in its own namespace, under one run of the monitor."""
    with contextlib.ExitStack() as stack:
        namespaces = {case: stack.enter_context(Namespace()) for case in cases}
        early = {case: Running(traffic, namespaces[case], case) for case in cases if case in BARRIER_CASES}
        monitor = stack.enter_context(Monitor(ipm, "table", "processes", source, "--format", "jsonl"))
        outcomes = finish_all(traffic, namespaces, jobs, early, options)
        time.sleep(SETTLE_SECONDS)
        rows = {key_of(row): row for row in map(json.loads, monitor.end().splitlines())}
        for case, outcome in outcomes.items():
            if isinstance(outcome, RuntimeError):
                result.failed(outcome)
            else:
                result.compare(outcome, rows, namespaces[case].inode)


def run_ends(ipm, source, traffic, cases, jobs, result):
    """The same with a log of what happened, from which the connections and the failures are read."""
    with contextlib.ExitStack() as stack:
        log = os.path.join(stack.enter_context(tempfile.TemporaryDirectory()), "log")
        namespaces = {case: stack.enter_context(Namespace()) for case in cases}
        monitor = stack.enter_context(Monitor(ipm, "record", "-o", log, source))
        outcomes = finish_all(traffic, namespaces, jobs)
        time.sleep(SETTLE_SECONDS)
        monitor.end()

        def replay(*words):
            return [json.loads(line) for line in run(ipm, *words, "replay:" + log, "--format", "jsonl").splitlines()]
        connections = [row for row in replay("table", "connections") if row.get("pid") is not None]
        failures = [(key_of(event), event["errno"]) for event in replay("events") if event["kind"] == "failure"]
        for outcome in outcomes.values():
            if isinstance(outcome, RuntimeError):
                result.failed(outcome)
            else:
                result.compare_ends(outcome, connections, failures)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ipm")
    parser.add_argument("traffic")
    parser.add_argument("--list", action="store_true", help="name the cases")
    parser.add_argument("--only", default="", help="cases, separated by commas")
    parser.add_argument("--jobs", type=int, default=4, help="cases at a time")
    parser.add_argument("--option", action="append", default=[], help="KEY=VALUE for the traffic program")
    parser.add_argument("--without-calls", action="store_true", help="by the kernel's counters and packets")
    arguments = parser.parse_args()
    source = "ebpf:?without=length" if arguments.without_calls else SOURCE
    known = run(arguments.traffic, "--list").split()
    if arguments.list:
        print("\n".join(known))
        return 0
    chosen = arguments.only.split(",") if arguments.only else [
        case for case in known if case not in LOAD_CASES and not (arguments.without_calls and case in CALL_CASES)]
    unknown = set(chosen) - set(known)
    if unknown:
        parser.error(f"no case {', '.join(sorted(unknown))}")
    result = Result(calls_seen=not arguments.without_calls)
    try:
        if os.geteuid() != 0:
            raise Unavailable("not root")
        for group in ([case for case in chosen if case not in BARRIER_CASES],
                      [case for case in chosen if case in BARRIER_CASES]):
            if group:
                run_group(arguments.ipm, source, arguments.traffic, group, arguments.jobs, result, arguments.option)
        with_ends = [case for case in chosen if case in ENDS and not arguments.without_calls]
        if with_ends:
            run_ends(arguments.ipm, source, arguments.traffic, with_ends, arguments.jobs, result)
    except Unavailable as reason:
        required = os.environ.get("IPM_REQUIRE_LIVE") == "1"
        print(f"{source} cannot be tested here: {reason}" + ("; IPM_REQUIRE_LIVE=1" if required else ""))
        return 1 if required else SKIP
    print(f"{result.processes} processes in {result.cases} cases: {result.differences} differences")
    return 1 if result.differences else 0


if __name__ == "__main__":
    sys.exit(main())
