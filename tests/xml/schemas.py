"""libvirt's own RelaxNG schemas, as installed with libvirt."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from lxml import etree

FOLDER = Path("/usr/share/libvirt/schemas")


@cache
def _schema(name: str) -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(FOLDER / name)))


def assert_valid(xml: str, schema: str) -> None:
    """Fail with libvirt's complaints unless the document keeps ``schema`` (``domain.rng``, ``network.rng``, ...)."""
    if not FOLDER.is_dir():
        pytest.skip("libvirt's schemas are not installed")
    relaxng = _schema(schema)
    assert relaxng.validate(etree.fromstring(xml)), f"{relaxng.error_log}\n{xml}"
