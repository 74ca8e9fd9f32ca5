#!/usr/bin/env bash
# ./dev check: what is too slow for every edit. Each step says what it is; the first failure ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)

step() { printf '\n== %s\n' "$*"; }

# build PRESET FOLDER [CMAKE_ARG…]
build() {
  local preset=$1 folder=$2 log
  shift 2
  log=$(mktemp)
  if ! { cmake --preset "$preset" -B "$folder" "$@" && cmake --build "$folder" -j "$jobs"; } >"$log" 2>&1; then
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
build release build -DIPM_TESTS=OFF

step "interface against abi/ipm.abi"
tests/abi/baseline.sh check build/bindings/c

step "without the optional dependencies (gcc), silent; all but the live tests"
build dev build-minimal -DIPM_WITH_ZSTD=OFF -DIPM_WITH_ZLIB=OFF -DIPM_WITH_SIMDJSON=OFF -DIPM_WITH_EBPF=OFF -DIPM_WITH_OPENSSL=OFF \
      -DIPM_WITH_MAXMINDDB=OFF -DIPM_WITH_PCAP=OFF
ctest --test-dir build-minimal -j "$jobs" --output-on-failure -LE live

step "address and undefined-behaviour sanitizers (clang)"
build asan build-asan
ctest --preset asan -j "$jobs"

step "clang-tidy"
git ls-files 'src/*.cpp' 'bindings/*.cpp' 'examples/*.cpp' | xargs -P "$jobs" -n 4 clang-tidy-14 --quiet -p build-asan 2>/dev/null

step "thread sanitizer (clang)"
build tsan build-tsan
ctest --preset tsan -j "$jobs"
