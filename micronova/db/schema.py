"""The full schema: importing this module loads every table, so that ``metadata`` is complete."""

from __future__ import annotations

from micronova.db.metadata import metadata
from micronova.db.tables import compute, compute_resources, identity, image, network, operations, placement

__all__ = [
    "compute",
    "compute_resources",
    "identity",
    "image",
    "metadata",
    "network",
    "operations",
    "placement",
]
