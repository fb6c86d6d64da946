"""The full schema: importing this module loads every table, so that ``metadata`` is complete."""

from __future__ import annotations

from micronova.db.metadata import metadata
from micronova.db.tables import operations

__all__ = ["metadata", "operations"]
