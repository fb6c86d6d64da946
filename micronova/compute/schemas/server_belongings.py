"""Bodies and queries below a server: metadata, tags, actions."""

from __future__ import annotations

from typing import Any

from micronova.compute.schemas.servers import MAX_TAGS, TAG
from micronova.compute.schemas.types import METADATA, METADATA_KEY
from micronova.web.schemas import Schema, Versioned

METADATA_BODY = Versioned.always(
    {
        "type": "object",
        "properties": {"metadata": METADATA},
        "required": ["metadata"],
        "additionalProperties": False,
    }
)
_ONE: dict[str, Any] = {
    "type": "object",
    "patternProperties": {METADATA_KEY: {"type": "string", "maxLength": 255}},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}
METADATA_ITEM = Versioned.always(
    {"type": "object", "properties": {"meta": _ONE}, "required": ["meta"], "additionalProperties": False}
)
TAGS_BODY = Versioned.always(
    {
        "type": "object",
        "properties": {"tags": {"type": "array", "items": TAG, "maxItems": MAX_TAGS}},
        "required": ["tags"],
        "additionalProperties": False,
    }
)
CONSOLE_OUTPUT: Schema = {
    "type": "object",
    "properties": {
        "os-getConsoleOutput": {
            "type": "object",
            "properties": {
                "length": {"type": ["integer", "string", "null"], "pattern": "^-?[0-9]{1,9}$", "minimum": -1}
            },
            "additionalProperties": False,
        }
    },
    "required": ["os-getConsoleOutput"],
    "additionalProperties": False,
}
