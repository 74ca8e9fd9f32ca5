"""Sources in Python: what an iterator gives goes into a lane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Iterable, Union

import numpy as np

from . import _core, events

#: A dict of an event, or an array of events.
Item = Union[Mapping[str, Any], events.Array]

_DICTS = 512  # At most as many at a time, so that a generator is not asked far ahead of what is taken in.


class IteratorSource:
    """Polled by the monitor: takes items from the iterator while the lane has room."""

    def __init__(self, items: Iterable[Item], live: bool) -> None:
        self._items = iter(items)
        self._anchored = live  # The monitor anchors live clocks itself.
        self._left: events.Array | None = None
        self._ended = False

    def poll(self, lane: _core.Lane) -> bool | None:
        gave = self._push_left(lane)
        while self._left is None and not self._ended:
            batch = self._next_batch(lane)
            if batch is None or not len(batch):
                break
            if not self._anchored:
                lane.push(_anchor(int(batch["time_ns"][0])))
                self._anchored = True
            self._left = batch
            gave = self._push_left(lane) or gave
        if self._ended and self._left is None:
            return None
        return gave

    def _push_left(self, lane: _core.Lane) -> bool:
        if self._left is None:
            return False
        room = min(lane.free, len(self._left))
        taken = lane.push(self._left[:room]) if room else 0
        self._left = self._left[taken:] if taken < len(self._left) else None
        return taken > 0

    def _next_batch(self, lane: _core.Lane) -> events.Array | None:
        dicts: list[Mapping[str, Any]] = []
        for item in self._items:
            if isinstance(item, np.ndarray):
                array = np.ascontiguousarray(item).view(events.EVENT_DTYPE)
                return events.join([events.pack(dicts, lane), array]) if dicts else array
            if not isinstance(item, Mapping):
                raise TypeError(f"a source gives dicts or arrays of events, not {type(item).__name__}")
            dicts.append(item)
            if len(dicts) == _DICTS or lane.free < 2 * len(dicts) + 64:
                return events.pack(dicts, lane)
        self._ended = True
        return events.pack(dicts, lane) if dicts else None


def _anchor(time_ns: int) -> events.Array:
    """Of a source that is no live one, times are nanoseconds since 1970: its clock is the wall clock."""
    anchor = events.empty("clock_anchor", 1)
    anchor["time_ns"] = time_ns
    anchor["payload"]["boottime_ns"] = time_ns
    anchor["payload"]["realtime_ns"] = time_ns
    anchor["payload"]["reason"] = 1
    anchor["payload"]["ticks_per_second"] = 100
    return anchor.view(events.EVENT_DTYPE)
