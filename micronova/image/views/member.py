"""An image member's document."""

from __future__ import annotations

from typing import Any

from micronova.image.members import Member
from micronova.model.clock import zulu


def show(member: Member) -> dict[str, Any]:
    """The document of one member."""
    return {
        "member_id": member.member_id,
        "image_id": member.image_id,
        "status": member.status,
        "created_at": zulu(member.created_at),
        "updated_at": zulu(member.updated_at),
        "schema": "/v2/schemas/member",
    }
