"""The streaming detector."""

from __future__ import annotations

from datetime import datetime, timezone

import ipm
import numpy as np
import pytest


def series(n: int = 2000) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    rng = np.random.default_rng(1)
    values = 100 + rng.normal(0, 5, n)
    values[1500:1510] = 400
    times = np.datetime64("2026-01-05T00:00", "ns") + np.arange(n) * np.timedelta64(60, "s")
    return times, values


def test_many_at_once_are_as_one_by_one() -> None:
    times, values = series()
    many = ipm.Score().update_many(times, values)
    one = ipm.Score()
    for i, value in enumerate(values):
        scored = one.update(float(value), time=times[i])
        assert scored.score == many["score"][i] and scored.held == many["held"][i]
        assert scored.alarm == bool(many["alarm"][i])
    assert many["alarm"][1500:1510].any() and not many["alarm"][:1500].any()
    assert many["score"].shape == values.shape


def test_a_score_explains_itself() -> None:
    score = ipm.Score()
    for second in range(500):
        score.update(10.0 + second % 7, time=second * 10**9)
    told = score.update(90.0, time=datetime.fromtimestamp(501, timezone.utc))
    assert told.score > 0.9 and told.record
    assert told.reasons and told.reasons[0].cause == "value" and told.reasons[0].value == 90.0
    assert told.expected_low <= told.expected <= told.expected_high < 90.0
    assert told.deviation_percent == pytest.approx(100 * (90 - told.expected) / told.expected)


def test_missing_values_teach_nothing() -> None:
    score = ipm.Score(metrics=2)
    assert score.update([float("nan"), float("nan")], time=0).score == 0
    for second in range(100):
        score.update([1.0, float(second % 5)], time=second * 10**9)
    assert score.metric(1).samples == 100
    score.accept()


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ValueError):
        ipm.Score(metrics=5000)
    with pytest.raises(ValueError, match="time zone"):
        ipm.Score().update(1.0, time=datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="one row for each time"):
        ipm.Score().update_many([1, 2], [1.0])
    with pytest.raises(ipm.InvalidArgumentError):
        ipm.Score(metrics=2).update(1.0, time=0)
