#!/usr/bin/python3
"""A small host for alerts.py: a peer that answers everything, honest programs, and programs that go bad.

A copy of this file under the name of a role (peer.py, browser.py, …) plays that role, so that each is a program of its
own. What goes bad is honest until it reads a line from its standard input; then it prints the moment, and does it.
"""
import pathlib
import random
import selectors
import socket
import sys
import time

PEER_PORTS = (443, 5432)
DATABASE = ("10.50.0.9", 5432)
SITES = [f"203.0.113.{last}" for last in range(1, 40)]
NEW_PEERS = {"uploader": "198.51.100.99", "beaconer": "198.51.100.77"}
UPLOAD_BYTES = 500_000_000
BEACON_SECONDS = 2
BEACON_JITTER = 0.2
UNUSUAL_PORT = 31_337


def peer():
    """Answers each connection with a few bytes when the other side has said all."""
    selector = selectors.DefaultSelector()
    for port in PEER_PORTS:
        selector.register(socket.create_server(("0.0.0.0", port), backlog=512), selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj.getsockname()[1] in PEER_PORTS and key.data is None:
                selector.register(key.fileobj.accept()[0], selectors.EVENT_READ, "connection")
                continue
            if not key.fileobj.recv(1 << 20):
                key.fileobj.sendall(b"x" * random.randint(200, 400))
                selector.unregister(key.fileobj)
                key.fileobj.close()


def call(address, port, size, rest=0.0):
    with socket.create_connection((address, port), timeout=10) as connection:
        connection.sendall(b"q" * size)
        time.sleep(rest)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def browser():
    while True:
        call(random.choice(SITES), 443, random.randint(300, 4000))
        time.sleep(random.expovariate(1.5))


def worker(turns=None):
    """Asks its database, again and again."""
    while turns is None or turns > 0:
        call(*DATABASE, random.randint(400, 600))
        time.sleep(random.uniform(0.4, 1.2))
        turns = turns and turns - 1


def honest_until_told():
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    while not selector.select(timeout=0):
        worker(turns=1)
    sys.stdin.readline()
    print(time.time_ns(), flush=True)


def scanner():
    honest_until_told()
    for port in range(7000, 7060):
        with socket.socket() as probe:
            probe.settimeout(1)
            probe.connect_ex((DATABASE[0], port))
        time.sleep(0.02)
    worker()


def beaconer():
    honest_until_told()
    while True:
        call(NEW_PEERS["beaconer"], 443, 240)
        time.sleep(BEACON_SECONDS * random.uniform(1 - BEACON_JITTER, 1 + BEACON_JITTER))


def uploader():
    honest_until_told()
    call(NEW_PEERS["uploader"], 443, UPLOAD_BYTES)
    worker()


def listener():
    honest_until_told()
    with socket.create_server(("0.0.0.0", UNUSUAL_PORT)):
        worker()


if __name__ == "__main__":
    globals()[pathlib.Path(sys.argv[0]).stem]()
