"""Events that a source of one's own gives: arrays of 128-byte items, or dicts.

The layouts are those of ``ipm/event.h``. :func:`empty` makes an array whose fields are assigned column by column, for a
million events a second and more; :func:`pack` takes dicts, for everything else.

>>> from ipm import events
>>> batch = events.empty("socket_data", 2)
>>> batch["process"] = events.process_ref(42, 1000)
>>> batch["flow"] = [1, 2]
>>> batch["payload"]["tx_bytes"] = [100, 200]
>>> batch["payload"]["measured"] = events.MEASURED["socket_data"]["tx_bytes"]
>>> batch.nbytes
256
"""

from __future__ import annotations

import ipaddress
from typing import Any, Iterable, Mapping, Protocol, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _core

Array = npt.NDArray[np.void]
Address = Union[str, bytes, ipaddress.IPv4Address, ipaddress.IPv6Address]


class TextLane(Protocol):
    """What gives ids to texts: a lane."""

    def text(self, text: str, time_ns: int = 0) -> int: ...


_KINDS = {
    "process_start": 1,
    "process_exec": 2,
    "process_exit": 3,
    "process_sample": 4,
    "socket_open": 10,
    "socket_established": 11,
    "socket_data": 12,
    "tcp_snapshot": 13,
    "retransmit": 14,
    "reset": 15,
    "failure": 16,
    "socket_close": 17,
    "socket_owner": 18,
    "frame_data": 19,
    "entropy": 20,
    "interface": 30,
    "dns_answer": 41,
    "tls_hello": 42,
    "geo": 43,
    "clock_anchor": 50,
    "loss": 51,
    "time_advance": 52,
}

_TUPLE = [
    ("local_addr", "V16"),
    ("remote_addr", "V16"),
    ("local_port", "<u2"),
    ("remote_port", "<u2"),
    ("netns", "<u4"),
    ("protocol", "u1"),
    ("direction", "u1"),
    ("reserved", "<u2"),
]
_FLOW_TUPLE = np.dtype(_TUPLE, align=True)
_WITH_TUPLE: list[tuple[Any, ...]] = [("tuple", _FLOW_TUPLE)]
_PROCESS: list[tuple[Any, ...]] = [
    ("cgroup_id", "<u8"),
    ("exe_inode", "<u8"),
    ("exe_mtime_ns", "<i8"),
    ("start_ns", "<i8"),
    ("ppid", "<u4"),
    ("uid", "<u4"),
    ("netns", "<u4"),
    ("exe", "<u4"),
    ("script", "<u4"),
    ("unit", "<u4"),
    ("container", "<u4"),
    ("cgroup", "<u4"),
    ("exe_dev", "<u4"),
    ("ancestors", "<u4"),
    ("comm", "S16"),
]
_FIELDS: dict[str, list[tuple[Any, ...]]] = {
    "process_start": _PROCESS,
    "process_exec": _PROCESS,
    "process_exit": [("exit_code", "<i4")],
    "process_sample": [
        ("cpu_ns", "<u8"),
        ("rss_bytes", "<u8"),
        ("read_bytes", "<u8"),
        ("write_bytes", "<u8"),
        ("measured", "<u4"),
    ],
    "socket_open": _WITH_TUPLE
    + [("how", "u1"), ("state", "u1"), ("quality", "u1"), ("rule", "u1"), ("inode", "<u8"), ("uid", "<u4")],
    "socket_established": _WITH_TUPLE + [("handshake_us", "<u4")],
    "socket_data": _WITH_TUPLE
    + [
        ("layer", "u1"),
        ("measured", "u1"),
        ("reserved", "u1", 2),
        ("tx_bytes", "<u8"),
        ("rx_bytes", "<u8"),
        ("tx_packets", "<u4"),
        ("rx_packets", "<u4"),
        ("tx_payload_bytes", "<u8"),
        ("rx_payload_bytes", "<u8"),
    ],
    "tcp_snapshot": _WITH_TUPLE
    + [
        ("state", "u1"),
        ("measured", "u1"),
        ("reserved", "u1", 2),
        ("srtt_us", "<u4"),
        ("jitter_us", "<u4"),
        ("min_rtt_us", "<u4"),
        ("tx_retransmits", "<u4"),
        ("rx_out_of_order", "<u4"),
        ("rx_retransmits", "<u4"),
    ],
    "retransmit": _WITH_TUPLE + [("count", "<u4")],
    "reset": _WITH_TUPLE + [("sent_here", "u1")],
    "failure": _WITH_TUPLE + [("error", "<i4")],
    "socket_close": _WITH_TUPLE + [("reason", "u1"), ("reserved", "u1", 3), ("duration_ns", "<i8")],
    "socket_owner": _WITH_TUPLE + [("quality", "u1"), ("rule", "u1"), ("holders", "<u2"), ("owners", "<u8", 5)],
    "frame_data": [("tx_bytes", "<u8"), ("netns", "<u4")],
    "entropy": _WITH_TUPLE + [("millibits", "<u4")],
    "interface": [
        ("rx_bytes", "<u8"),
        ("tx_bytes", "<u8"),
        ("rx_packets", "<u8"),
        ("tx_packets", "<u8"),
        ("rx_drops", "<u8"),
        ("tx_drops", "<u8"),
        ("rx_errors", "<u4"),
        ("tx_errors", "<u4"),
        ("netns", "<u4"),
        ("index", "<u4"),
        ("flags", "<u4"),
        ("name", "S16"),
    ],
    "dns_answer": _WITH_TUPLE
    + [("name", "<u4"), ("question_type", "<u2"), ("response_code", "<u2"), ("address", "V16"), ("ttl_s", "<u4")],
    "tls_hello": _WITH_TUPLE
    + [("sni", "<u4"), ("alpn", "<u4"), ("ja3", "<u4"), ("ja4", "<u4"), ("flags", "u1"), ("reserved", "u1", 3)],
    "geo": [("address", "V16"), ("asn", "<u4"), ("as_name", "<u4"), ("country", "S2"), ("reserved", "u1", 2)],
    "clock_anchor": [
        ("boottime_ns", "<i8"),
        ("realtime_ns", "<i8"),
        ("utc_offset_s", "<i4"),
        ("reason", "<u4"),
        ("boot_id", "V16"),
        ("ticks_per_second", "<u4"),
    ],
    "loss": [("what", "<u4"), ("bytes_known", "<u4"), ("events", "<u8"), ("bytes", "<u8"), ("layer", "u1")],
    "time_advance": [],
}
_EVENT_BYTES = 128
_PAYLOAD_AT = 32
_HEADER = {
    "time_ns": ("<i8", 0),
    "kind": ("<u2", 8),
    "version": ("<u2", 10),
    "source": ("<u2", 12),
    "flags": ("<u2", 14),
    "process": ("<u8", 16),
    "flow": ("<u8", 24),
}

#: The payload of each kind.
PAYLOAD: dict[str, np.dtype[Any]] = {kind: np.dtype(fields, align=True) for kind, fields in _FIELDS.items()}

#: Bits of the field ``measured``, which says what else of the payload was measured.
MEASURED: dict[str, dict[str, int]] = {
    "process_sample": {"cpu_ns": 1, "rss_bytes": 2, "read_bytes": 4, "write_bytes": 4},
    "socket_data": {
        "tx_bytes": 1,
        "rx_bytes": 2,
        "tx_packets": 4,
        "rx_packets": 8,
        "tx_payload_bytes": 16,
        "rx_payload_bytes": 16,
    },
    "tcp_snapshot": {
        "srtt_us": 1,
        "jitter_us": 2,
        "min_rtt_us": 4,
        "tx_retransmits": 8,
        "rx_out_of_order": 16,
        "rx_retransmits": 32,
    },
}

#: Words for numbers.
WORDS: dict[str, dict[str, int]] = {
    "protocol": {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58},
    "direction": {"unknown": 0, "out": 1, "in": 2, "listen": 3},
    "layer": {"none": 0, "app": 1, "tcp": 2, "ip": 3, "wire": 4},
    "quality": {"unknown": 0, "candidate": 1, "inferred": 2, "exact": 3},
    "how": {"existing": 0, "connect": 1, "accept": 2, "listen": 3, "bind": 4},
    "reason": {
        "unknown": 0,
        "orderly": 1,
        "reset_by_peer": 2,
        "reset_here": 3,
        "timeout": 4,
        "refused": 5,
        "idle": 6,
        "source_gone": 7,
        "unreachable": 8,
    },
}

_TEXTS = {"exe", "script", "unit", "container", "cgroup", "ancestors", "sni", "alpn", "ja3", "ja4", "as_name"}
#: What a payload says if a dict does not: numbers for which 0 would be an answer.
_UNKNOWN = {"uid": 0xFFFFFFFF, "duration_ns": -1}


def _event_type(kind: str) -> np.dtype[Any]:
    names = list(_HEADER)
    formats: list[Any] = [_HEADER[name][0] for name in names]
    offsets = [_HEADER[name][1] for name in names]
    if PAYLOAD[kind].itemsize:
        names.append("payload")
        formats.append(PAYLOAD[kind])
        offsets.append(_PAYLOAD_AT)
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": _EVENT_BYTES})


#: The type of an event of each kind: 128 bytes, the payload as its own structure.
EVENT: dict[str, np.dtype[Any]] = {kind: _event_type(kind) for kind in _KINDS}

#: The type of an event of any kind, its payload as bytes.
EVENT_DTYPE: np.dtype[Any] = np.dtype(
    {
        "names": [*_HEADER, "payload"],
        "formats": [each[0] for each in _HEADER.values()] + ["V96"],
        "offsets": [each[1] for each in _HEADER.values()] + [_PAYLOAD_AT],
        "itemsize": _EVENT_BYTES,
    }
)


def _known_kind(kind: str) -> str:
    if kind not in _KINDS:
        raise ValueError(f"there is no kind of event {kind!r}; there are {', '.join(_KINDS)}")
    return kind


def empty(kind: str, count: int) -> Array:
    """``count`` events of a kind, shape (count,), all else zero; ``array["payload"]["tx_bytes"] = …`` fills columns."""
    out = np.zeros(count, dtype=EVENT[_known_kind(kind)])
    out["kind"] = _KINDS[kind]
    out["version"] = 1
    return out


def process_ref(pid: int, start_ticks: int = 0) -> int:
    """A process: its pid and its start in clock ticks since boot, field 22 of /proc/PID/stat (0: not known)."""
    return ((pid & 0x3FFFFF) << 42) | (start_ticks & 0x3FFFFFFFFFF)


def address(text: Address) -> bytes:
    """16 bytes; IPv4 is written as IPv4-mapped IPv6.

    >>> address("127.0.0.1").hex()
    '00000000000000000000ffff7f000001'
    """
    if isinstance(text, bytes) and len(text) == 16:
        return text
    parsed = ipaddress.ip_address(text)
    return b"\0" * 10 + b"\xff\xff" + parsed.packed if parsed.version == 4 else parsed.packed


def _word(field: str, value: Any) -> Any:
    if not isinstance(value, str) or field not in WORDS:
        return value
    if value not in WORDS[field]:
        raise ValueError(f"{field} is {value!r}: one of {', '.join(WORDS[field])}")
    return WORDS[field][value]


def _is_text(kind: str, field: str) -> bool:
    return field in _TEXTS or (kind == "dns_answer" and field == "name")


def _set_payload(kind: str, payload: Any, given: dict[str, Any], lane: TextLane, time_ns: int) -> None:
    fields = PAYLOAD[kind].names or ()
    if "tuple" in fields:
        if "proto" in given:
            given["protocol"] = given.pop("proto")
        for field in ("local_addr", "remote_addr", "local_port", "remote_port", "netns", "protocol", "direction"):
            if field in given:
                value = given.pop(field)
                payload["tuple"][field] = address(value) if field.endswith("_addr") else _word(field, value)
    if "millibits" in fields and "entropy" in given:
        given["millibits"] = round(1000 * given.pop("entropy"))
    bits = MEASURED.get(kind, {})
    measured = given.pop("measured", 0)
    for field, value in _UNKNOWN.items():
        if field in fields:
            payload[field] = value
    for field, value in given.items():
        if field not in fields:
            raise ValueError(f"an event {kind} has no {field!r}; it has {', '.join(f for f in fields if f != 'reserved')}")
        if value is None:
            continue
        measured |= bits.get(field, 0)
        if isinstance(value, str) and _is_text(kind, field):
            value = lane.text(value, time_ns)
        elif field == "address":
            value = address(value)
        elif isinstance(value, str) and PAYLOAD[kind][field].kind == "S":
            value = value.encode("utf-8", "surrogateescape")
        payload[field] = _word(field, value)
    if bits:
        payload["measured"] = measured


def pack_one(given: Mapping[str, Any], lane: TextLane) -> Array:
    """One event from a dict, shape (1,), of type :data:`EVENT_DTYPE`: see :func:`pack`."""
    left = dict(given)
    kind = _known_kind(left.pop("kind"))
    event = empty(kind, 1)
    time_ns = int(left.pop("time_ns", 0))
    event["time_ns"] = time_ns
    event["process"] = process_ref(left.pop("pid", 0) or 0, left.pop("start_ticks", 0) or 0)
    event["flow"] = left.pop("cookie", 0)
    if "flags" not in (PAYLOAD[kind].names or ()):
        event["flags"] = left.pop("flags", 0)
    if "payload" in (event.dtype.names or ()):
        _set_payload(kind, event["payload"][0], left, lane, time_ns)
    elif left:
        raise ValueError(f"an event {kind} has no {next(iter(left))!r}")
    return event.view(EVENT_DTYPE)


def pack(dicts: Iterable[Mapping[str, Any]], lane: TextLane) -> Array:
    """Events from dicts, shape (n,), of type :data:`EVENT_DTYPE`; texts get their ids from the lane.

    Keys are ``kind``; ``time_ns``; ``pid`` and ``start_ticks``; ``cookie``; ``flags``; of a flow ``proto``,
    ``direction``, ``local_addr``, ``local_port``, ``remote_addr``, ``remote_port``, ``netns``; and the fields of the
    payload, where words may stand for numbers (:data:`WORDS`). What was measured follows from the keys that are there.
    """
    return join([pack_one(each, lane) for each in dicts])


def lines(batch: Array) -> list[str]:
    """Each event as a line of JSON, as ``ipm events`` prints it; texts are ids.

    >>> lines(empty("time_advance", 1))
    ['{"time":0,"kind":"time_advance","source":0}']
    """
    return _core.event_lines(np.ascontiguousarray(batch))


def join(batches: Sequence[Array]) -> Array:
    """Arrays of events of several kinds, one behind the other."""
    return np.concatenate([batch.view(EVENT_DTYPE) for batch in batches]) if batches else np.empty(0, dtype=EVENT_DTYPE)
