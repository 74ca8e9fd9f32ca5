#!/usr/bin/python3
"""report_day.py IPM SHARED SECONDS: the report of a day of each behaviour scenario takes at most so long, and 2 MB.

Of all its days it takes 2 MB too.

The folder is IPM_SHARED_DATA, or SHARED. Without it the test skips (77), or fails if IPM_REQUIRE_DATA is 1.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SKIP = 77
DAY = 86_400 * 10**9
WHICH_DAY = 5  # The first with attacks: there are alerts to show.
BYTES_MAX = 2_000_000


def write_day(log, out):
    with subprocess.Popen(["zstd", "-dcq", log], stdout=subprocess.PIPE) as process:
        begin = None
        for line in process.stdout:
            time_ns = json.loads(line)["t"]
            begin = time_ns - time_ns % DAY + WHICH_DAY * DAY if begin is None else begin
            if begin <= time_ns < begin + DAY:
                out.write(line)
    out.flush()


def report(ipm, source, folder):
    path = pathlib.Path(folder) / "report.html"
    begin = time.monotonic()
    subprocess.run([ipm, "report", "--html", path, source], check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - begin, path.stat().st_size


def check(ipm, log, seconds_max):
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/day.jsonl", "wb") as day:
        write_day(log, day)
        seconds, size = report(ipm, f"replay:{day.name}", folder)
        all_seconds, all_size = report(ipm, f"replay:{log}", folder)
    print(f"{log.name}: a day {seconds:.2f} s, {size} bytes; seven days {all_seconds:.2f} s, {all_size} bytes")
    return seconds <= seconds_max and max(size, all_size) <= BYTES_MAX


def main():
    folder = pathlib.Path(os.environ.get("IPM_SHARED_DATA") or sys.argv[2]) / "behaviour"
    logs = sorted(folder.glob("events-*.jsonl.zst"))
    if not logs:
        print(f"{folder} has no scenarios: set IPM_SHARED_DATA")
        return 1 if os.environ.get("IPM_REQUIRE_DATA") == "1" else SKIP
    return 0 if all([check(sys.argv[1], log, float(sys.argv[3])) for log in logs]) else 1


if __name__ == "__main__":
    sys.exit(main())
