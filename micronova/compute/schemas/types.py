"""Shapes that the compute service's schemas share, as the Compute API accepts them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from micronova.web.schemas import Schema, register_format

MAX_INT = 0x7FFFFFFF
# The end of a pattern: "$" alone would let a final newline pass.
END = r"$(?!\n)"

_SPACES = "".join(chr(code) for code in range(0xFFFF) if unicodedata.category(chr(code)) == "Zs")


def is_printable(text: str) -> bool:
    """Letters, marks, numbers, punctuation, symbols and spaces; no control characters, line or paragraph ends."""
    return not any(
        (kind := unicodedata.category(char)).startswith("C") or (kind.startswith("Z") and kind != "Zs") for char in text
    )


@register_format("name")
def _name(value: object) -> bool:
    return not isinstance(value, str) or (is_printable(value) and value == value.strip(_SPACES))


@register_format("printable")
def _printable(value: object) -> bool:
    return not isinstance(value, str) or (is_printable(value) and value.strip(_SPACES) != "")


@register_format("description")
def _description(value: object) -> bool:
    return not isinstance(value, str) or is_printable(value.translate({9: " ", 10: " ", 13: " "}))


@register_format("zone-name")
def _zone_name(value: object) -> bool:
    return not isinstance(value, str) or (_name(value) and ":" not in value)


@register_format("int32")
def _int32(value: object) -> bool:
    return not isinstance(value, str) or not value.lstrip("-").isdigit() or -1 <= int(value[:20]) <= MAX_INT


@register_format("regex-pattern")
def _regex(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "format": "name"}
# Leading and trailing spaces are allowed here.
LOOSE_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "format": "printable"}
DESCRIPTION: Schema = {"type": ["string", "null"], "maxLength": 65535, "format": "description"}
UUID: Schema = {"type": "string", "format": "uuid"}
HOST: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[a-zA-Z0-9\-._]+" + END}
PROJECT_ID: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[a-zA-Z0-9-]*" + END}
# Numbers may come as text; limits of numbers do not hold for text, so a format holds them.
POSITIVE: Schema = {
    "type": ["integer", "string"],
    "pattern": "^0*[1-9][0-9]{0,9}" + END,
    "format": "int32",
    "minimum": 1,
    "maximum": MAX_INT,
}
NON_NEGATIVE: Schema = {
    "type": ["integer", "string"],
    "pattern": "^[0-9]{1,10}" + END,
    "format": "int32",
    "minimum": 0,
    "maximum": MAX_INT,
}

_TRUE = ("True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes")
_FALSE = ("False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no")
BOOLEAN: Schema = {"type": ["boolean", "string"], "enum": [True, *_TRUE, False, *_FALSE]}

METADATA_KEY = r"^[a-zA-Z0-9\-_:. ]{1,255}" + END
METADATA: Schema = {
    "type": "object",
    "patternProperties": {METADATA_KEY: {"type": "string", "maxLength": 255}},
    "additionalProperties": False,
}
METADATA_OR_NULL: Schema = {
    "type": "object",
    "patternProperties": {METADATA_KEY: {"type": ["string", "null"], "maxLength": 255}},
    "additionalProperties": False,
}


def as_bool(value: object) -> bool:
    """The value of a BOOLEAN."""
    return value is True or value in _TRUE


def as_int(value: object) -> int:
    """The value of a POSITIVE or NON_NEGATIVE."""
    return int(value) if isinstance(value, int | float) else int(str(value))


def body(name: str, properties: Mapping[str, Schema], required: tuple[str, ...] = (), **rest: Any) -> Schema:
    """``{name: {...}}`` and nothing else; properties that are not named are refused."""
    inner = {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
        **rest,
    }
    return {"type": "object", "properties": {name: inner}, "required": [name], "additionalProperties": False}


def many(item: Schema) -> Schema:
    """A query parameter that may be repeated (the first one counts)."""
    return {"type": "array", "items": item}


def single(item: Schema) -> Schema:
    """A query parameter that may come once."""
    return {"type": "array", "items": item, "maxItems": 1}


TEXT: Schema = {"type": "string", "maxLength": 1024}
NUMBER_TEXT: Schema = {"type": "string", "pattern": "^[0-9]{1,10}" + END}
PAGING: Mapping[str, Schema] = {"limit": many(NUMBER_TEXT), "marker": many(TEXT)}
SINGLE_PAGING: Mapping[str, Schema] = {"limit": single(NUMBER_TEXT), "marker": single(TEXT)}


def query(properties: Mapping[str, Schema], *, closed: bool = False) -> Schema:
    """A query string; ``closed`` refuses parameters that are not named (most lists since 2.75)."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": not closed}
