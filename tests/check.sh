#!/usr/bin/env bash
# ./dev check: what is too slow for every edit. Each step says what it is; the first failure ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=$(nproc)

step() { printf '\n== %s\n' "$*"; }

build() {
  local preset=$1 log
  shift
  log=$(mktemp)
  if ! { cmake --preset "$preset" "$@" && cmake --build --preset "$preset" -j "$jobs"; } >"$log" 2>&1; then
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
build release -DIPM_TESTS=OFF

step "interface against abi/ipm.abi"
tests/abi/baseline.sh check build/bindings/c

step "address and undefined-behaviour sanitizers (clang)"
build asan
ctest --preset asan -j "$jobs"

step "thread sanitizer (clang)"
build tsan
ctest --preset tsan -j "$jobs"
