"""Who asks: the content of a verified token, in the terms that policy rules use."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.model.ids import DomainId, ProjectId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The user, the scope and the roles behind a request.

    ``project_id`` is None for domain, system and unscoped tokens.  ``roles`` are lower-case names.
    ``delegated`` is true for tokens got by an application credential: those may not make credentials.
    ``access_rules`` (service type, method, path pattern): the only requests that such a token may make; None: any.
    """

    user_id: UserId
    user_name: str
    user_domain_id: DomainId
    user_domain_name: str = "Default"
    project_id: ProjectId | None = None
    project_name: str | None = None
    project_domain_id: DomainId | None = None
    project_domain_name: str | None = None
    domain_id: DomainId | None = None
    domain_name: str | None = None
    system_scope: str | None = None
    roles: frozenset[str] = frozenset()
    is_admin_project: bool = True
    delegated: bool = False
    access_rules: tuple[tuple[str, str, str], ...] | None = None
    request_id: str = ""

    def credentials(self) -> dict[str, object]:
        """The dictionary that oslo.policy checks rules against."""
        return {
            "user_id": self.user_id,
            "user_domain_id": self.user_domain_id,
            "project_id": self.project_id,
            "project_domain_id": self.project_domain_id,
            "domain_id": self.domain_id,
            "system_scope": self.system_scope,
            "roles": sorted(self.roles),
            "is_admin": "admin" in self.roles,
            "is_admin_project": self.is_admin_project,
            "service_roles": [],
        }

    @property
    def is_admin(self) -> bool:
        """Whether the admin role is held; handlers use policy rules, views may use this."""
        return "admin" in self.roles
