#!/usr/bin/env bash
# pip install from a clean copy of the tree into a fresh environment, without a network, and the sdist's way, too.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What is tried is the packing, not the code: without optimisation it is built in half the time.
export CMAKE_ARGS=${CMAKE_ARGS:--DCMAKE_BUILD_TYPE=None} PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1

/usr/bin/python3 -m venv --system-site-packages "$work/venv"
/usr/bin/python3 setup.py -q sdist --dist-dir "$work" --formats gztar egg_info --egg-base "$work" 2>"$work/sdist.log" || { cat "$work/sdist.log"; exit 1; }
tar -xzf "$work"/ipm-*.tar.gz -C "$work"
cd "$work"/ipm-*/
"$work/venv/bin/pip" wheel -q --no-deps --wheel-dir "$work" . || exit 1
"$work/venv/bin/pip" install -q --no-deps "$work"/ipm-*.whl
cd /
basename "$work"/ipm-*.whl
"$work/venv/bin/python" - <<'P'
import ipm

with ipm.Monitor("synthetic:?seed=1&events=20000") as m:
    m.run()
    print("ipm", ipm.__version__, "from a wheel:", len(m.connections().to_pandas()), "connections")
P
