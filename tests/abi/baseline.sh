#!/usr/bin/env bash
# baseline.sh check|record LIBDIR: the interface against abi/ipm.abi, by libabigail. Any difference fails, since a program
# built before would meet it; if it is meant, `./dev abi` records it and CHANGELOG.md says what it breaks.
# What is compared: the public declaration of each symbol that libipm.so exports. The library's own debug information has
# the inside of the opaque types too, which is nobody's interface.
# The check also plants two incompatible changes and has to see them.
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=$1 libdir=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# surface INCLUDE LIBRARY OUT: a library with one typed variable for each exported symbol.
surface() {
  {
    echo '#include <ipm/ipm.h>'
    nm -D --defined-only "$2" | awk '$2 != "A" {print $3}' | sed 's/@.*//; s/.*/__typeof__(\&&) abi_&;/'
  } >"$work/surface.c"
  cc -g -fdebug-prefix-map="$work"=. -shared -fPIC -I"$1" "$work/surface.c" -Wl,-soname,libipm.so.0 -o "$3"
}

surface include "$libdir/libipm.so" "$work/now.so"
if [ "$mode" = record ]; then
  mkdir -p abi
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed --out-file abi/ipm.abi "$work/now.so"
  echo "abi/ipm.abi recorded; say in CHANGELOG.md what changed"
  exit
fi

status=0
abidiff abi/ipm.abi "$work/now.so" >"$work/report" || status=$?
if [ $status -ne 0 ]; then
  cat "$work/report"
  echo "the interface differs from abi/ipm.abi (abidiff: $status); if that is meant: ./dev abi, and a line in CHANGELOG.md"
  exit 1
fi

# planted NAME INCLUDE LIBRARY: seen, or the check is worth nothing.
planted() {
  surface "$2" "$3" "$work/$1.so"
  local status=0
  abidiff abi/ipm.abi "$work/$1.so" >/dev/null || status=$?
  echo "planted $1: abidiff $status"
  [ $status -ne 0 ]
}
cp -r include "$work/grown"
sed -i 's/^  uint64_t high_water;/  uint64_t planted;\n&/' "$work/grown/ipm/stats.h"
planted "grown struct" "$work/grown" "$libdir/libipm.so"

sed '/ipm_monitor_flush;/d' bindings/c/libipm.map >"$work/libipm.map"
c++ -shared -Wl,--whole-archive "$libdir/libipm.a" -Wl,--no-whole-archive -Wl,--version-script="$work/libipm.map" -o "$work/removed"
planted "removed symbol" include "$work/removed"
echo "the interface equals abi/ipm.abi"
