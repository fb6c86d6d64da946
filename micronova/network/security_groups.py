"""The one security group that a project has here: ``default``, read only; clients name it when they make servers."""

from __future__ import annotations

import uuid

_NAMESPACE = uuid.UUID("7a1c2f0e-6f7b-4b5e-9a3d-3c1de6a8b1f4")


def default_group_id(project_id: str) -> str:
    """The id of the project's group: always the same for the same project, so no row is needed."""
    return str(uuid.uuid5(_NAMESPACE, project_id))
