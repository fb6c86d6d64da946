"""Nova's shared policy rules and the words that other rules use for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from micronova.web.policy import PlainRule, RuleDefault

ANY = "@"
NOBODY = "!"
ADMIN = "rule:context_is_admin"
PROJECT_READER_OR_ADMIN = "rule:project_reader_or_admin"
PROJECT_MEMBER_OR_ADMIN = "rule:project_member_or_admin"
PROJECT_MANAGER_OR_ADMIN = "rule:project_manager_or_admin"
SERVICE = "rule:service_api"

BASE_RULES: Sequence[PlainRule] = (
    PlainRule("context_is_admin", "role:admin", "Who is an administrator."),
    PlainRule(
        "admin_or_owner", "is_admin:True or project_id:%(project_id)s", "Kept for policy.yaml files that use it."
    ),
    PlainRule("admin_api", "is_admin:True", "Kept for policy.yaml files that use it."),
    PlainRule("project_manager_api", "role:manager and project_id:%(project_id)s", "Manages the project."),
    PlainRule("project_member_api", "role:member and project_id:%(project_id)s", "Changes what the project has."),
    PlainRule("project_reader_api", "role:reader and project_id:%(project_id)s", "Sees what the project has."),
    PlainRule("project_manager_or_admin", "rule:project_manager_api or rule:context_is_admin", "Manager, or admin."),
    PlainRule("project_member_or_admin", "rule:project_member_api or rule:context_is_admin", "Member, or admin."),
    PlainRule("project_reader_or_admin", "rule:project_reader_api or rule:context_is_admin", "Reader, or admin."),
    PlainRule("service_api", "role:service", "Another OpenStack service, by its own token."),
)


def rule(name: str, check: str, description: str, *operations: str) -> RuleDefault:
    """A documented rule; ``operations`` are "GET /flavors" and the like."""
    described: list[Any] = []
    for operation in operations:
        method, path = operation.split(" ", 1)
        described.append({"method": method, "path": path})
    return RuleDefault(name, check, description, described)
