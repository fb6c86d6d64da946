"""The id of the request (or operation) that this thread or task works for, for the log."""

from __future__ import annotations

from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("micronova_request_id", default="-")


def set_request_id(request_id: str) -> None:
    """From now on, log lines of this thread or task carry ``request_id``."""
    _current.set(request_id)


def get_request_id() -> str:
    """The id set last, or "-"."""
    return _current.get()
