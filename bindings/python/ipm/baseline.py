"""Files of baselines: what is usual for each app, from one run to the next and from one host to another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ._monitor import Monitor
from ._table import Table

if TYPE_CHECKING:
    import pandas

_MEMORY = 1 << 30  # Of which only the baselines take some.


def _monitor_of(*paths: str | os.PathLike[str]) -> Monitor:
    monitor = Monitor(memory_max_bytes=_MEMORY, settings="baselines_path =")
    try:
        for path in paths:
            monitor.import_baselines(path)
        monitor.flush()
    except BaseException:
        monitor.close()
        raise
    return monitor


def load(path: str | os.PathLike[str]) -> Table:
    """What a file knows: the table ``baselines``, one row for each app and metric.

    >>> import ipm, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, ipm.Monitor("drill:beacon") as m:
    ...     m.run()
    ...     m.export_baselines(folder + "/learned")
    ...     known = ipm.baseline.load(folder + "/learned")
    >>> "expected" in known.columns and len(known) > 0
    True
    """
    with _monitor_of(path) as monitor:
        return monitor.baselines()


def merge(paths: list[str | os.PathLike[str]], into: str | os.PathLike[str]) -> None:
    """Write one file that knows what all of them know; of what several know, as if one run had seen it all."""
    with _monitor_of(*paths) as monitor:
        monitor.export_baselines(into)


def diff(before: str | os.PathLike[str], after: str | os.PathLike[str]) -> pandas.DataFrame:
    """Apps and metrics of two files side by side, the largest change first: app, metric, expected_before,
    expected_after, percent. What only one of them has is NaN in the other."""
    import numpy as np
    import pandas as pd

    def levels(path: str | os.PathLike[str]) -> pandas.DataFrame:
        frame = load(path).to_pandas(["app", "metric", "expected"])
        return frame.astype({"app": object, "metric": object}).set_index(["app", "metric"])

    both = levels(before).join(levels(after), how="outer", lsuffix="_before", rsuffix="_after")
    old, new = both["expected_before"], both["expected_after"]
    both["percent"] = 100 * (new - old) / old.abs().where(old != 0)
    size = (np.log1p(new.clip(lower=0)) - np.log1p(old.clip(lower=0))).abs().fillna(np.inf)
    order: pandas.Index = size.sort_values(ascending=False, kind="stable").index
    return pd.DataFrame(both.loc[order].reset_index())
