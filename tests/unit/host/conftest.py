"""Folders of a host where QEMU runs as ourselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronova.host.storage.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Made, and empty."""
    layout = Layout(tmp_path / "state", tmp_path / "state" / "instances")
    layout.prepare(None)
    return layout
