"""Alerts as objects."""

from __future__ import annotations

import html
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from typing import Any, Mapping

from . import _core


def time_of(ns: int) -> datetime:
    """Nanoseconds since 1970 as a datetime in UTC, to the microsecond."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, timezone.utc).replace(microsecond=rest // 1000)


@dataclass(frozen=True)
class Alert:
    """A change of an alert, as it was then.

    ``change`` is opened, updated, escalated or closed; ``id`` the same for all changes of an alert. ``evidence`` is one
    sentence: who, what, how unusual, since when. What is not known, or does not concern this kind, is None.
    """

    id: int
    sequence: int
    change: str
    time_ns: int
    opened_ns: int
    since_ns: int
    kind: str
    title: str
    severity: str
    score: float
    metric: str
    value: float
    expected_low: float
    expected_high: float
    samples: int
    evidence: str
    techniques: list[str]
    pid: int | None
    start_ticks: int | None
    comm: str | None
    exe: str | None
    app: str | None
    remote_addr: str | None
    remote_port: int | None
    remote_name: str | None
    country: str | None
    asn: int | None
    feed: str | None
    indicator: str | None
    listed_ns: int | None
    threshold: str | None
    verdict: str | None
    notified: bool
    drill: bool
    changes_lost: int

    @property
    def time(self) -> datetime:
        """When it changed, UTC."""
        return time_of(self.time_ns)

    @property
    def opened(self) -> datetime:
        """When it opened, UTC."""
        return time_of(self.opened_ns)

    @property
    def since(self) -> datetime:
        """When what it is about began, UTC."""
        return time_of(self.since_ns)

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%d %H:%M:%S} {self.severity} {self.kind} {self.change}: {self.evidence}"

    def _repr_html_(self) -> str:
        parts = (self.severity, self.kind, self.change, self.evidence)
        return "<p><b>{}</b> {} {}: {}</p>".format(*(html.escape(part) for part in parts))


@dataclass(frozen=True)
class AlertKind:
    """What a kind of alert means: what happened, how it is recognised, what to check next, what makes it rarer."""

    kind: str
    title: str
    techniques: list[str]
    means: str
    computed: str
    check: str
    tune: str


def alert_kinds() -> list[AlertKind]:
    """All kinds of alerts.

    >>> import ipm
    >>> "beacon" in {kind.kind for kind in ipm.alert_kinds()}
    True
    """
    return [AlertKind(**each) for each in _core.alert_kinds()]


_FIELDS = [field.name for field in fields(Alert)]


def alert_of(raw: Mapping[str, Any]) -> Alert:
    return Alert(**{name: raw[name] for name in _FIELDS})
