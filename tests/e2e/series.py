#!/usr/bin/python3
"""series.py IPM SHARED: `ipm score` on the labelled series in SHARED reaches what docs/baselines.md says, and no score depends on
what comes after it.

The folder is IPM_SHARED_DATA, or SHARED. Without it, or without numpy, the test skips (77), or fails if IPM_REQUIRE_DATA is 1.
"""
import importlib.util
import os
import pathlib
import subprocess
import sys

SKIP = 77
# Slightly under what was reached.
FLOORS = {"standard": 70, "low_FP": 65, "fixed": 68, "split_half": 62, "AP": 0.32, "VUS_PR": 0.38}


def missing(folder):
    if importlib.util.find_spec("numpy") is None:
        return "python3-numpy is missing"
    if not (folder / "labels.json").exists():
        return f"{folder} has no labels.json: set IPM_SHARED_DATA"
    return None


def main():
    ipm = sys.argv[1]
    folder = pathlib.Path(os.environ.get("IPM_SHARED_DATA") or sys.argv[2]) / "series"
    reason = missing(folder)
    if reason:
        print(reason)
        return 1 if os.environ.get("IPM_REQUIRE_DATA") == "1" else SKIP
    report = pathlib.Path(__file__).resolve().parents[2] / "bench/detect/series_report.py"
    floors = [part for name, value in FLOORS.items() for part in ("--floor", f"{name}={value}")]
    return subprocess.run([sys.executable, report, "--ipm", ipm, "--data", folder, *floors]).returncode


sys.exit(main())
