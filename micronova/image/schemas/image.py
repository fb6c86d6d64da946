"""The schema of an image, as GET /v2/schemas/image gives it, and what bodies are checked against."""

from __future__ import annotations

from typing import Any

from micronova.image.records import VISIBILITIES
from micronova.image.settings import CONTAINER_FORMATS, DISK_FORMATS
from micronova.image.states import Status

_UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"
_MAX_INT = 2**31 - 1

IMAGE_PROPERTIES: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "description": "An identifier for the image", "pattern": _UUID},
    "name": {
        "type": ["null", "string"],
        "description": "Descriptive name for the image",
        "maxLength": 255,
    },
    "status": {
        "type": "string",
        "readOnly": True,
        "description": "Status of the image",
        "enum": [str(status) for status in Status],
    },
    "visibility": {
        "type": "string",
        "description": "Scope of image accessibility",
        "enum": list(VISIBILITIES),
    },
    "protected": {"type": "boolean", "description": "If true, image will not be deletable."},
    "os_hidden": {
        "type": "boolean",
        "description": "If true, image will not appear in default image list response.",
    },
    "checksum": {
        "type": ["null", "string"],
        "readOnly": True,
        "description": "md5 hash of image contents.",
        "maxLength": 32,
    },
    "os_hash_algo": {
        "type": ["null", "string"],
        "readOnly": True,
        "description": "Algorithm to calculate the os_hash_value",
        "maxLength": 64,
    },
    "os_hash_value": {
        "type": ["null", "string"],
        "readOnly": True,
        "description": "Hexdigest of the image contents using the algorithm specified by the os_hash_algo",
        "maxLength": 128,
    },
    "owner": {"type": ["null", "string"], "description": "Owner of the image", "maxLength": 255},
    "size": {"type": ["null", "integer"], "readOnly": True, "description": "Size of image file in bytes"},
    "virtual_size": {
        "type": ["null", "integer"],
        "readOnly": True,
        "description": "Virtual size of image in bytes",
    },
    "container_format": {
        "type": ["null", "string"],
        "description": "Format of the container",
        "enum": [None, *CONTAINER_FORMATS],
    },
    "disk_format": {
        "type": ["null", "string"],
        "description": "Format of the disk",
        "enum": [None, *DISK_FORMATS],
    },
    "created_at": {
        "type": "string",
        "readOnly": True,
        "description": "Date and time of image registration",
    },
    "updated_at": {
        "type": "string",
        "readOnly": True,
        "description": "Date and time of the last image modification",
    },
    "tags": {
        "type": "array",
        "description": "List of strings related to the image",
        "items": {"type": "string", "maxLength": 255},
    },
    "direct_url": {
        "type": "string",
        "readOnly": True,
        "description": "URL to access the image file kept in external store",
    },
    "min_ram": {
        "type": "integer",
        "description": "Amount of ram (in MB) required to boot image.",
        "minimum": 0,
        "maximum": _MAX_INT,
    },
    "min_disk": {
        "type": "integer",
        "description": "Amount of disk space (in GB) required to boot image.",
        "minimum": 0,
        "maximum": _MAX_INT,
    },
    "self": {"type": "string", "readOnly": True, "description": "An image self url"},
    "file": {"type": "string", "readOnly": True, "description": "An image file url"},
    "stores": {"type": "string", "readOnly": True, "description": "Store in which image data resides."},
    "schema": {"type": "string", "readOnly": True, "description": "An image schema url"},
}

# Properties that Glance documents; all are plain text, as every other property of an image.
_COMMON: dict[str, dict[str, Any]] = {
    name: {"type": "string", "description": description, "is_base": False}
    for name, description in {
        "kernel_id": "ID of the image that should be used as the kernel when booting an AMI-style image.",
        "ramdisk_id": "ID of the image that should be used as the ramdisk when booting an AMI-style image.",
        "instance_uuid": "Metadata which can be used to record which instance this image is associated with.",
        "architecture": "Operating system architecture, as shown by uname -m.",
        "os_distro": "Common name of operating system distribution.",
        "os_version": "Operating system version as specified by the distributor.",
    }.items()
}

IMAGE: dict[str, Any] = {
    "name": "image",
    "properties": IMAGE_PROPERTIES | _COMMON,
    "additionalProperties": {"type": "string"},
    "links": [
        {"rel": "self", "href": "{self}"},
        {"rel": "enclosure", "href": "{file}"},
        {"rel": "describedby", "href": "{schema}"},
    ],
}


def collection(name: str, item: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list, as Glance forms it."""
    links = item.get("links")
    schema: dict[str, Any] = {
        "name": name,
        "properties": {
            name: {"type": "array", "items": item},
            "first": {"type": "string"},
            "next": {"type": "string"},
            "schema": {"type": "string"},
        },
    }
    if links:
        schema["links"] = [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            {"rel": "describedby", "href": "{schema}"},
        ]
    else:
        del schema["properties"]["first"], schema["properties"]["next"]
    return schema


# What a body may say; read-only attributes are refused before, with 403, as Glance does.
WRITABLE: dict[str, Any] = {
    "type": "object",
    "properties": {name: schema for name, schema in IMAGE_PROPERTIES.items() if not schema.get("readOnly")},
    "additionalProperties": {"type": "string", "maxLength": 65535},
    "propertyNames": {"minLength": 1, "maxLength": 255},
}

# POST /v2/images/{image_id}/import
IMPORT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "method": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
        },
    },
    "required": ["method"],
}
