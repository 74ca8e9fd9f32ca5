"""What a call raises: an exception for each status of the library.

Each derives from :class:`Error` and from the built-in exception it resembles, so both ``except ipm.Error`` and
``except PermissionError`` find it. The message says what was attempted, where, and what would help.
"""

from __future__ import annotations


class Error(Exception):
    """A call that failed. ``status`` is the number of the C function's status, ``name`` its name there."""

    status: int = 0
    name: str = ""


class InvalidArgumentError(Error, ValueError):
    """The caller passed something that cannot be meant."""


class AccessError(Error, PermissionError):
    """The system refused; the message names what would be needed."""


class NotFoundError(Error, FileNotFoundError, LookupError):
    """A file, table, column, source or process that is not there."""


class UnsupportedError(Error, NotImplementedError):
    """This build, kernel or platform cannot do it."""


class CorruptError(Error, ValueError):
    """Input that is not what it claims to be; the message has the place."""


class InputOutputError(Error, OSError):
    """The system failed to read or write."""


class LimitError(Error, RuntimeError):
    """A bound would be exceeded; the message names the setting."""


class OutOfMemoryError(Error, MemoryError):
    """The allocator refused."""


class ExpiredError(Error, RuntimeError):
    """The snapshot was revoked to keep memory bounded: open the table again."""


class ForkedError(Error, RuntimeError):
    """The object belongs to the parent of this forked process; only ``close()`` works."""


class StateError(Error, RuntimeError):
    """Not in this order, or not beside what is already there."""


class InternalError(Error, RuntimeError):
    """A defect of libipm. Please report it with the message."""


_BY_STATUS: dict[int, tuple[type[Error], str]] = {
    -1: (InvalidArgumentError, "IPM_ERR_INVALID_ARGUMENT"),
    -2: (AccessError, "IPM_ERR_PERMISSION"),
    -3: (NotFoundError, "IPM_ERR_NOT_FOUND"),
    -4: (UnsupportedError, "IPM_ERR_UNSUPPORTED"),
    -5: (CorruptError, "IPM_ERR_CORRUPT"),
    -6: (InputOutputError, "IPM_ERR_IO"),
    -7: (LimitError, "IPM_ERR_LIMIT"),
    -8: (OutOfMemoryError, "IPM_ERR_NO_MEMORY"),
    -9: (ExpiredError, "IPM_ERR_EXPIRED"),
    -10: (ForkedError, "IPM_ERR_FORKED"),
    -11: (StateError, "IPM_ERR_STATE"),
    -12: (InternalError, "IPM_ERR_INTERNAL"),
}


def error_of(status: int, message: str) -> Error:
    """The exception for a status below 0; the extension module raises it."""
    kind, name = _BY_STATUS.get(status, (InternalError, "IPM_UNKNOWN_STATUS"))
    error = kind(message)
    error.status = status
    error.name = name
    return error
