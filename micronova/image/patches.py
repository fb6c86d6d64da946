"""PATCH of an image: the two JSON patch media types of Glance, read into changes, and changes applied to an image.

application/openstack-images-v2.1-json-patch   [{"op": "replace", "path": "/name", "value": "x"}]
application/openstack-images-v2.0-json-patch   [{"replace": "/name", "value": "x"}]
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from micronova.db.tables.image import images
from micronova.image import attributes, records
from micronova.image.records import Image
from micronova.image.states import Status
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Forbidden, Invalid, UnsupportedMediaType

V21 = "application/openstack-images-v2.1-json-patch"
V20 = "application/openstack-images-v2.0-json-patch"
ACCEPTED = f"{V20}, {V21}"
_OPS = ("add", "replace", "remove")
_MAX_CHANGES = 1000
# Fixed once there are bytes: they were checked against it.
_ONLY_QUEUED = ("disk_format", "container_format")


@dataclass(frozen=True, slots=True)
class Change:
    """One operation on one attribute."""

    op: str
    name: str
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What an image is to become: changed columns, and its properties and tags as they will be."""

    columns: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, str]
    tags: Sequence[str]


def parse(content_type: str, document: Any) -> list[Change]:
    """The changes of a body.  Raises UnsupportedMediaType, Invalid, or Forbidden for what nobody may change."""
    kind = content_type.split(";")[0].strip().lower()
    if kind not in (V20, V21):
        raise UnsupportedMediaType(f"Unsupported Content-Type {kind[:100]}; send {V21}.")
    if not isinstance(document, list):
        raise Invalid("Request body must be a JSON array of operation objects.")
    if len(document) > _MAX_CHANGES:
        raise Invalid(f"A patch must not have more than {_MAX_CHANGES} operations.")
    changes = []
    for raw in document:
        if not isinstance(raw, dict):
            raise Invalid("Operations must be JSON objects.")
        op, pointer = _op_v21(raw) if kind == V21 else _op_v20(raw)
        name = _name(pointer)
        attributes.check_settable([name])
        if op != "remove" and "value" not in raw:
            raise Invalid(f'Operation "{op}" requires a member named "value".')
        if name == "id":
            raise Forbidden("Attribute 'id' is read-only.")
        if op != "remove":
            attributes.check_values({name: raw["value"]})
        changes.append(Change(op, name, raw.get("value")))
    return changes


def _op_v21(raw: Mapping[str, Any]) -> tuple[str, Any]:
    for member in ("op", "path"):
        if member not in raw:
            raise Invalid(f"Unable to find '{member}' in JSON Schema change")
    if raw["op"] not in _OPS:
        raise Invalid('Operations must be "add", "remove", or "replace".')
    return raw["op"], raw["path"]


def _op_v20(raw: Mapping[str, Any]) -> tuple[str, Any]:
    found = [op for op in _OPS if op in raw]
    if len(found) != 1:
        raise Invalid('Operation objects must contain exactly one member named "add", "remove", or "replace".')
    return found[0], raw[found[0]]


def _name(pointer: Any) -> str:
    """The attribute that a JSON pointer names; attributes have no parts of their own."""
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise Invalid(f'Pointer `{str(pointer)[:255]}` does not start with "/".')
    if re.search(r"~(?![01])", pointer):
        raise Invalid(f'Pointer `{pointer[:255]}` contains "~" not part of a recognized escape sequence.')
    rest = pointer[1:]
    if rest.split("/", 1)[0] == "locations":
        raise Forbidden("It's not allowed to change locations: they are not shown here.")
    if not rest.strip() or "/" in rest:
        raise Invalid(f"Invalid JSON pointer for this resource: '{pointer[:255]}'; name one attribute, e.g. /name")
    name = rest.replace("~1", "/").replace("~0", "~")
    if len(name) > 255:
        raise Invalid("A property's name must not be longer than 255 characters.")
    return name


def plan(image: Image, changes: Sequence[Change]) -> Update:
    """The image after all changes, in order; purely.  Raises Conflict or Forbidden for what does not fit it."""
    columns: dict[str, Any] = {}
    properties, tags = dict(image.properties), list(image.tags)
    for change in changes:
        name = change.name
        if name in attributes.BASE:
            if change.op == "remove":
                raise Forbidden(f"Property {name} may not be removed.")
            if name in _ONLY_QUEUED and image.status != Status.QUEUED:
                raise Forbidden(f"Attribute {name} can be only replaced for a queued image.")
            if name == "tags":
                tags = list(dict.fromkeys(change.value))
            else:
                columns[name] = change.value
        elif change.op == "add":
            properties[name] = change.value
        elif name not in properties:
            raise Conflict(f"Property {name} does not exist.")
        elif change.op == "replace":
            properties[name] = change.value
        else:
            del properties[name]
    return Update(columns=columns, properties=properties, tags=tags)


def apply(conn: Connection, image: Image, update: Update) -> None:
    """Write an update that was allowed."""
    conn.execute(images.update().where(images.c.id == image.id).values(**dict(update.columns), updated_at=utcnow()))
    if update.properties != image.properties:
        records.replace_properties(conn, image.id, update.properties)
    if list(update.tags) != list(image.tags):
        records.replace_tags(conn, image.id, update.tags)
