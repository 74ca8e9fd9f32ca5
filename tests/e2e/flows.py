#!/usr/bin/python3
"""flows.py IPM SHARED: `ipm flows` says of captures what tshark says, in both views, and survives malformed ones.

The captures are those in tests/data/captures and those in SHARED (or IPM_SHARED_DATA). Without the latter the test runs on the
former alone, or fails if IPM_REQUIRE_DATA is 1.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
COMPARE = TREE / "bench/pcap/compare.py"
TABLE_LINES_MAX = 60


def compare(folder, *words):
    return subprocess.run([sys.executable, COMPARE, "--truth", folder, *words], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "IPM_CAPTURES": str(folder)})


def agrees(ipm, folder, view):
    """True if every field of every flow agrees."""
    with tempfile.NamedTemporaryFile(suffix=".json") as scores:
        done = compare(folder, "--run", f"{ipm} flows --format jsonl {{}}", "--view", view, "--json", scores.name)
        score = json.load(open(scores.name))
    wrong = {field: counts for field, counts in score["fields"].items() if counts["differ"] or counts["absent"]}
    if done.returncode or wrong or score["trouble"] or not score["captures"]:
        print("\n".join(done.stdout.splitlines()[:TABLE_LINES_MAX]))
        return False
    print(f"{folder.name}, view {view}: {score['captures']} captures, every field agrees")
    return True


def survives(ipm, folder):
    """Ends by itself, with a message where it is an error."""
    hostile = sorted(path.name for path in folder.glob("hostile-*"))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as names:
        names.write("\n".join(hostile))
        names.flush()
        done = compare(folder, "--robust", f"{ipm} flows {{}}", "--list", names.name, "--limit", "20")
    print(done.stdout.strip())
    return done.returncode == 0 and bool(hostile)


def main():
    ipm = sys.argv[1]
    folders = [TREE / "tests/data/captures"]
    shared = pathlib.Path(os.environ.get("IPM_SHARED_DATA") or sys.argv[2]) / "pcap"
    if shared.exists():
        folders.append(shared)
    elif os.environ.get("IPM_REQUIRE_DATA") == "1":
        print(f"{shared} is not there: set IPM_SHARED_DATA")
        return 1
    results = [check for folder in folders
               for check in (agrees(ipm, folder, "inner"), agrees(ipm, folder, "outer"), survives(ipm, folder))]
    return 0 if all(results) else 1


sys.exit(main())
