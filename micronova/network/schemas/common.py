"""Pieces of schemas that networks, subnets and ports share."""

from __future__ import annotations

from typing import Any

from micronova.web.schemas import Versioned

# Any text but NUL, which PostgreSQL cannot store.
NAME = {"type": "string", "maxLength": 255, "pattern": r"^[^\x00]*\Z"}
FLAG = {"type": "boolean"}
UUID = {"type": "string", "format": "uuid"}
PROJECT = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[^\x00]*\Z"}
IP = {"type": "string", "maxLength": 64}
NOTHING = {"type": "null"}
EMPTY_LIST = {"type": ["array", "null"], "maxItems": 0}


def body(resource: str, properties: dict[str, Any], required: list[str] | None = None) -> Versioned:
    """``{"network": {...}}`` with exactly these properties allowed."""
    return Versioned.always(
        {
            "type": "object",
            "additionalProperties": False,
            "required": [resource],
            "properties": {
                resource: {
                    "type": "object",
                    "additionalProperties": False,
                    "required": required or [],
                    "properties": properties,
                }
            },
        }
    )
