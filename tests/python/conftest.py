"""What the tests of the Python package share."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import ipm
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
START_NS = 1_700_000_000 * 10**9


def flow_events(seconds: int = 100, **changes: Any) -> Iterator[dict[str, Any]]:
    """A program that sends 10 bytes a second over one connection."""
    yield dict(kind="process_start", time_ns=START_NS, pid=10, start_ticks=5, comm="letters", exe="/usr/bin/letters")
    for second in range(seconds):
        yield {
            **dict(kind="socket_data", time_ns=START_NS + second * 10**9, pid=10, start_ticks=5, cookie=7),
            **dict(proto="tcp", direction="out", local_addr="10.0.0.1", local_port=40000),
            **dict(remote_addr="2001:db8::7", remote_port=443, layer="app", tx_bytes=10),
            **changes,
        }


@pytest.fixture
def monitor() -> Iterator[ipm.Monitor]:
    """A monitor that has read a small host that never was."""
    with ipm.Monitor("synthetic:?seed=1&events=20000") as m:
        m.run()
        yield m
