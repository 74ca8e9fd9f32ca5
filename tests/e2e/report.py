#!/usr/bin/python3
"""report.py IPM: the numbers of `ipm report` are those of the tables, names are harmless, and a mistake writes nothing."""
import json
import pathlib
import subprocess
import sys
import tempfile

MINUTE = 60 * 10**9
BEGIN = 1_735_689_600 * 10**9  # 2025-01-01, a whole minute.
HOSTILE = '</script><img src=x onerror="window.hit=1"><!--\u202egpj\u2028&'
REMOTES = 600
ALERT_MINUTE = 60
failed = False


def expect(wanted, what):
    global failed
    if not wanted:
        failed = True
        print("broken:", what)


def tx_of(minute):
    return 50_000_000 if minute == ALERT_MINUTE else 1_000 + minute


def event(minute, kind, pid, comm, remote, **more):
    return {"t": BEGIN + minute * MINUTE + 5 * 10**9, "type": kind, "pid": pid, "comm": comm, "exe": "/opt/" + comm, "uid": 1000,
            "proto": "tcp", "lip": "10.0.0.1", "lport": 40_000 + pid, "rip": remote, "rport": 443, "dir": "out", **more}


def run_of_two_hours():
    """One app that sends a known amount each minute, one with a hostile name, and more remotes than a report has rows."""
    events = [event(0, "open", 100, "sender", "192.0.2.1"), event(0, "open", 101, HOSTILE[:15], "192.0.2.2", exe="/opt/" + HOSTILE)]
    for minute in range(120):
        events.append(event(minute, "data", 100, "sender", "192.0.2.1", tx=tx_of(minute), rx=10))
    events.append(event(119, "data", 101, HOSTILE[:15], "192.0.2.2", exe="/opt/" + HOSTILE, tx=7, rx=3))
    for number in range(REMOTES):
        remote = f"198.51.{number // 250}.{number % 250 + 1}"
        for kind, more in (("open", {}), ("close", {"tx": number, "rx": 1, "dur": 1000})):
            events.append(event(119, kind, 102, "many", remote, lport=1024 + number, **more))
    return "".join(json.dumps(each) + "\n" for each in events)


def data_of(html):
    begin = html.index('id="data">') + len('id="data">')
    data = html[begin:html.index("</script>", begin)]
    expect(not set("<>&\u2028") & set(data), "the data has characters that HTML or scripts take for their own")
    return json.loads(data)


def column(table, name):
    found = next(each for each in table["columns"] if each["name"] == name)
    texts = found.get("texts")
    return [value if value is None or texts is None else texts[value] for value in found["values"]]


class Report:
    def __init__(self, ipm, folder):
        self.ipm = ipm
        self.folder = folder

    def run(self, *words, **more):
        return subprocess.run([self.ipm, *words], capture_output=True, text=True, errors="replace", **more)

    def numbers(self, source, words):
        """Every app, every byte: as in `ipm table apps`, and in the chart."""
        path = self.folder / "report.html"
        done = self.run("report", "--html", path, "--title", HOSTILE, *words, source)
        expect(done.returncode == 0, f"a report exits with {done.returncode}: {done.stderr}")
        html = path.read_text()
        expect("<img" not in html and html.count("</script>") == 3, "a name has left its place")
        expect("http://" not in html.replace("http://www.w3.org", ""), "the report names something outside")
        data = data_of(html)
        rows = [json.loads(line) for line in self.run("table", "apps", source, "--format", "jsonl").stdout.split("\n") if line]
        for name in ("tx_bytes", "rx_bytes"):
            for app, value in zip(column(data["apps"], "app"), column(data["apps"], name)):
                wanted = next(row for row in rows if row["app"] == app).get(name)
                expect(value == wanted, f"{app} has {name} {value}, not {wanted}")
            wanted = sum(row.get(name, 0) for row in rows)
            expect(sum(column(data["apps"], name)) == wanted, f"the sum of {name} is not that of the table")
            charted = sum(sum(layer) for layer in data["timeline"][name[:2]])
            expect(charted == wanted, f"the chart has {charted} {name}, not {wanted}")
        return data

    def hostile_and_bounded(self):
        lines = self.folder / "lines.jsonl"
        lines.write_text(run_of_two_hours())
        data = self.numbers(f"replay:{lines}", ["--threshold", "big metric=tx_bytes above=10M"])
        expect(data["title"] == HOSTILE, "the title is not what was given")
        expect(any(app.startswith("/opt/</script><img") for app in column(data["apps"], "app")),
               "the hostile name is gone")
        expect((data["endpoints"]["rows"], data["endpoints"]["rows_total"]) == (500, REMOTES + 2),
               "rows that are not shown are not counted")
        expect(data["connections"]["rows_total"] == REMOTES + 2, "connections that are not shown are not counted")
        alerts = data["alerts"]
        big = [number for number, kind in zip(column(alerts, "id"), column(alerts, "kind")) if kind == "threshold"]
        expect(len(big) == 1, f"{len(big)} alerts of the threshold, not 1")
        context = data["contexts"][str(big[0])]
        first = (context["begin"] - BEGIN // 10**6) // 60_000
        opened = column(alerts, "opened")[column(alerts, "id").index(big[0])]
        minute = (opened - BEGIN // 10**6) // 60_000
        expect(first == minute - 30 and context["width_s"] == 60,
               f"the context begins at minute {first}, the alert is of {minute}")
        expect(context["tx"] == [tx_of(each) for each in range(minute - 30, minute + 31)],
               "the context has other bytes than were sent")

    def days(self):
        """Days are shown in wider intervals, and nothing of them is lost."""
        data = self.numbers("drill:exfil", [])
        expect(data["timeline"]["width_s"] == 900, f"three days have intervals of {data['timeline']['width_s']} s")

    def last_minutes(self):
        """A short run is shown by the second."""
        data = self.numbers("synthetic:?seed=1&events=20000", [])
        expect(data["timeline"]["width_s"] <= 10, "a short run is shown by the minute")

    def mistakes(self):
        kept = self.folder / "kept.html"
        kept.write_text("kept")
        broken = self.folder / "broken.ipmlog"
        broken.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(900))
        source = "synthetic:?seed=1&events=2000"
        mistakes = {
            "--html": ["report", source],
            "nowhere": ["report", "--html", kept, "nowhere:"],
            "broken": ["report", "--html", kept, f"replay:{broken}"],
            "format": ["report", "--html", kept, "--format", "csv", source],
            "is no file": ["report", "--html", self.folder, source],
            "No such file": ["report", "--html", self.folder / "none/report.html", source],
            "--every": ["report", "--html", "-", "--every", "1s", source],
        }
        for word, words in mistakes.items():
            done = self.run(*words)
            lines = [line for line in done.stderr.splitlines() if line != "ready"]
            expect(done.returncode in (1, 2) and len(lines) == 1 and word in lines[0],
                   f"{words[1:]}: {done.returncode}, {done.stderr!r}")
            expect(done.stdout == "", f"{words[1:]} prints something")
        expect(kept.read_text() == "kept", "a mistake has replaced a file")
        known = {"report.html", "lines.jsonl", "kept.html", "broken.ipmlog"}
        left = {path.name for path in self.folder.iterdir()} - known
        expect(not left, f"left behind: {left}")
        done = self.run("report", "--html", "-", source)
        expect(done.returncode == 0 and data_of(done.stdout)["apps"]["rows"] > 0, "--html - prints no report")
        done = self.run("report", "--html", kept, source)
        expect(done.returncode == 0 and kept.read_text().startswith("<!doctype html>"), "a report does not replace a file")


def main():
    with tempfile.TemporaryDirectory() as folder:
        report = Report(sys.argv[1], pathlib.Path(folder))
        report.hostile_and_bounded()
        report.days()
        report.last_minutes()
        report.mistakes()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
