"""Reports as pages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import ipm
import pytest
from conftest import START_NS, flow_events


def data_of(page: str) -> Any:
    found = re.search(r'<script[^>]*type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_a_run_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "day.html"
    page = ipm.report(flow_events(), path, title="Letters & sons")
    assert path.read_text(encoding="utf-8") == page
    assert "Letters &amp; sons" in page or "Letters & sons" not in page.split("<body", 1)[0].split("<title>")[1][:20]
    assert "letters" in json.dumps(data_of(page))
    assert list(tmp_path.iterdir()) == [path]


def test_a_monitor_that_has_run_gives_what_it_holds() -> None:
    with ipm.Monitor(flow_events()) as m:
        m.run()
        assert "letters" in json.dumps(data_of(ipm.report(m)))


def test_a_hostile_name_is_a_text() -> None:
    name = "</script><b>x"
    page = ipm.report([dict(kind="process_start", time_ns=START_NS, pid=10, start_ticks=5, comm=name), *flow_events()])
    assert "</script><b>x" not in page


def test_nothing_is_left_of_a_run_that_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ipm.report("replay:no-such-file", tmp_path / "x.html")
    with pytest.raises(FileNotFoundError):
        ipm.report(flow_events(), tmp_path / "none" / "x.html")
    assert list(tmp_path.iterdir()) == []
