"""The parts that schemas repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from micronova.web.schemas import Schema, Versioned

ID: Schema = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[a-zA-Z0-9-]+$"}
ID_OR_NULL: Schema = {**ID, "type": ["string", "null"]}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"[\S]+"}
TEXT: Schema = {"type": ["string", "null"], "maxLength": 65535}
FLAG: Schema = {"type": "boolean"}
URL: Schema = {"type": "string", "minLength": 1, "maxLength": 4096, "pattern": r"^[a-zA-Z0-9+.$(%-]+\S*$"}
# Options of resources: the one that we know, and nothing else.
OPTIONS: Schema = {
    "type": "object",
    "properties": {"immutable": {"type": ["boolean", "null"]}},
    "additionalProperties": False,
}
# One name more than anybody needs: what is kept without being known stays small.
_MAX_PROPERTIES = 128


def wrapped(
    noun: str, properties: Mapping[str, Any], required: Sequence[str] = (), *, closed: bool = False, least: int = 0
) -> Versioned:
    """The schema of ``{noun: {...}}``; ``closed``: no other fields than ``properties``."""
    return Versioned.always(
        {
            "type": "object",
            "properties": {
                noun: {
                    "type": "object",
                    "properties": properties,
                    "required": list(required),
                    "additionalProperties": not closed,
                    "minProperties": least,
                    "maxProperties": _MAX_PROPERTIES,
                }
            },
            "required": [noun],
        }
    )
