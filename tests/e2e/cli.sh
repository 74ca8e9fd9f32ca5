#!/usr/bin/env bash
# cli.sh IPM: exit codes, formats and signals of the command line. Says each promise that does not hold.
set -uo pipefail
ipm=$1
host='synthetic:?seed=1&events=3000'
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

broken() {
  printf 'broken: %s\n' "$*"
  failed=1
}

# exits CODE ARG…: with that code; a mistake is one line on stderr that begins with "ipm: ".
exits() {
  local wanted=$1 code=0
  shift
  "$ipm" "$@" >"$dir/out" 2>"$dir/err" || code=$?
  [ "$code" = "$wanted" ] || broken "ipm $* exits $code, not $wanted"
  [ "$wanted" = 0 ] && return
  [ "$(wc -l <"$dir/err")" = 1 ] || broken "ipm $*: a mistake is one line"
  grep -q '^ipm: ' "$dir/err" || broken "ipm $*: a mistake begins with ipm:"
}

# Mistakes of the caller are 2.
exits 2
exits 2 table
exits 2 table proceses
exits 2 table processes "$host" --filter 'tx_byte >= 5'
grep -q '"tx_bytes"' "$dir/err" || broken "a wrong column names the nearest one"
exits 2 table processes "$host" --limit -1
exits 2 table processes "$host" --duration soon
exits 2 table processes "$host" --memory-max 1k
exits 2 table processes "replay:$dir/none"
exits 2 table processes nowhere:
exits 2 table processes "$host" "$host" --config "$dir/none"

# Privileges are dropped by who has them, and never for a user who has them all.
exits 2 table processes "$host" --drop-privileges=no-such-user
exits 2 table processes "$host" --drop-privileges=root
if [ "$(id -u)" = 0 ]; then
  exits 0 table processes "$host" --drop-privileges
  exits 0 table processes --drop-privileges=nobody "$host"
else
  exits 1 table processes "$host" --drop-privileges
fi

# Every command has every format; sources that are files end by themselves.
for format in table jsonl csv; do
  for command in 'table connections' events top; do
    # shellcheck disable=SC2086
    exits 0 $command "$host" --limit 3 --format $format
    [ -s "$dir/out" ] || broken "ipm $command --format $format prints nothing"
    [ "$(cat "$dir/err")" = ready ] || broken "ipm $command --format $format says ready, and only that"
  done
  exits 0 columns connections --format $format
  exits 0 record -o "$dir/log" "$host" --format $format
done
exits 0 table connections "$host" --format jsonl
python3 -c 'import json, sys
for line in sys.stdin:
    assert all(value is not None for value in json.loads(line).values())' <"$dir/out" || broken "lines of JSON without nulls"
exits 0 table connections "$host" --format csv
python3 -c 'import csv, sys
rows = list(csv.reader(sys.stdin))
assert len(rows) > 1 and len({len(row) for row in rows}) == 1' <"$dir/out" || broken "CSV of even rows"

# Live sources test themselves, unless told not to; what is no live source has nothing to test.
exits 0 doctor sock_diag: --format jsonl
grep -q '"self_test":"\(passed\|could not be tested\): ' "$dir/out" || broken "doctor says what became of the self-test"
exits 0 doctor sock_diag: --no-self-test --format jsonl
grep -q self_test "$dir/out" && broken "--no-self-test leaves it out"
exits 0 doctor sock_diag: --settings 'self_test = off'
grep -q self-test "$dir/out" && broken "settings say more than the default"
exits 0 doctor synthetic:?events=10
grep -q self-test "$dir/out" && broken "a made-up host is not tested"

# A log gives the same table again.
exits 0 table ledger "$host" --format csv
cp "$dir/out" "$dir/ledger"
exits 0 table ledger "replay:$dir/log" --format csv
cmp -s "$dir/out" "$dir/ledger" || broken "a recording gives the same ledger"

# Alerts of event lines: ten hosts inside that refuse are a scan. Off is off. A build without event lines says so.
if "$ipm" doctor --format csv 2>/dev/null | grep -q 'event lines (JSON),true'; then
  for i in $(seq 10); do
    tuple="\"pid\":7,\"comm\":\"seeker\",\"exe\":\"/usr/bin/seeker\",\"uid\":0,\"proto\":\"tcp\",\"lip\":\"10.0.0.1\",\"lport\":$((40000 + i)),\"rip\":\"10.0.0.$((100 + i))\",\"rport\":22,\"dir\":\"out\""
    echo "{\"t\":$((1700000000 + i))000000000,\"type\":\"open\",$tuple}"
    echo "{\"t\":$((1700000000 + i))001000000,\"type\":\"reset\",$tuple,\"tx\":0,\"rx\":0,\"dur\":1000000,\"why\":\"refused\"}"
  done >"$dir/lines"
  for format in table jsonl csv score; do
    exits 0 detect - --format $format <"$dir/lines"
    grep -q scan "$dir/out" || broken "ipm detect --format $format shows the scan"
  done
  python3 -c 'import json, sys
alerts = [json.loads(line) for line in sys.stdin]
assert any(a["kind"] == "scan" and a["pid"] == 7 and 0 <= a["score"] <= 1 and a["t"] > 0 for a in alerts)
assert [a["t"] for a in alerts] == sorted(a["t"] for a in alerts)' <"$dir/out" || broken "score lines as scorers read them"
  exits 0 detect - --format jsonl --settings 'alerts = off' <"$dir/lines"
  [ -s "$dir/out" ] && broken "alerts = off raises none"
else
  exits 1 detect - </dev/null
  grep -q IPM_WITH_SIMDJSON "$dir/err" || broken "a build without event lines says so"
fi
exits 2 detect "$host" --filter 'kind = scan'
exits 2 table alerts "$host" --format score

# Nobody reads on: quiet.
"$ipm" events 'synthetic:?events=100000' 2>"$dir/err" | head -1 >/dev/null
[ "${PIPESTATUS[0]}" = 0 ] || broken "a closed pipe is no failure"
[ "$(cat "$dir/err")" = ready ] || broken "a closed pipe is nothing to say"

# A score for each point, in order, whatever comes after it; a line that cannot be read is named and ends it.
series=$(dirname "$0")/../data/series/realAdExchange__exchange-4_cpm_results.csv
points=$(($(wc -l <"$series") - 1))
exits 0 score --header "$series"
[ "$(wc -l <"$dir/out")" = $points ] || broken "ipm score prints one line for each point"
cp "$dir/out" "$dir/held"
head -1000 "$series" >"$dir/head"
exits 0 score --header "$dir/head"
head -999 "$dir/held" | cmp -s - "$dir/out" || broken "a score depends on the points before it only"
exits 0 score --header --raw "$series"
paste "$dir/held" "$dir/out" | awk '$1 != 0 && $1 != $2 || $2 < 0 || $2 > 1 { exit 1 }' || broken "a held score is 0 or the score"
for format in jsonl csv table; do
  exits 0 score --header "$series" --format $format
  [ "$(wc -l <"$dir/out")" -gt 2 ] || broken "ipm score --format $format explains"
done
tail -n +2 "$series" | "$ipm" score | cmp -s - "$dir/held" || broken "ipm score reads stdin"
printf '0,1,2\n60,,nan\n120,1e999,3\n2014-04-01T00:00:00.5Z,4,5\r\n' >"$dir/several"
exits 0 score "$dir/several"
[ "$(wc -l <"$dir/out")" = 4 ] || broken "missing values are points too"
for line in '' 'word' 'word,1' '60,word' '60,1' '2014-13-01 00:00:00,1,2' '1e10,1,2'; do
  { cat "$dir/several"; printf '%s\n' "$line"; } >"$dir/bad"
  exits 2 score "$dir/bad"
  [ "$(wc -l <"$dir/out")" = 4 ] || broken "the points before a bad line are scored"
  grep -q 'line 5:' "$dir/err" || broken "the bad line \"$line\" is named"
done
exits 2 score "$dir/none"
exits 2 score "$series" --threshold 2
exits 2 score "$series" --utc-offset soon
exits 0 score --header "$series" --utc-offset=-05:30 --log-scale --hold 10 --resolution 1

wait_for() {  # wait_for FILE TEXT
  for _ in $(seq 200); do
    grep -q "$2" "$1" 2>/dev/null && return
    sleep 0.05
  done
  broken "no \"$2\" after ten seconds"
}

# A live source runs until it is told to stop, and then prints. SIGUSR1 prints meanwhile.
for signal in INT TERM; do
  rm -f "$dir/out" "$dir/err"  # What the last round wrote says nothing about this one.
  "$ipm" table sources --columns source --format csv >"$dir/out" 2>"$dir/err" &
  pid=$!
  wait_for "$dir/err" ready
  [ -s "$dir/out" ] && broken "a live table is printed at its end"
  kill -USR1 "$pid"
  wait_for "$dir/out" source
  sleep 2.5
  kill -0 "$pid" 2>/dev/null || broken "a live source without --duration runs until a signal"
  kill "-$signal" "$pid"
  wait "$pid" || broken "SIG$signal ends the run with $?"
  [ "$(grep -c '^source' "$dir/out")" = 2 ] || broken "SIGUSR1 and SIG$signal print once each"
done

[ $failed = 0 ] && echo "the command line keeps its promises"
exit $failed
