"""``micronova version``."""

from __future__ import annotations

from micronova import __version__


def version() -> None:
    """Print the version."""
    print(__version__)
