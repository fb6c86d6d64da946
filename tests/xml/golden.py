"""Golden files: what was written once and looked at, and must be written again."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def assert_golden(text: str, name: str) -> None:
    """Compare with the file; MICRONOVA_WRITE_GOLDEN=1 writes it instead, for a person to look at the difference."""
    path = FOLDER / name
    if os.environ.get("MICRONOVA_WRITE_GOLDEN"):
        path.write_text(text + "\n")
    assert path.read_text() == text + "\n"
