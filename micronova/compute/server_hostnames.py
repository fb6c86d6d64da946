"""From a server's name to a hostname for its guest, as Nova makes it (RFC 1123 labels, at most 63 characters)."""

from __future__ import annotations

import re
import unicodedata

_MAX = 63


def sanitize(name: str, fallback: str) -> str:
    """A hostname from any text: ASCII letters, digits and hyphens; ``fallback`` where nothing is left of it.

    >>> sanitize("My Web.Server_1", "server-x")
    'my-web-server-1'
    """
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    text = re.sub(r"[ _.]", "-", ascii_only)
    text = re.sub(r"[^A-Za-z0-9-]", "", text).lower().strip("-")[:_MAX].rstrip("-")
    return text or fallback[:_MAX]


def numbered(hostname: str, number: int) -> str:
    """The hostname of the ``number``-th server of one request (from 1), still not longer than allowed."""
    suffix = f"-{number}"
    return hostname[: _MAX - len(suffix)].rstrip("-") + suffix
