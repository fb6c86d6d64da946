"""The end of a guest's console log, as virtlogd keeps it.

virtlogd (``max_size``, ``max_backups`` in virtlogd.conf; 2 MiB and 3 by default) bounds what a guest can write; it
renames ``console.log`` to ``console.log.0``, and that to ``.1``, and so on.
"""

from __future__ import annotations

import os
from pathlib import Path

_MOST_BACKUPS = 64


def tail(log: Path, size: int) -> bytes:
    """The last ``size`` bytes of the log and its older parts; b"" if there is none."""
    parts: list[bytes] = []
    left = size
    for path in _newest_first(log):
        if left <= 0:
            break
        try:
            part = _end(path, left)
        except FileNotFoundError:
            break  # no older part; or rotated away while we read
        parts.append(part)
        left -= len(part)
    return b"".join(reversed(parts))


def remove(log: Path) -> None:
    """Remove the log and its older parts."""
    for path in _newest_first(log):
        path.unlink(missing_ok=True)


def _newest_first(log: Path) -> list[Path]:
    return [log, *(log.with_name(f"{log.name}.{number}") for number in range(_MOST_BACKUPS))]


def _end(path: Path, size: int) -> bytes:
    with path.open("rb") as stream:
        length = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, length - size))
        return stream.read(size)
