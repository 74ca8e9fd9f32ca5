#!/usr/bin/python3
"""report_browser.py IPM: a report in Chromium. It draws, sorts, filters, changes its colours, and runs no script of a name.

Drives chromedriver by the WebDriver protocol. Skips (77) where chromium or chromedriver is missing; fails there if
IPM_REQUIRE_BROWSER is 1. With --picture FILE and a SOURCE it writes a picture of that source's report instead.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HOSTILE = '<img/src=x/onerror=window.hit=1>\u202egpj'
CHROMIUM_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                      "--window-size=1280,1470"]
START_SECONDS = 30
failed = False


def expect(wanted, what):
    global failed
    if not wanted:
        failed = True
        print("broken:", what)


class Browser:
    """One session of headless Chromium."""

    def __init__(self, folder):
        # Port 0: the driver takes a free one and says which.
        self.log = pathlib.Path(folder) / "chromedriver.log"
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=self.log.open("w"), stderr=subprocess.STDOUT)
        self.session = ""
        try:
            self.address = f"http://127.0.0.1:{self.port()}"
            options = {"args": [*CHROMIUM_ARGUMENTS, f"--user-data-dir={folder}/profile"]}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            self.session = "/session/" + self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        except BaseException:
            self.close()
            raise

    def port(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            for word, number in zip(self.log.read_text().split(), self.log.read_text().split()[1:]):
                if word == "port" and number.rstrip(".").isdigit() and number.rstrip(".") != "0":
                    return int(number.rstrip("."))
            time.sleep(0.05)
        raise TimeoutError("chromedriver says no port: " + self.log.read_text())

    def call(self, method, path, body=None):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.address + self.session + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        # Not by a proxy of the environment.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode()}") from error

    def open(self, path):
        self.call("POST", "/url", {"url": pathlib.Path(path).as_uri()})

    def run(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        return next(iter(self.call("POST", "/element", {"using": "css selector", "value": selector}).values()))

    def click(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/click")

    def type(self, selector, text):
        self.call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def picture(self):
        return base64.b64decode(self.call("GET", "/screenshot"))

    def messages(self):
        return self.call("POST", "/se/log", {"type": "browser"})

    def close(self):
        try:
            if self.session:
                self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()


# Pixels of a canvas that have colour: not clear, and not a grey of axes and text.
COLOURED = """
  const canvas = arguments[0] ? document.querySelector(arguments[0]) : null;
  if (!canvas) return -1;
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let coloured = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    const [red, green, blue, alpha] = pixels.slice(at, at + 4);
    if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) ++coloured;
  }
  return coloured;"""
CELLS = "return [...document.querySelectorAll(arguments[0])].map((cell) => cell.textContent)"


def waits_for(condition):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def charts_are_drawn(browser):
    sections = browser.run("return document.querySelectorAll('#traffic canvas').length")
    expect(sections == 2, f"{sections} charts of traffic, not 2")
    for chart in ("#traffic .pair > :first-child canvas", "#traffic .pair > :last-child canvas"):
        expect(browser.run(COLOURED, chart) > 500, f"{chart} is empty")
    browser.run("document.querySelector('.alert').scrollIntoView()")
    expect(waits_for(lambda: browser.run(COLOURED, ".alert canvas") > 100), "the chart of the first alert is empty")


def table_sorts(browser):
    app = "#apps-table tbody td:first-child"
    by_bytes = browser.run(CELLS, app)
    browser.run("document.getElementById('apps').scrollIntoView()")
    browser.click("#apps-table th:first-child button")
    by_name = browser.run(CELLS, app)
    expect(by_name != by_bytes and sorted(by_name) == sorted(by_bytes), "a heading does not sort")
    order = "return document.querySelector('#apps-table th:first-child').getAttribute('aria-sort')"
    expect(browser.run(order) == "ascending", "the order is not said")
    browser.run("document.querySelector('#apps-table th:first-child button').focus()")
    browser.type("#apps-table th:first-child button", "\ue007")  # Enter
    expect(browser.run(order) == "descending", "the keyboard does not turn the order around")
    expect(browser.run(CELLS, app) == by_name[::-1], "the other direction has another order")


def table_filters(browser):
    rows = "#apps-table tbody tr"
    before = len(browser.run(CELLS, rows))
    browser.type("#apps-filter", "ONERROR")
    found = browser.run(CELLS, rows)
    expect(len(found) == 1 and before > 1, f"the filter leaves {len(found)} of {before} rows")
    expect("1 of 1 rows" in browser.run("return document.querySelector('#apps .count').textContent"), "the count is not said")
    browser.run("document.getElementById('alerts').scrollIntoView()")
    shown = "return [...document.querySelectorAll('.alert')].filter((card) => !card.hidden).length"
    alerts = browser.run(shown)
    browser.type("#alerts-filter", "no such words")
    expect(alerts > 0 and browser.run(shown) == 0, "the filter of alerts leaves some")


def theme_changes(browser):
    back = "return getComputedStyle(document.body).backgroundColor"
    before = browser.run(back)
    browser.run("scrollTo(0, 0)")
    browser.click("#theme")
    expect(browser.run(back) != before, "the colours do not change")
    expect(browser.run(COLOURED, "#traffic canvas") > 500, "a chart is empty in other colours")


def names_are_text(browser):
    expect(browser.run("return window.hit === undefined && document.images.length === 0"), "a name has become a part of the page")
    text = browser.run("return document.querySelector('#apps-table tbody tr').textContent")
    expect("<img" in text and "onerror" in text and "U+202E" in text, f"the name is not shown as it is: {text!r}")


def labels_are_there(browser):
    """Each control has a name, and the first stop of the keyboard leads to the report."""
    unnamed = browser.run("""return [...document.querySelectorAll("button, input, summary")].filter((control) =>
        !control.textContent.trim() && !control.labels?.length && !control.getAttribute("aria-label") && !control.hidden).length""")
    expect(unnamed == 0, f"{unnamed} controls have no name")
    browser.type("body", "\ue004")  # Tab
    expect(browser.run("return document.activeElement.className") == "skip", "the first stop is not the link to the report")


def prints(browser):
    pdf = base64.b64decode(browser.call("POST", "/print", {}))
    expect(pdf.startswith(b"%PDF") and len(pdf) > 20_000, "nothing is printed")


def hostile_run(folder):
    """Ten minutes of two apps, one with a hostile name, and an alert."""
    begin = 1_735_689_600 * 10**9
    path = pathlib.Path(folder) / "lines.jsonl"
    with path.open("w") as out:
        for second in range(0, 600, 5):
            for pid, comm, exe in ((100, "sender", "/opt/sender"), (101, HOSTILE[:15], "/opt/" + HOSTILE)):
                out.write(json.dumps({
                    "t": begin + second * 10**9, "type": "data" if second else "open", "pid": pid, "comm": comm,
                    "exe": exe, "uid": 0, "proto": "tcp", "lip": "10.0.0.1", "lport": 40_000 + pid,
                    "rip": f"192.0.2.{pid}", "rport": 443, "dir": "out",
                    **({"tx": 1000 * pid + 977 * second, "rx": 50_000} if second else {})}) + "\n")
    return f"replay:{path}"


def make(ipm, path, *words):
    subprocess.run([ipm, "report", "--html", path, *words], check=True, stderr=subprocess.DEVNULL)


def test(ipm, folder, browser):
    path = pathlib.Path(folder) / "report.html"
    make(ipm, path, "--title", HOSTILE, "--threshold", "big metric=tx_bytes above=100k", hostile_run(folder))
    browser.open(path)
    for check in (charts_are_drawn, names_are_text, labels_are_there, table_sorts, table_filters, theme_changes, prints):
        check(browser)
    for message in browser.messages():
        expect(False, f"the console says: {message['message'][:200]}")
    # Nothing happened, and the page is whole all the same.
    nothing = pathlib.Path(folder) / "nothing.jsonl"
    nothing.touch()
    make(ipm, path, f"replay:{nothing}")
    browser.open(path)
    expect("Nothing happened" in browser.run("return document.body.textContent"), "an empty run is not said to be empty")
    expect(browser.messages() == [], "an empty run writes to the console")


def missing():
    return next((name for name in ("chromium", "chromedriver") if shutil.which(name) is None), None)


def main():
    absent = missing()
    if absent:
        print(f"{absent} is not installed (packages chromium and chromium-driver)")
        return 1 if os.environ.get("IPM_REQUIRE_BROWSER") == "1" else 77
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(folder)
        try:
            if "--picture" in sys.argv:
                picture, *words = sys.argv[sys.argv.index("--picture") + 1:]
                make(sys.argv[1], f"{folder}/report.html", *words)
                browser.open(f"{folder}/report.html")
                pathlib.Path(picture).write_bytes(browser.picture())
            else:
                test(sys.argv[1], folder, browser)
        finally:
            browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
