"""The schema of an image member, and of the bodies that make and change one."""

from __future__ import annotations

from typing import Any

MEMBER_STATUSES = ("pending", "accepted", "rejected")

MEMBER: dict[str, Any] = {
    "name": "member",
    "properties": {
        "member_id": {"type": "string", "description": "An identifier for the image member (tenantId)"},
        "image_id": {
            "type": "string",
            "description": "An identifier for the image",
            "pattern": "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$",
        },
        "created_at": {"type": "string", "description": "Date and time of image member creation"},
        "updated_at": {"type": "string", "description": "Date and time of last modification of image member"},
        "status": {
            "type": "string",
            "description": "The status of this image member",
            "enum": list(MEMBER_STATUSES),
        },
        "schema": {"type": "string", "readOnly": True},
    },
}

CREATE: dict[str, Any] = {
    "type": "object",
    "properties": {"member": {"type": "string", "minLength": 1, "maxLength": 255}},
    "required": ["member"],
}
UPDATE: dict[str, Any] = {
    "type": "object",
    "properties": {"status": {"type": "string", "enum": list(MEMBER_STATUSES)}},
    "required": ["status"],
}
