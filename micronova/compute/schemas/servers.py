"""Bodies of create and update, by microversion."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from typing import Any

from micronova.compute.schemas.types import BOOLEAN, METADATA, NAME, POSITIVE, UUID, body
from micronova.web.microversion import Version
from micronova.web.schemas import Schema, Versioned, register_format

MAX_USER_DATA = 65535
MAX_TAGS = 50
MAX_TRUSTED_CERTS = 50


@register_format("base64")
def _base64(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


@register_format("ip-or-empty")
def _ip_or_empty(value: object) -> bool:
    return not isinstance(value, str) or value == "" or _is_ip(value, (4, 6))


@register_format("ip-address")
def _ip(value: object) -> bool:
    return not isinstance(value, str) or _is_ip(value, (4, 6))


@register_format("ipv4-or-empty")
def _ipv4_or_empty(value: object) -> bool:
    return not isinstance(value, str) or value == "" or _is_ip(value, (4,))


@register_format("ipv6-or-empty")
def _ipv6_or_empty(value: object) -> bool:
    return not isinstance(value, str) or value == "" or _is_ip(value, (6,))


def _is_ip(text: str, versions: tuple[int, ...]) -> bool:
    try:
        return ipaddress.ip_address(text).version in versions
    except ValueError:
        return False


DESCRIPTION: Schema = {"type": ["string", "null"], "minLength": 0, "maxLength": 255, "format": "description"}
TAG: Schema = {"type": "string", "minLength": 1, "maxLength": 60, "pattern": "^[^,/]*$"}
_DEVICE_TAG: Schema = {"type": "string", "minLength": 1, "maxLength": 60, "pattern": "^[^,/]*$"}
_DISK_CONFIG: Schema = {"type": "string", "enum": ["AUTO", "MANUAL"]}
_IPV4: Schema = {"type": "string", "format": "ipv4-or-empty"}
_IPV6: Schema = {"type": "string", "format": "ipv6-or-empty"}
_FQDN: Schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[a-zA-Z0-9\-._]*$"}
_HOSTNAME: Schema = {
    "type": "string",
    "minLength": 2,
    "maxLength": 63,
    "pattern": r"^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$",
}
_FQDN_HOSTNAME: Schema = {
    "type": "string",
    "minLength": 2,
    "maxLength": 255,
    "pattern": r"^[a-zA-Z0-9]+[a-zA-Z0-9-.]*[a-zA-Z0-9]+$",
}
_NO_EXTRA = {"additionalProperties": False}

_PORT: Schema = {"oneOf": [UUID, {"type": "null"}]}


def _networks(uuid: Schema, *, tag: bool, words: bool) -> Schema:
    properties: dict[str, Schema] = {
        "fixed_ip": {"type": "string", "format": "ip-address"},
        "port": _PORT,
        "uuid": uuid,
    }
    if tag:
        properties["tag"] = _DEVICE_TAG
    listed: dict[str, Any] = {"type": "array", "items": {"type": "object", "properties": properties, **_NO_EXTRA}}
    if not words:
        return listed
    return {"oneOf": [listed, {"type": "string", "enum": ["none", "auto"]}]}


_BDM_V1: Mapping[str, Schema] = {
    "virtual_name": {"type": "string", "maxLength": 255},
    "volume_id": UUID,
    "snapshot_id": {"type": "string", "maxLength": 255},
    "volume_size": {"type": ["integer", "string"], "pattern": "^[0-9]+$", "minimum": 1, "maxLength": 10},
    "device_name": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[a-zA-Z0-9._/-]*$"},
    "delete_on_termination": BOOLEAN,
    "no_device": {},
    "connection_info": {"type": "string", "maxLength": 65535},
}
_BDM_V2: Mapping[str, Schema] = {
    **_BDM_V1,
    "source_type": {"type": "string", "enum": ["volume", "image", "snapshot", "blank"]},
    "uuid": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[a-zA-Z0-9._-]*$"},
    "image_id": {"type": "string", "maxLength": 255},
    "destination_type": {"type": "string", "enum": ["local", "volume"]},
    "guest_format": {"type": "string", "maxLength": 255},
    "device_type": {"type": "string", "maxLength": 255},
    "disk_bus": {"type": "string", "maxLength": 255},
    "boot_index": {"type": ["integer", "string", "null"], "pattern": "^-?[0-9]{1,9}$"},
}


def _devices(properties: Mapping[str, Schema], **more: Schema) -> Schema:
    return {"type": "array", "items": {"type": "object", "properties": {**properties, **more}, **_NO_EXTRA}}


# Which hints there are, and their forms, is for the scheduler's own list (scheduler.hints, T-SCH0 and T-SCH1).
HINTS: Schema = {"type": "object"}

_CREATE: Mapping[str, Schema] = {
    "name": NAME,
    "imageRef": {"type": "string", "maxLength": 36, "pattern": "^$|^[0-9a-fA-F-]{32,36}$"},
    "flavorRef": {"type": ["string", "integer"], "minLength": 1, "maxLength": 1024},
    "adminPass": {"type": "string", "maxLength": 1024},
    "metadata": METADATA,
    "networks": _networks({"type": "string", "maxLength": 255}, tag=False, words=False),
    "OS-DCF:diskConfig": _DISK_CONFIG,
    "accessIPv4": _IPV4,
    "accessIPv6": _IPV6,
    "personality": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "path": {"type": "string", "maxLength": 1024},
                "contents": {"type": "string", "format": "base64", "maxLength": 1024 * 1024},
            },
            **_NO_EXTRA,
        },
    },
    "availability_zone": NAME,
    "block_device_mapping": _devices(_BDM_V1),
    "block_device_mapping_v2": _devices(_BDM_V2),
    "config_drive": BOOLEAN,
    "key_name": NAME,
    "min_count": POSITIVE,
    "max_count": POSITIVE,
    "return_reservation_id": BOOLEAN,
    "security_groups": {
        "type": "array",
        "maxItems": 100,
        "items": {"type": "object", "properties": {"name": NAME}, **_NO_EXTRA},
    },
    "user_data": {"type": "string", "format": "base64", "maxLength": MAX_USER_DATA},
}


def _create(properties: Mapping[str, Schema], *, networks: bool = False) -> Schema:
    required = ("name", "flavorRef", "networks") if networks else ("name", "flavorRef")
    document: dict[str, Any] = dict(body("server", properties, required))
    document["properties"] = {
        **document["properties"],
        "os:scheduler_hints": HINTS,
        "OS-SCH-HNT:scheduler_hints": HINTS,
    }
    return document


_V219 = {**_CREATE, "description": DESCRIPTION}
_TAGGED_NETWORKS = {"networks": _networks({"type": "string", "maxLength": 255}, tag=True, words=False)}
_V232 = {**_V219, **_TAGGED_NETWORKS, "block_device_mapping_v2": _devices(_BDM_V2, tag=_DEVICE_TAG)}
_V233 = {**_V219, **_TAGGED_NETWORKS}
_V237 = {**_V219, "networks": _networks(UUID, tag=False, words=True)}
_V242 = {
    **_V219,
    "networks": _networks(UUID, tag=True, words=True),
    "block_device_mapping_v2": _devices(_BDM_V2, tag=_DEVICE_TAG),
}
_V252 = {**_V242, "tags": {"type": "array", "items": TAG, "maxItems": MAX_TAGS}}
_V257 = {name: schema for name, schema in _V252.items() if name != "personality"}
_V263 = {
    **_V257,
    "trusted_image_certificates": {
        "type": ["array", "null"],
        "minItems": 1,
        "maxItems": MAX_TRUSTED_CERTS,
        "uniqueItems": True,
        "items": {"type": "string", "minLength": 1, "maxLength": 255},
    },
}
_V267 = {
    **_V263,
    "block_device_mapping_v2": _devices(
        _BDM_V2, tag=_DEVICE_TAG, volume_type={"type": ["string", "null"], "minLength": 0, "maxLength": 255}
    ),
}
_V274 = {**_V267, "host": _FQDN, "hypervisor_hostname": _FQDN}
_V290 = {**_V274, "hostname": _HOSTNAME}
_V294 = {**_V274, "hostname": _FQDN_HOSTNAME}

CREATE = Versioned(
    (Version(2, 1), _create(_CREATE)),
    (Version(2, 19), _create(_V219)),
    (Version(2, 32), _create(_V232)),
    (Version(2, 33), _create(_V233)),
    (Version(2, 37), _create(_V237, networks=True)),
    (Version(2, 42), _create(_V242, networks=True)),
    (Version(2, 52), _create(_V252, networks=True)),
    (Version(2, 57), _create(_V257, networks=True)),
    (Version(2, 63), _create(_V263, networks=True)),
    (Version(2, 67), _create(_V267, networks=True)),
    (Version(2, 74), _create(_V274, networks=True)),
    (Version(2, 90), _create(_V290, networks=True)),
    (Version(2, 94), _create(_V294, networks=True)),
)

_UPDATE: Mapping[str, Schema] = {
    "name": NAME,
    "OS-DCF:diskConfig": _DISK_CONFIG,
    "accessIPv4": _IPV4,
    "accessIPv6": _IPV6,
}
_U219 = {**_UPDATE, "description": DESCRIPTION}
_U290 = {**_U219, "hostname": _HOSTNAME}
_U294 = {**_U219, "hostname": _FQDN_HOSTNAME}
_U2104 = {**_U294, "pinned_availability_zone": {"oneOf": [NAME, {"type": "null"}]}}

UPDATE = Versioned(
    (Version(2, 1), body("server", _UPDATE)),
    (Version(2, 19), body("server", _U219)),
    (Version(2, 90), body("server", _U290)),
    (Version(2, 94), body("server", _U294)),
    (Version(2, 104), body("server", _U2104)),
)
