"""No typed msgspec decoding with a type given at the call: the types are then met by several threads at once."""

from __future__ import annotations

import re
from pathlib import Path

import micronova

# msgspec builds what it knows of a type at first sight, and two threads that do so together crash the process
# (seen: eight clients, the first operations after a start).  A module-level Decoder is built once, at import.
_TYPED_CALL = re.compile(r"msgspec\.(?:json|msgpack)\.decode\([^\n]*type=(?!dict\[|list\[str\])")
# Read once at start, before there are threads.
_ALONE = {"kvm_probe.py"}


def test_types_are_met_at_import() -> None:
    found = [
        str(path)
        for path in Path(micronova.__file__).parent.rglob("*.py")
        if path.name not in _ALONE and _TYPED_CALL.search(path.read_text())
    ]
    assert found == []
