#!/usr/bin/python3
"""ebpf_remotes.py IPM: one row for each remote that a UDP socket talks to, with the bytes and packets of that remote.

In a network namespace of its own one process talks over one unconnected socket to several, over IPv4 and IPv6; another
answers from as many sockets. Both count, by remote, what they sent and received.
Without root or the source the test skips (77), or fails if IPM_REQUIRE_LIVE is 1.
"""
import collections
import json
import os
import signal
import socket
import subprocess
import sys
import time

SKIP = 77
REMOTES = 5
ROUNDS = 4


class Counted:
    """What a process counted of its datagrams: {(port here, port there): [bytes out, in, datagrams out, in]}."""

    def __init__(self):
        self.of = collections.defaultdict(lambda: [0, 0, 0, 0])

    def send(self, sender, size, to):
        sender.sendto(b"d" * size, to)
        count = self.of[sender.getsockname()[1], to[1]]
        count[0] += size
        count[2] += 1

    def receive(self, receiver):
        data, source = receiver.recvfrom(65_536)
        count = self.of[receiver.getsockname()[1], source[1]]
        count[1] += len(data)
        count[3] += 1
        return source[:2]

    def tell(self):
        line = json.dumps({"pid": os.getpid(), "of": [[*ports, *count] for ports, count in self.of.items()]})
        os.write(1, (line + "\n").encode())  # In one piece: several tell at once.


def answer(sockets):
    counted = Counted()
    for _ in range(ROUNDS):
        for index, each in enumerate(sockets):
            for _ in range(index + 1):
                counted.send(each, 50 + index, counted.receive(each))
    counted.tell()


def ask(family, address, ports):
    counted = Counted()
    with socket.socket(family, socket.SOCK_DGRAM) as asker:
        asker.bind((address, 0))
        for _ in range(ROUNDS):
            for index, port in enumerate(ports):
                for _ in range(index + 1):
                    counted.send(asker, 100 * (index + 1), (address, port))
                    counted.receive(asker)
            time.sleep(0.4)  # More than one tick has a part of it.
    counted.tell()


def child(work, *arguments):
    if os.fork() == 0:
        work(*arguments)
        os._exit(0)


def traffic():
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        sockets = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(REMOTES)]
        for each in sockets:
            each.bind((address, 0))
        ports = [each.getsockname()[1] for each in sockets]
        child(answer, sockets)
        for each in sockets:
            each.close()
        child(ask, family, address, ports)
    for _ in range(4):
        os.wait()


def watched(ipm, namespace):
    """What the processes said, and the rows of UDP."""
    monitor = subprocess.Popen([ipm, "table", "connections", "ebpf:", "--format", "jsonl"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        said = monitor.stderr.readline()
        if said != "ready\n":
            raise RuntimeError(said.strip() + monitor.stderr.read())
        done = subprocess.run(["ip", "netns", "exec", namespace, sys.executable, __file__, "--traffic"], check=True,
                              stdout=subprocess.PIPE, text=True, timeout=60)
        time.sleep(1.5)
        monitor.send_signal(signal.SIGINT)
        out, _ = monitor.communicate(timeout=30)
    finally:
        if monitor.poll() is None:
            monitor.kill()
            monitor.communicate()
    rows = [row for row in map(json.loads, out.splitlines()) if row.get("proto") == "udp"]
    return [json.loads(line) for line in done.stdout.splitlines()], rows


def differences(said, rows):
    for process in said:
        expected = {(here, there): tuple(count) for here, there, *count in process["of"]}
        got = {(row["local_port"], row.get("remote_port")):
               tuple(row.get(name) for name in ("tx_bytes", "rx_bytes", "tx_packets", "rx_packets"))
               for row in rows if row.get("pid") == process["pid"]}
        for ports in sorted(expected.keys() | got.keys(), key=str):
            if expected.get(ports) != got.get(ports):
                yield f"pid {process['pid']} ports {ports}: expected {expected.get(ports)} got {got.get(ports)}"
        cookies = {row["cookie"] for row in rows if row.get("pid") == process["pid"]}
        asks = len({here for here, _ in expected}) == 1
        if len(cookies) != (1 if asks else REMOTES):
            yield f"pid {process['pid']}: {len(cookies)} sockets"
        ways = {row.get("direction") for row in rows if row.get("pid") == process["pid"]}
        if ways != {"out" if asks else "in"}:
            yield f"pid {process['pid']}: directions are {ways}"
        states = {row.get("close_reason") for row in rows if row.get("pid") == process["pid"]}
        if states != {"orderly"}:
            yield f"pid {process['pid']}: closed as {states}"


def main(ipm):
    namespace = f"ipm-remotes-{os.getpid()}"
    try:
        if os.geteuid() != 0:
            raise RuntimeError("needs root")
        subprocess.run(["ip", "netns", "add", namespace], check=True)
        subprocess.run(["ip", "-n", namespace, "link", "set", "lo", "up"], check=True)
        said, rows = watched(ipm, namespace)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        required = os.environ.get("IPM_REQUIRE_LIVE") == "1"
        print(f"cannot be tested here: {error}" + ("; IPM_REQUIRE_LIVE=1" if required else ""))
        return 1 if required else SKIP
    finally:
        subprocess.run(["ip", "netns", "del", namespace], check=False, stderr=subprocess.DEVNULL)
    failures = list(differences(said, rows))
    print("\n".join([*failures, f"{len(said)} processes: {len(failures)} differences"]))
    return 1 if failures or len(said) != 4 else 0


if __name__ == "__main__":
    if sys.argv[1] == "--traffic":
        traffic()
    else:
        sys.exit(main(sys.argv[1]))
