#!/usr/bin/env bash
# ./dev check: what is too slow for every edit. Each step says what it is; the first failure ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)

begun=$SECONDS
step() {
  printf '\n== %s (%d s so far)\n' "$*" $((SECONDS - begun))
}

# build PRESET FOLDER [CMAKE_ARG…] [-- TARGET…]
build() {
  local preset=$1 folder=$2 options=() targets=() log
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
  if [ $# -gt 0 ]; then shift; targets=(--target "$@"); fi
  log=$(mktemp)
  if ! { cmake --preset "$preset" -B "$folder" "${options[@]}" && cmake --build "$folder" -j "$jobs" "${targets[@]}"; } >"$log" 2>&1; then
    grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' "$log" | tail -60
    exit 1
  fi
  # Warnings fail the check: both compilers are to be silent.
  if grep -E 'warning:' "$log"; then exit 1; fi
  rm -f "$log"
}

step "format"
git ls-files '*.h' '*.hpp' '*.cpp' '*.c' | xargs clang-format-14 --dry-run -Werror

step "release (gcc), silent"
build release build -DIPM_TESTS=OFF -DIPM_PYTHON=ON -DPython_EXECUTABLE=/usr/bin/python3

step "interface against abi/ipm.abi"
tests/abi/baseline.sh check build/bindings/c

step "python: types"
(cd bindings/python && /usr/bin/python3 -m mypy --config-file ../../pyproject.toml ipm)

step "python: notebooks"
export PYTHONPATH=$PWD/build/bindings/python PYTHONDONTWRITEBYTECODE=1
IPM_REQUIRE_NOTEBOOKS=1 /usr/bin/python3 tests/python/run_notebooks.py

step "python: engines that others wrote read its tables"
engines=0
/usr/bin/python3 tests/python/engines/engines.py build/ipm build/engines || engines=$?
if [ "$engines" -ne 0 ] && [ "$engines" -ne 77 ]; then exit 1; fi
unset PYTHONPATH

step "python: a wheel from a clean copy, without a network"
tests/python/wheel.sh

step "reports in a browser"
build dev build-dev -DIPM_PYTHON=ON -DPython_EXECUTABLE=/usr/bin/python3
IPM_REQUIRE_BROWSER=1 ctest --test-dir build-dev -L browser --output-on-failure

step "without the optional dependencies (gcc), silent; tests of what changes without them"
build dev build-minimal -DIPM_WITH_ZSTD=OFF -DIPM_WITH_ZLIB=OFF -DIPM_WITH_SIMDJSON=OFF -DIPM_WITH_EBPF=OFF -DIPM_WITH_OPENSSL=OFF \
      -DIPM_WITH_MAXMINDDB=OFF -DIPM_WITH_PCAP=OFF -- \
      bindings/c/libipm.so ipm_static ipm_cli test_decode test_source test_source_pcap test_source_replay test_enrich test_monitor test_bindings test_docs
ctest --test-dir build-minimal -j "$jobs" --output-on-failure -LE live -E "NOT_BUILT|^fuzz\."

step "address and undefined-behaviour sanitizers (clang)"
build asan build-asan
ctest --preset asan -j "$jobs" -LE browser

step "clang-tidy"
git ls-files 'src/*.cpp' 'bindings/c/*.cpp' 'examples/*.cpp' | xargs -P "$jobs" -n 4 clang-tidy-14 --quiet -p build-asan 2>/dev/null
git ls-files 'bindings/python/*.cpp' | xargs -P "$jobs" -n 4 clang-tidy-14 --quiet -p build 2>/dev/null

step "thread sanitizer (clang): what has threads"
build tsan build-tsan -- ipm_cli ipm_traffic test_ring test_monitor test_bindings test_live
ctest --preset tsan -j "$jobs" -LE browser -E "NOT_BUILT|^fuzz\."
