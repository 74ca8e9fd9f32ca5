#!/usr/bin/python3
"""Checks that a behaviour detector does not look at what must not matter.

  metamorphic.py --ipm build/ipm [--seed 1] FILE…        event lines, plain or zstd

Runs `ipm detect` over each file as it is, twice, and over the same lines under other program names, under addresses
that keep their prefixes, under other pids, and whole weeks later. The alerts have to be the same each time: kind,
change, severity, score and time within the file, and the program, pid and port that the change of lines makes of
them. Says which change of lines made a difference, and ends with 1 then."""
import argparse
import ipaddress
import json
import random
import subprocess
import sys

WEEK = 7 * 86_400 * 10**9


def lines_of(path):
    command = ["zstd", "-dc", path] if path.endswith(".zst") else ["cat", path]
    return [json.loads(l) for l in subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()]


class Names:
    """Each name its own other name of the same length; paths keep their folders."""

    def __init__(self, rng):
        self.rng, self.known, self.taken = rng, {}, set()

    def of(self, name):
        while name not in self.known:
            # Digits and punctuation tell versions apart and stay.
            other = "".join(self.rng.choice("abcdefghijklmnopqrstuvwxyz") if c.isalpha() else c for c in name)
            if other not in self.taken:
                self.taken.add(other)
                self.known[name] = other
        return self.known[name]

    def path(self, path):
        folder, _, name = path.rpartition("/")
        return folder + "/" + self.of(name) if path else path


class Addresses:
    """Addresses that share n bits share n bits after it; private and special ranges stay what they are."""

    def __init__(self, rng):
        self.key, self.known = rng.getrandbits(64), {}

    def of(self, text):
        if text not in self.known:
            address = ipaddress.ip_address(text)
            bits = address.max_prefixlen
            kept = 16 if address.version == 6 else self.kept(address)
            value, out = int(address), 0
            for i in range(bits):
                bit = value >> (bits - 1 - i) & 1
                if i >= kept:
                    bit ^= random.Random((self.key, i, value >> (bits - i)).__hash__()).getrandbits(1)
                out = out << 1 | bit
            self.known[text] = str(ipaddress.ip_address(out) if address.version == 4 else ipaddress.IPv6Address(out))
        return self.known[text]

    @staticmethod
    def kept(address):
        # The first octet tells private, shared, loopback and multicast ranges from the rest, the second some of them.
        return 16 if address.packed[0] in (100, 169, 172, 192, 198, 203) else 8


def renamed(events, rng):
    names = Names(rng)
    return [dict(e, comm=names.of(e["comm"]) if e["comm"] else "", exe=names.path(e["exe"])) for e in events], \
        lambda a: dict(a, comm=names.of(a["comm"]) if a.get("comm") else "")


def moved(events, rng):
    addresses = Addresses(rng)
    return [dict(e, lip=addresses.of(e["lip"]), rip=addresses.of(e["rip"])) for e in events], \
        lambda a: dict(a, remote_addr=addresses.of(a["remote_addr"]) if a.get("remote_addr") else "")


def other_pids(events, rng):
    pids = sorted({e["pid"] for e in events})
    others = rng.sample(range(1_000, 400_000), len(pids))
    table = dict(zip(pids, others))
    return [dict(e, pid=table[e["pid"]]) for e in events], lambda a: dict(a, pid=table[a["pid"]] if a.get("pid") else 0)


def later(events, rng):
    shift = rng.randrange(1, 50) * WEEK
    return [dict(e, t=e["t"] + shift) for e in events], lambda a: dict(a, time=a["time"] + shift)


def alerts_of(ipm, events):
    text = "".join(json.dumps(e, separators=(",", ":")) + "\n" for e in events).encode()
    run = subprocess.run([ipm, "detect", "--format", "jsonl", "-"], input=text, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, check=True)
    # How many updates become one depends on when they are taken.
    return [a for a in map(json.loads, run.stdout.splitlines()) if a["change"] != "updated"]


def essence(alert):
    fields = ("time", "change", "kind", "severity", "score", "comm", "pid", "remote_addr", "remote_port", "notified")
    return tuple(alert.get(f) or 0 for f in fields)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ipm", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    bad = 0
    for path in args.files:
        events = lines_of(path)
        plain = alerts_of(args.ipm, events)
        changes = [("again", lambda e, rng: (e, lambda a: a)), ("names", renamed), ("addresses", moved),
                   ("pids", other_pids), ("weeks", later)]
        for name, change in changes:
            lines, expected = change(events, random.Random(args.seed))
            want = [essence(expected(a)) for a in plain]
            got = [essence(a) for a in alerts_of(args.ipm, lines)]
            same = want == got
            bad += not same
            print("%s, %s: %d alerts, %s" % (path, name, len(plain), "the same" if same else "DIFFERENT"))
            if not same:
                at = next((i for i, (w, g) in enumerate(zip(want, got)) if w != g), min(len(want), len(got)))
                print("  first at %d of %d/%d:\n  %s\n  %s" % (at, len(want), len(got), want[at:at + 1], got[at:at + 1]))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
