#!/usr/bin/python3
"""shared_data.py IPM SHARED: each behaviour scenario in SHARED, replayed whole, sums up to what its lines say.

The folder is IPM_SHARED_DATA, or SHARED. Without it the test skips (77), or fails if IPM_REQUIRE_DATA is 1.
"""
import json
import os
import pathlib
import subprocess
import sys

SKIP = 77


def rows(ipm, table, log, *arguments):
    out = subprocess.run([ipm, "table", table, f"replay:{log}", "--format", "jsonl", *arguments],
                         check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def lines_of(log):
    with subprocess.Popen(["zstd", "-dcq", log], stdout=subprocess.PIPE, text=True) as process:
        yield from map(json.loads, process.stdout)


def check(ipm, log):
    sent = received = 0
    pids = set()
    for line in lines_of(log):
        sent += line.get("tx", 0)
        received += line.get("rx", 0)
        pids.add(line["pid"])
    [source] = rows(ipm, "sources", log)
    assert (source["malformed"], source["dropped"], source["lost"]) == (0, 0, 0), source
    ledger = {row["direction"]: row for row in rows(ipm, "ledger", log, "--filter", "seen >= 1")}
    assert ledger["tx"]["seen"] == sent and ledger["rx"]["seen"] == received, (ledger, sent, received)
    for row in ledger.values():
        assert row["balanced"] and row["attributed"] == row["seen"], row
    processes = rows(ipm, "processes", log)
    assert {row["pid"] for row in processes} == pids, pids ^ {row["pid"] for row in processes}
    assert sum(row.get("tx_bytes", 0) for row in processes) == sent
    print(f"{log.name}: {sent} bytes sent, {received} received, {len(pids)} processes")


def main():
    ipm = sys.argv[1]
    folder = pathlib.Path(os.environ.get("IPM_SHARED_DATA") or sys.argv[2]) / "behaviour"
    logs = sorted(folder.glob("events-*.jsonl.zst"))
    if not logs:
        required = os.environ.get("IPM_REQUIRE_DATA") == "1"
        print(f"{folder} has no events-*.jsonl.zst" + ("; IPM_REQUIRE_DATA=1" if required else ": set IPM_SHARED_DATA"))
        return 1 if required else SKIP
    for log in logs:
        check(ipm, log)
    return 0


sys.exit(main())
