"""A run as one HTML file that needs nothing else."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from . import _core
from ._monitor import Monitor, Source

_STEP = 0.25  # Seconds that a step waits at most.


def report(
    source: Source | Monitor,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "Network report",
    duration: float | None = None,
    settings: str = "",
) -> str:
    """Run a source to its end, or for ``duration`` seconds, and return the page; write it to ``path``, whole or not.

    Of a :class:`Monitor` that has run already the page shows what its tables still hold: all sums, and of the traffic
    by time the last 15 minutes.

    >>> import ipm
    >>> ipm.report("synthetic:?seed=1&events=5000", title="An example")[:15]
    '<!doctype html>'
    """
    if isinstance(source, Monitor):
        page = _core.Reporter(source._raw).page(title)
    else:
        with Monitor(settings=f"{settings}\n{_core.REPORT_SETTINGS}") as monitor:
            monitor.add_source(source)
            page = _page_of_run(monitor, title, duration)
    if path is not None:
        _write_whole(Path(path), page)
    return page


def _page_of_run(monitor: Monitor, title: str, duration: float | None) -> str:
    reporter = _core.Reporter(monitor._raw)
    end = None if duration is None else time.monotonic() + duration
    more = True
    while more and (end is None or time.monotonic() < end):
        more = monitor.step(_STEP if end is None else max(0.0, min(_STEP, end - time.monotonic())))
        reporter.look()
    monitor.flush()
    reporter.look()
    return reporter.page(title)


def _write_whole(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
