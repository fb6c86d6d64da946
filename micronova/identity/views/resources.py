"""The documents of what is stored: one function per noun."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from micronova.identity.application_credentials import ApplicationCredential
from micronova.identity.credentials import Credential
from micronova.identity.endpoints import CatalogEndpoint, rendered
from micronova.identity.groups import Group
from micronova.identity.projects import Project
from micronova.identity.regions import Region
from micronova.identity.roles import Role
from micronova.identity.services import CatalogService
from micronova.identity.tokens import AccessRule
from micronova.identity.users import User
from micronova.identity.views.links import href


def user(base_url: str, value: User) -> dict[str, Any]:
    """A user."""
    document = {
        **value.extra,
        "id": value.id,
        "name": value.name,
        "domain_id": value.domain_id,
        "enabled": value.enabled,
        "password_expires_at": _time(value.password_expires_at),
        "options": value.options,
        "links": {"self": href(base_url, "users", value.id)},
    }
    for name, optional in (("default_project_id", value.default_project_id), ("description", value.description)):
        if optional is not None:
            document[name] = optional
    return document


def project(base_url: str, value: Project) -> dict[str, Any]:
    """A project."""
    return {
        **value.extra,
        "id": value.id,
        "name": value.name,
        "domain_id": value.domain_id,
        "description": value.description,
        "enabled": value.enabled,
        "parent_id": value.parent_id,
        "is_domain": value.is_domain,
        "tags": value.tags,
        "options": value.options,
        "links": {"self": href(base_url, "projects", value.id)},
    }


def domain(base_url: str, value: Project) -> dict[str, Any]:
    """A domain."""
    return {
        **value.extra,
        "id": value.id,
        "name": value.name,
        "description": value.description,
        "enabled": value.enabled,
        "tags": value.tags,
        "options": value.options,
        "links": {"self": href(base_url, "domains", value.id)},
    }


def group(base_url: str, value: Group) -> dict[str, Any]:
    """A group."""
    return {
        **value.extra,
        "id": value.id,
        "name": value.name,
        "domain_id": value.domain_id,
        "description": value.description,
        "links": {"self": href(base_url, "groups", value.id)},
    }


def role(base_url: str, value: Role) -> dict[str, Any]:
    """A role."""
    return {
        **value.extra,
        "id": value.id,
        "name": value.name,
        "domain_id": value.domain_id,
        "description": value.description,
        "options": value.options,
        "links": {"self": href(base_url, "roles", value.id)},
    }


def application_credential(base_url: str, value: ApplicationCredential, roles: dict[str, Role]) -> dict[str, Any]:
    """An application credential, never with its secret.  ``roles``: by id, at least its own."""
    document: dict[str, Any] = {
        "id": value.id,
        "name": value.name,
        "description": value.description,
        "project_id": value.project_id,
        "user_id": value.user_id,
        "unrestricted": value.unrestricted,
        "expires_at": None if value.expires_at is None else value.expires_at.isoformat(timespec="microseconds"),
        "system": None,
        "roles": [
            {"id": role_id, "name": roles[role_id].name, "domain_id": roles[role_id].domain_id}
            for role_id in value.role_ids
        ],
        "links": {"self": href(base_url, "users", value.user_id, "application_credentials", value.id)},
    }
    if value.access_rules is not None:
        document["access_rules"] = [_rule(rule) for rule in value.access_rules]
    return document


def access_rule(base_url: str, user_id: str, value: AccessRule) -> dict[str, Any]:
    """An access rule."""
    return {**_rule(value), "links": {"self": href(base_url, "users", user_id, "access_rules", value.id)}}


def credential(base_url: str, value: Credential) -> dict[str, Any]:
    """A credential with its blob."""
    return {
        **value.extra,
        "id": value.id,
        "user_id": value.user_id,
        "project_id": value.project_id,
        "type": value.type,
        "blob": value.blob,
        "links": {"self": href(base_url, "credentials", value.id)},
    }


def region(base_url: str, value: Region) -> dict[str, Any]:
    """A region."""
    return {
        **value.extra,
        "id": value.id,
        "description": value.description,
        "parent_region_id": value.parent_region_id,
        "links": {"self": href(base_url, "regions", value.id)},
    }


def service(base_url: str, value: CatalogService) -> dict[str, Any]:
    """A service of the catalog."""
    return {
        "name": "",
        **value.extra,
        "id": value.id,
        "type": value.type,
        "enabled": value.enabled,
        "links": {"self": href(base_url, "services", value.id)},
    }


def endpoint(base_url: str, value: CatalogEndpoint) -> dict[str, Any]:
    """An endpoint; the variable base_url is in place, others stay."""
    return {
        **value.extra,
        "id": value.id,
        "service_id": value.service_id,
        "region_id": value.region_id,
        "region": value.region_id,
        "interface": value.interface,
        "url": rendered(value.url, {"base_url": base_url}) or value.url,
        "enabled": value.enabled,
        "links": {"self": href(base_url, "endpoints", value.id)},
    }


def _rule(value: AccessRule) -> dict[str, Any]:
    return {"id": value.id, "service": value.service, "method": value.method, "path": value.path}


def _time(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat(timespec="microseconds")
