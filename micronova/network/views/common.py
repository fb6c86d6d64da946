"""What all documents have."""

from __future__ import annotations

from datetime import datetime

from micronova.model.clock import zulu


def standard(
    project_id: str, description: str, revision: int, created: datetime, updated: datetime | None
) -> dict[str, object]:
    """Neutron's standard attributes."""
    return {
        "project_id": project_id,
        "tenant_id": project_id,
        "description": description,
        "revision_number": revision,
        "created_at": zulu(created),
        "updated_at": zulu(updated or created),
        "tags": [],
    }
