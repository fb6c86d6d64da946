"""Rows of the identity tables: JSON columns, fields that Keystone keeps without knowing them, and refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import sqlalchemy as sa

from micronova.model.errors import Conflict, Forbidden, NotFound


def dumps(value: Mapping[str, Any]) -> str:
    """A JSON column's text."""
    return msgspec.json.encode(value).decode()


def loads(text: str) -> dict[str, Any]:
    """A JSON column's value."""
    value: dict[str, Any] = msgspec.json.decode(text) if text != "{}" else {}
    return value


def split(body: Mapping[str, Any], columns: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """``body`` as (values of ``columns``, everything else but ``id`` and ``links``)."""
    known = {name: value for name, value in body.items() if name in columns}
    extra = {name: value for name, value in body.items() if name not in columns and name not in ("id", "links")}
    return known, extra


def merged(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``stored`` with ``changes``; a None takes the field away."""
    return {name: value for name, value in {**stored, **changes}.items() if value is not None}


def missing(noun: str, record_id: object) -> NotFound:
    """The refusal for what does not exist or is not the caller's; never told apart (T-PEER7)."""
    return NotFound(f"Could not find {noun}: {str(record_id)[:255]}.")


@contextmanager
def unique(noun: str, what: str) -> Iterator[None]:
    """Turn a violated constraint into the answer that Keystone gives for a duplicate."""
    try:
        yield
    except sa.exc.IntegrityError as err:
        raise Conflict(f"Conflict occurred attempting to store {noun} - Duplicate entry found with {what}.") from err


def check_mutable(noun: str, record_id: str, options: Mapping[str, Any], changes: Mapping[str, Any] | None) -> None:
    """Refuse to change (or, with None, to delete) what was declared immutable.  Raises Forbidden.

    The one change that is allowed is to take the declaration away, alone.
    """
    if options.get("immutable") is not True:
        return
    if changes is None:
        raise Forbidden(f"Immutable {noun} {record_id} cannot be deleted. Set the option immutable to false first.")
    lifted = changes.get("options", {}).get("immutable", True) is not True
    if not lifted or set(changes) != {"options"}:
        raise Forbidden(f"Immutable {noun} {record_id} cannot be changed. Set the option immutable to false first.")
