#!/usr/bin/python3
"""threat_intel.py IPM SOURCE: a process that connects to an address of a list is told within seconds, by its name and pid
and by the name of the list; a process beside it that connects elsewhere is not. The recording of it, replayed without the
list, tells the same.

All in a network namespace of its own, with addresses for documentation on its loopback device.
Without root or the source the test skips (77), or fails if IPM_REQUIRE_LIVE is 1.
"""
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

SKIP = 77
CLONE_NEWNET = 0x40000000
LISTED, OTHER, CLIENT, PORT = "198.51.100.7", "203.0.113.9", "203.0.113.1", 4430
SECONDS_MAX = 20


def skip(reason):
    print(reason)
    sys.exit(1 if os.environ.get("IPM_REQUIRE_LIVE") == "1" else SKIP)


def enter_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        skip("no network namespace: " + os.strerror(ctypes.get_errno()))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (LISTED, OTHER, CLIENT):
        subprocess.run(["ip", "addr", "add", address + "/32", "dev", "lo"], check=True)


def serve(address):
    listener = socket.socket()
    listener.bind((address, PORT))
    listener.listen()
    return listener


def client(address):
    """Connects, sends 1,000 bytes and stays for a while, so that a source that looks once a second sees it."""
    code = ("import socket, sys, time\n"
            f"s = socket.create_connection(('{address}', {PORT}), source_address=('{CLIENT}', 0))\n"
            "s.sendall(b'x' * 1000)\n"
            "time.sleep(4)\n")
    return subprocess.Popen([sys.executable, "-c", code])


def alerts_of(output):
    return [json.loads(line) for line in output.splitlines() if '"threat_intel"' in line]


def main():
    ipm, source = sys.argv[1:3]
    if os.geteuid() != 0:
        skip("namespaces need root")
    enter_namespace()
    with tempfile.TemporaryDirectory() as folder:
        feed, log = folder + "/bad-hosts.txt", folder + "/run.ipmlog"
        with open(feed, "w", encoding="ascii") as out:
            out.write(f"{LISTED} # Dridex\n")
        listeners = [serve(LISTED), serve(OTHER)]
        setting = f"intel.feed = {feed}"
        monitors = [subprocess.Popen([ipm, *command, source, "--settings", setting, "--no-self-test", "--format", "jsonl"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                    for command in (["detect"], ["record", "-o", log])]
        for monitor in monitors:
            for line in monitor.stderr:
                if line.strip() == "ready":
                    break
            else:
                skip(f"{source} does not work here")
        clients = [client(LISTED), client(OTHER)]
        begun = time.monotonic()
        first = None
        for line in monitors[0].stdout:
            if '"threat_intel"' in line:
                first = json.loads(line)
                break
            if time.monotonic() - begun > SECONDS_MAX:
                break
        took = time.monotonic() - begun
        for each in clients:
            each.wait(timeout=SECONDS_MAX)
        time.sleep(1.5)
        for monitor in monitors:
            monitor.send_signal(signal.SIGINT)
        rest = [monitor.communicate(timeout=SECONDS_MAX)[0] for monitor in monitors]
        for listener in listeners:
            listener.close()

        assert first is not None, "no alert"
        assert took < SECONDS_MAX, took
        assert first["pid"] == clients[0].pid, (first, clients[0].pid)
        assert first["feed"] == "bad-hosts" and first["indicator"] == LISTED, first
        assert first["remote_addr"] == LISTED and first["severity"] == "high" and first["notified"] is True, first
        assert "Dridex" in first["evidence"] and "bad-hosts" in first["evidence"], first
        told = [first] + alerts_of(rest[0])
        # The listed end is on this host too: its listener is called by the client's address, which is on no list.
        assert all(alert["pid"] == clients[0].pid for alert in told), told
        replayed = subprocess.run([ipm, "detect", "replay:" + log, "--format", "jsonl"], capture_output=True, text=True,
                                  check=True)
        again = alerts_of(replayed.stdout)
        assert again and again[0]["pid"] == clients[0].pid and again[0]["feed"] == "bad-hosts", again
        print(f"told after {took:.2f} s: {first['evidence']}")


if __name__ == "__main__":
    main()
