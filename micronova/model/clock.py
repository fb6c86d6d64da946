"""Time as the database and the APIs hold it: naive datetimes in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Now, in UTC, naive, with microseconds."""
    return datetime.now(UTC).replace(tzinfo=None)


def zulu(when: datetime | None) -> str | None:
    """``2026-11-23T01:02:03Z``: the form of Nova's ``created`` and ``updated``."""
    return None if when is None else when.isoformat(timespec="seconds") + "Z"


def micros(when: datetime | None) -> str | None:
    """``2026-11-23T01:02:03.000000``: the form of Nova's ``OS-SRV-USG`` and instance action times."""
    return None if when is None else when.isoformat(timespec="microseconds")
