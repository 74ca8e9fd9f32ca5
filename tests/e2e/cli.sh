#!/usr/bin/env bash
# cli.sh IPM: exit codes, formats and signals of the command line. Says each promise that does not hold.
set -uo pipefail
ipm=$1
host='synthetic:?seed=1&events=3000'
lines="replay:$(dirname "$0")/../data/events-sample.jsonl"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

broken() {
  printf 'broken: %s\n' "$*"
  failed=1
}

# Event lines are read by builds with simdjson.
reads_lines() { "$ipm" doctor --format csv 2>/dev/null | grep -q 'event lines (JSON),true'; }

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

# Lists of threat intelligence: what they hold, if something is on them, and an alert of a run over event lines.
printf '# list\n198.51.100.7 # Dridex\n198.51.100.0/24\nevil.example\nnot an indicator\n' >"$dir/bad-hosts.txt"
exits 2 intel
exits 2 intel check
exits 2 intel check "$dir/none"
exits 2 intel check "$dir"
exits 0 intel check "$dir/bad-hosts.txt" --format jsonl
python3 -c 'import json, sys
row = json.loads(sys.stdin.read())
wanted = {"feed": "bad-hosts", "format": "plain", "records": "4", "addresses": "1", "networks": "1", "domains": "1"}
assert all(str(row[name]) == value for name, value in wanted.items()), row
assert row["first_malformed"].startswith("line 5: "), row' <"$dir/out" || broken "intel check says what a list holds"
exits 0 intel match 198.51.100.7 --feed "$dir/bad-hosts.txt" --format csv
grep -q 'bad-hosts,address,198.51.100.7,Dridex,' "$dir/out" || broken "intel match finds an address"
exits 0 intel match 198.51.100.8 --feed "$dir/bad-hosts.txt" --format csv
grep -q 'network,198.51.100.0/24' "$dir/out" || broken "intel match finds its network"
exits 0 intel match www.evil.example --feed "$dir/bad-hosts.txt"
exits 2 intel match nothing --feed "$dir/bad-hosts.txt"
"$ipm" intel match 203.0.113.1 --feed "$dir/bad-hosts.txt" >"$dir/out" 2>"$dir/err"
[ $? = 3 ] || broken "intel match exits with 3 for what is on no list"
exits 2 detect "$host" --settings "intel.feed = $dir/none"
if reads_lines; then
  line='{"t":1767312000000000000,"type":"open","pid":7,"comm":"curl","proto":"tcp","lip":"10.0.0.1","lport":4,'
  line+='"rip":"198.51.100.7","rport":443,"dir":"out"}'
  echo "$line" >"$dir/lines.jsonl"
  exits 0 detect "replay:$dir/lines.jsonl" --settings "intel.feed = $dir/bad-hosts.txt" --format jsonl
  python3 -c 'import json, sys
alert, = [each for each in map(json.loads, sys.stdin) if each["kind"] == "threat_intel"]
assert alert["feed"] == "bad-hosts" and alert["pid"] == 7, alert
assert alert["indicator"] == "198.51.100.7" and alert["notified"] is True, alert' <"$dir/out" ||
    broken "detect tells of what is on a list"
fi

# A log gives the same table again.
exits 0 table ledger "$host" --format csv
cp "$dir/out" "$dir/ledger"
exits 0 table ledger "replay:$dir/log" --format csv
cmp -s "$dir/out" "$dir/ledger" || broken "a recording gives the same ledger"

# Alerts of event lines: ten hosts inside that refuse are a scan. Off is off. A build without event lines says so.
if reads_lines; then
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
  # A rule keeps it from being told, also when the recording of the run is replayed; the table has it.
  exits 0 detect - --rule 'suppress kind=scan app="*seeker*"' --format jsonl <"$dir/lines"
  grep -q scan "$dir/out" && broken "a suppressed alert is told"
  exits 0 record -o "$dir/ruled" - --rule 'suppress kind=scan' <"$dir/lines"
  exits 0 table alerts "replay:$dir/ruled" --format jsonl
  grep -q '"verdict":"suppressed"' "$dir/out" || broken "a replay has the rules of the run: $(cat "$dir/out")"
  exits 2 detect - --rule 'suppress kind=scam' <"$dir/lines"
  grep -q 'did you mean scan' "$dir/err" || broken "a rule that is wrong: $(cat "$dir/err")"
  # A threshold is told with its name, also when the recording of the run is replayed.
  threshold='many metric=connect_failures app="*seeker*" above=5 per=1m severity=high'
  # Of whole minutes: one in which the program was first seen says nothing.
  before=${tuple/10.0.0.110/10.0.0.50}
  { echo "{\"t\":1699999900000000000,\"type\":\"open\",$before}"; cat "$dir/lines"
    echo "{\"t\":1700000200000000000,\"type\":\"close\",$before,\"tx\":1,\"rx\":1}"; } >"$dir/longer"
  exits 0 detect - --threshold "$threshold" --format jsonl <"$dir/longer"
  grep '"kind":"threshold"' "$dir/out" | grep -q '"threshold":"many"' || broken "a threshold is told: $(cat "$dir/out")"
  exits 0 record -o "$dir/limited" - --threshold "$threshold" <"$dir/longer"
  exits 0 detect "replay:$dir/limited" --format jsonl
  grep -q '"threshold":"many"' "$dir/out" || broken "a replay has the thresholds of the run: $(cat "$dir/out")"
  exits 2 detect - --threshold 'many metric=tx_byte above=5' <"$dir/lines"
  grep -q 'did you mean' "$dir/err" || broken "a threshold that is wrong: $(cat "$dir/err")"
  exits 0 detect - --format jsonl --settings 'alerts = off' <"$dir/lines"
  [ -s "$dir/out" ] && broken "alerts = off raises none"
else
  exits 1 detect - </dev/null
  grep -q IPM_WITH_SIMDJSON "$dir/err" || broken "a build without event lines says so"
fi
exits 2 detect "$host" --filter 'kind = scan'
exits 2 table alerts "$host" --format score

# A drill says if its alert came, by its exit code too; every row of it says that it is one.
exits 0 drill --list
kinds=$(cut -d' ' -f1 <"$dir/out" | tail -n +2)
exits 0 drill all --seed 2
for kind in $kinds; do
  grep -q "  $kind  opened  DRILL: " "$dir/out" || broken "ipm drill $kind prints its sentence"
  grep -q "came: $kind of " "$dir/out" || broken "ipm drill $kind says that its alert came"
done
exits 1 drill scan --settings 'alerts = off'
exits 2 drill
exits 2 drill scam
exits 2 drill scan --seed -1
for format in jsonl csv; do
  exits 0 drill --list --format $format
  exits 0 drill scan --format $format
  grep -q 'DRILL: ' "$dir/out" || broken "ipm drill --format $format prints alerts"
done
exits 0 table alerts drill:all --format jsonl
grep -qv '"drill":true' "$dir/out" && broken "every alert of a drill is marked"
cp "$dir/out" "$dir/alerts"
exits 0 record -o "$dir/drill.ipmlog" drill:all
exits 0 table alerts "replay:$dir/drill.ipmlog" --format jsonl
cmp -s "$dir/out" "$dir/alerts" || broken "a recorded drill gives the same alerts"

# An alert in full, of any run, and its kind; what is asked for wrongly is named.
id=$(sed -n 's/^{"id":\([0-9]*\),.*"kind":"beacon".*"comm":"crate".*/\1/p' "$dir/alerts" | head -1)
exits 0 explain "$id" "replay:$dir/drill.ipmlog"
for part in '^DRILL, alert ' '^  DRILL: crate (pid ' severity 'program  *crate' peer since 'usual is' means check tune T1071.001; do
  grep -q "$part" "$dir/out" || broken "ipm explain says $part"
done
awk '!/^  rule / && length > 100 { exit 1 }' "$dir/out" || broken "ipm explain keeps to its width"
rule=$(sed -n 's/^  rule  *//p' "$dir/out")
exits 0 table alerts drill:beacon --rule "$rule" --format jsonl
grep '"kind":"beacon".*"comm":"crate"' "$dir/out" | grep -q '"verdict":"suppressed"' || broken "the rule that ipm explain offers holds: $rule"
for format in jsonl csv; do
  exits 0 explain "$id" "replay:$dir/drill.ipmlog" --format $format
  grep -q 'regular calls to a new peer' "$dir/out" || broken "ipm explain --format $format"
  exits 0 explain beacon --format $format
done
exits 0 explain beacon
grep -q 'techniques  T1071.001 Application Layer Protocol' "$dir/out" || broken "ipm explain names techniques"
exits 2 explain
exits 2 explain 1
exits 2 explain bacon
exits 2 explain beacon "$host"
exits 2 explain 1 "$host" --limit 1
"$ipm" explain 100000 "$host" 2>"$dir/err"
[ $? = 2 ] && grep -q '^ipm: explain: this run has no alert 100000' "$dir/err" || broken "an alert that is not there is named"

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

# What a run has learned goes into a file, comes out of it, and into another run.
learn=(--settings 'baselines_interval = 1s')
long='synthetic:?seed=2&events=60000'
exits 0 baseline export -o "$dir/a" "$long" "${learn[@]}"
exits 0 baseline export -o "$dir/b" 'synthetic:?seed=3&events=60000' "${learn[@]}"
for format in table jsonl csv; do
  exits 0 baseline show "$dir/a" --format $format "${learn[@]}"
  [ "$(wc -l <"$dir/out")" -gt 3 ] || broken "ipm baseline show FILE --format $format shows what was learned"
  exits 0 baseline show "$long" --format $format "${learn[@]}"
  [ "$(wc -l <"$dir/out")" -gt 3 ] || broken "ipm baseline show SOURCE --format $format shows what was learned"
  exits 0 baseline diff "$dir/a" "$dir/b" --format $format "${learn[@]}"
  grep -q 'added' "$dir/out" || broken "ipm baseline diff --format $format says what is only in the second file"
done
exits 0 baseline diff "$dir/a" "$dir/a" --format jsonl "${learn[@]}"
[ -s "$dir/out" ] && broken "a file does not differ from itself"
exits 0 baseline diff "$dir/a" "$dir/b" --format jsonl --limit 1 "${learn[@]}"
[ "$(wc -l <"$dir/out")" = 1 ] || broken "ipm baseline diff --limit 1 prints one"
exits 0 baseline import "$dir/a" "$dir/b" "$dir/both" "${learn[@]}"
exits 0 baseline diff "$dir/a" "$dir/both" --format csv "${learn[@]}"
grep -q 'removed' "$dir/out" && broken "what is merged has all of both"
exits 1 baseline show "$dir/a"
grep -q 'baselines_interval = 1s' "$dir/err" || broken "another interval is refused with the setting that helps"
head -c 100 "$dir/a" >"$dir/cut"
exits 2 baseline show "$dir/cut" "${learn[@]}"
grep -q 'byte' "$dir/err" || broken "a cut file is named by its byte"
exits 2 baseline import "$dir/a" "$dir/cut" "${learn[@]}"
[ "$(wc -c <"$dir/cut")" = 100 ] || broken "a file that cannot be read is not overwritten"
exits 2 baseline
exits 2 baseline diff "$dir/a"
exits 2 baseline show "$dir/none" "${learn[@]}"
if reads_lines; then
  printf 'no baselines' >"$dir/foreign"
  "$ipm" table apps "$lines" --settings "baselines_path = $dir/foreign
baselines_save = any" >/dev/null 2>"$dir/err" ||
    broken "a monitor runs beside a foreign file of baselines"
  grep -q 'this is no baseline file\|ends within the header' "$dir/err" || broken "and says what is wrong with it"
  grep -q 'no baselines' "$dir/foreign.kept-1" || broken "and keeps it"

  # The file of a host is of what was observed there. Nothing else writes it.
  printf 'baselines_interval = 1s\nbaselines_save = any\nbaselines_path = %s\n' "$dir/host" >"$dir/host.conf"
  exits 0 table apps "$lines" --config "$dir/host.conf"
  cp "$dir/host" "$dir/host.before"
  exits 0 baseline show "$dir/a" --config "$dir/host.conf" --format jsonl
  grep -q node_exporter "$dir/out" && broken "ipm baseline show FILE shows that file and no other"
  exits 0 baseline import "$dir/a" "$dir/b" "$dir/both" --settings "$(cat "$dir/host.conf")"
  exits 0 baseline diff "$dir/a" "$dir/a" --settings "$(cat "$dir/host.conf")" --format jsonl
  [ -s "$dir/out" ] && broken "ipm baseline diff compares those files and no other"
  exits 0 drill scan --config "$dir/host.conf"
  exits 0 table apps "$host" --config "$dir/host.conf"
  cmp -s "$dir/host" "$dir/host.before" || broken "what is imported, played or made up is not written into the host's file"
fi

[ $failed = 0 ] && echo "the command line keeps its promises"
exit $failed
