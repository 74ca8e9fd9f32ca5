"""The streaming detector, for any series of numbers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _core

#: Nanoseconds since 1970, an aware datetime, or a numpy.datetime64 in UTC.
Time = Union[int, datetime, np.datetime64]


def ns_of(when: Time) -> int:
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise ValueError("a datetime without a time zone could mean anything: give it one")
        return int(when.timestamp() * 1e6) * 1000
    if isinstance(when, np.datetime64):
        return int(when.astype("datetime64[ns]").astype("int64"))
    return int(when)


@dataclass(frozen=True)
class Reason:
    """One cause of a score: ``surprise`` in decades (3 is once in a thousand samples), what was seen, what is usual."""

    cause: str
    surprise: float
    value: float
    expected: float


@dataclass(frozen=True)
class Scored:
    """How unusual a sample is.

    ``score`` is 0 to 1, equally rare whatever the metric; ``held`` the same where an incident begins or clearly grows,
    else 0; ``alarm`` says that it has reached the threshold. One sample in ten lies below ``expected_low``, one above
    ``expected_high``.
    """

    score: float
    held: float
    alarm: bool
    record: bool
    metric: int
    value: float
    expected: float
    expected_low: float
    expected_high: float
    deviation_percent: float
    confidence: float
    samples: int
    reasons: list[Reason]


def _scored(raw: dict[str, Any]) -> Scored:
    raw["reasons"] = [Reason(**reason) for reason in raw["reasons"]]
    return Scored(**raw)


class Score:
    """Scores samples one by one, learning from each; the first 30 score 0.

    Parameters: ``metrics`` values per sample; ``log_scale`` for bytes and counts that span decades; ``hold_samples``
    how long an alarm is not repeated (0: 300); ``threshold`` from which a held score is an alarm (0: 0.9);
    ``resolution`` below which differences do not matter.

    >>> import ipm
    >>> score = ipm.Score()
    >>> for second in range(100):
    ...     _ = score.update(10.0 + second % 3, time=second * 10**9)
    >>> score.update(500.0, time=100 * 10**9).score > 0.9
    True
    """

    def __init__(
        self,
        metrics: int = 1,
        log_scale: bool = False,
        hold_samples: int = 0,
        threshold: float = 0.0,
        resolution: float = 0.0,
        utc_offset_s: int = 0,
    ) -> None:
        self._raw = _core.Scorer(metrics, log_scale, hold_samples, threshold, resolution)
        self._metrics = metrics
        self._utc_offset_s = utc_offset_s

    def update(self, values: float | Sequence[float], time: Time | None = None) -> Scored:
        """Score one sample: a number, or one for each metric. NaN is a missing value. ``time``: now if not given."""
        when = _now_ns() if time is None else ns_of(time)
        return _scored(self._raw.update(when, self._utc_offset_s, np.atleast_1d(np.asarray(values, dtype=float))))

    def update_many(
        self, times: npt.ArrayLike, values: npt.ArrayLike
    ) -> dict[str, npt.NDArray[Any]]:
        """Score a series, oldest first, as :meth:`update` would.

        ``times`` has shape (n,): datetime64 or ns since 1970; ``values`` (n,) or (n, metrics). Returns arrays of shape
        (n,): score, held, alarm, expected, expected_low, expected_high, metric.

        >>> import ipm, numpy as np
        >>> times = np.datetime64("2026-01-05", "ns") + np.arange(200) * np.timedelta64(60, "s")
        >>> values = 10.0 + np.arange(200) % 5
        >>> values[150] = 300
        >>> int(ipm.Score().update_many(times, values)["score"].argmax())
        150
        """
        when = np.asarray(times)
        if when.dtype.kind == "M":
            when = when.astype("datetime64[ns]").view("int64")
        return self._raw.update_many(when, self._utc_offset_s, np.asarray(values, dtype=float))

    def metric(self, index: int) -> Scored:
        """The score of one metric at the last update."""
        return _scored(self._raw.metric(index))

    def accept(self) -> None:
        """An operator says that the present is normal: alarms end and the present is learned quickly."""
        self._raw.accept()


def _now_ns() -> int:
    return time.time_ns()
