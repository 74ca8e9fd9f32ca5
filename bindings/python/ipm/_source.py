"""Sources in Python: what an iterator gives goes into a lane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Iterable, Union

import numpy as np

from . import _core, events

#: A dict of an event, or an array of events.
Item = Union[Mapping[str, Any], events.Array]

_DICTS = 512  # At most as many at a time, so that a generator is not asked far ahead of what is taken in.
_TEXT_ROOM = 64  # Texts of a dict go into the lane before it does.


class IteratorSource:
    """Polled by the monitor: takes items from the iterator while the lane has room, up to the next empty array."""

    def __init__(self, items: Iterable[Item], live: bool) -> None:
        self._items = iter(items)
        self._anchored = live  # The monitor anchors live clocks itself.
        self._left: events.Array | None = None
        self._ended = False
        self._paused = False
        self._error: Exception | None = None  # Told when all that came before it is in the lane.

    def poll(self, lane: _core.Lane) -> bool | None:
        """True: gave some; False: none now; None: none ever again."""
        gave = self._push_left(lane)
        self._paused = False
        while self._left is None and not self._ended and not self._paused:
            batch = self._next_batch(lane)
            if len(batch) and not self._anchored:
                lane.push(_anchor(int(batch["time_ns"][0])))
                self._anchored = True
            self._left = batch if len(batch) else None
            gave = self._push_left(lane) or gave
        if self._left is not None or self._paused:
            return gave
        if self._error is not None:
            raise self._error
        return None

    def _push_left(self, lane: _core.Lane) -> bool:
        if self._left is None:
            return False
        room = min(lane.free, len(self._left))
        taken = lane.push(self._left[:room]) if room else 0
        self._left = self._left[taken:] if taken < len(self._left) else None
        return taken > 0

    def _next_batch(self, lane: _core.Lane) -> events.Array:
        batch: list[events.Array] = []
        try:
            for item in self._items:
                if isinstance(item, np.ndarray):
                    self._paused = not len(item)
                    batch.append(np.ascontiguousarray(item).view(events.EVENT_DTYPE))
                    return events.join(batch)
                if not isinstance(item, Mapping):
                    raise TypeError(f"a source gives dicts or arrays of events, not {type(item).__name__}")
                batch.append(events.pack_one(item, lane))
                if len(batch) == _DICTS or lane.free < 2 * len(batch) + _TEXT_ROOM:
                    return events.join(batch)
        except Exception as error:
            self._error = error
        self._ended = True
        return events.join(batch)


def _anchor(time_ns: int) -> events.Array:
    """Of a source that is no live one, times are nanoseconds since 1970: its clock is the wall clock."""
    anchor = events.empty("clock_anchor", 1)
    anchor["time_ns"] = time_ns
    anchor["payload"]["boottime_ns"] = time_ns
    anchor["payload"]["realtime_ns"] = time_ns
    anchor["payload"]["reason"] = 1
    anchor["payload"]["ticks_per_second"] = 100
    return anchor.view(events.EVENT_DTYPE)
