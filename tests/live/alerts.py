#!/usr/bin/python3
"""alerts.py IPM: programs that go bad are alerts with the right process, soon; honest ones beside them are none.

In a network namespace of its own (all addresses are on its loopback device) four programs turn from honest to a scan, a
beacon, an upload to a new peer, and a listener at an unusual port; a browser and a worker stay honest. What is usual is
learned for LEARN_SECONDS. Each alert must come within its time of the moment at which it could be known first.
Without root or the source the test skips (77), or fails if IPM_REQUIRE_LIVE is 1.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import alerts_host

SKIP = 77
LEARN_SECONDS = 8
WATCH_SECONDS = 60
HONEST = ("browser", "worker")
# Kind of alert, and the most seconds from the turn to it. With that jitter a beacon is known by some two dozen calls.
BAD = {"scanner": ("scan", 5), "beaconer": ("beacon", 26 * alerts_host.BEACON_SECONDS + 5),
       "uploader": ("exfil", 10), "listener": ("listener", 5)}


class Unavailable(Exception):
    """The machine lacks what the test needs."""


def run(*words):
    try:
        subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(f"{' '.join(words)}: {getattr(error, 'stderr', error)}") from error


class Host:
    """Programs in the namespace, each under its own name; all end with the `with` block."""

    def __init__(self, namespace, folder):
        self.namespace, self.folder, self.programs = namespace, pathlib.Path(folder), {}

    def __enter__(self):
        return self

    def start(self, role):
        path = shutil.copy(alerts_host.__file__, self.folder / f"{role}.py")
        self.programs[role] = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, "/usr/bin/python3", path], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        return self.programs[role]

    def __exit__(self, *_):
        for program in self.programs.values():
            program.kill()
            program.communicate()


class Monitor:
    """`ipm detect`, ready when it is made; alerts() ends it."""

    def __init__(self, ipm):
        self.process = subprocess.Popen(
            [ipm, "detect", "ebpf:", "--format", "jsonl", "--settings", f"alerts_learn = {LEARN_SECONDS}s"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = []
        for line in self.process.stderr:
            if line.strip() == "ready":
                break
            said.append(line.strip())
        else:
            raise Unavailable(" ".join(said))
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def alerts(self):
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=30)
        return [json.loads(line) for line in out.splitlines()]


def incidents(ipm, namespace, folder):
    """The alerts, the pid of each role and the moment at which the bad ones turned."""
    with Host(namespace, folder) as host:
        if host.start("peer").stdout.readline().strip() != "ready":
            raise Unavailable("the peer does not listen")
        monitor = Monitor(ipm)
        try:
            for role in (*HONEST, *BAD):
                host.start(role)
            time.sleep(LEARN_SECONDS + 4)
            turned = {}
            for role in BAD:
                host.programs[role].stdin.write("go\n")
                host.programs[role].stdin.flush()
                turned[role] = int(host.programs[role].stdout.readline())
            time.sleep(WATCH_SECONDS)
            pids = {role: program.pid for role, program in host.programs.items()}
            return monitor.alerts(), pids, turned
        finally:
            if monitor.process.poll() is None:
                monitor.process.kill()
                monitor.process.communicate()


def differences(alerts, pids, turned):
    opened = [alert for alert in alerts if alert["change"] == "opened"]
    for role, (kind, seconds) in BAD.items():
        own = [alert for alert in opened if alert.get("pid") == pids[role] and alert["kind"] == kind]
        if not own:
            yield f"{role}: no alert {kind}"
            continue
        late = (own[0]["opened"] - turned[role]) / 1e9
        print(f"{role}: {kind} after {late:.1f} s: {own[0]['evidence']}")
        if late > seconds:
            yield f"{role}: {kind} after {late:.1f} s, more than {seconds:.0f}"
    bad = {pids[role] for role in BAD}
    for alert in opened:
        if alert.get("pid") not in bad and alert["severity"] != "info":  # Notes are no alarms.
            yield f"an honest program: {alert['kind']}: {alert['evidence']}"


def main(ipm):
    namespace = f"ipm-alerts-{os.getpid()}"
    try:
        if os.geteuid() != 0:
            raise Unavailable("not root")
        run("ip", "netns", "add", namespace)
        try:
            run("ip", "-n", namespace, "link", "set", "lo", "up")
            for address in (alerts_host.DATABASE[0], *alerts_host.SITES, *alerts_host.NEW_PEERS.values()):
                run("ip", "-n", namespace, "address", "add", f"{address}/32", "dev", "lo")
            with tempfile.TemporaryDirectory() as folder:
                alerts, pids, turned = incidents(ipm, namespace, folder)
        finally:
            subprocess.run(["ip", "netns", "del", namespace], check=False, stderr=subprocess.DEVNULL)
    except Unavailable as reason:
        required = os.environ.get("IPM_REQUIRE_LIVE") == "1"
        print(f"cannot be tested here: {reason}" + ("; IPM_REQUIRE_LIVE=1" if required else ""))
        return 1 if required else SKIP
    found = list(differences(alerts, pids, turned))
    print("\n".join([*found, f"{len(BAD)} incidents, {len(alerts)} changes of alerts: {len(found)} differences"]))
    return 1 if found else 0


sys.exit(main(sys.argv[1]))
