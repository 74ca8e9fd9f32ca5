#!/usr/bin/env bash
# replays.sh IPM CAPTURES: reading a capture again gives the same rows, whatever the seeds of the hash tables are.
set -uo pipefail
ipm=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

# same ARG…: twice the same, and something.
same() {
  for time in first second; do
    "$ipm" "$@" --format jsonl >"$dir/$time" 2>"$dir/err" || { printf 'broken: ipm %s: %s\n' "$*" "$(cat "$dir/err")"; failed=1; }
  done
  [ -s "$dir/first" ] || { printf 'broken: ipm %s prints nothing\n' "$*"; failed=1; }
  cmp "$dir/first" "$dir/second" || { printf 'broken: ipm %s differs from time to time\n' "$*"; failed=1; }
}

captures=0
for capture in "$2"/*.pcap "$2"/*.pcapng; do
  case $capture in */hostile-*) continue ;; esac
  captures=$((captures + 1))
  same flows "$capture"
  for table in connections endpoints; do same table "$table" "pcap:$capture"; done
done
[ "$captures" -gt 10 ] || { printf 'broken: %s captures in %s\n' "$captures" "$2"; failed=1; }
exit "$failed"
