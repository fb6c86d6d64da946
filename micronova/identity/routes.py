"""The URLs of the identity service."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from micronova.identity.api import Identity
from micronova.identity.handlers import (
    application_credentials,
    catalog,
    credentials,
    domains,
    grants,
    groups,
    projects,
    role_assignments,
    roles,
    tokens,
    users,
    versions,
)
from micronova.identity.schemas import application_credentials as application_credential_schemas
from micronova.identity.schemas import catalog as catalog_schemas
from micronova.identity.schemas import credentials as credential_schemas
from micronova.identity.schemas import groups as group_schemas
from micronova.identity.schemas import projects as project_schemas
from micronova.identity.schemas import roles as role_schemas
from micronova.identity.schemas import tokens as token_schemas
from micronova.identity.schemas import users as user_schemas
from micronova.identity.views.links import PREFIX
from micronova.web.endpoint import Endpoint, Service
from micronova.web.faults import keystone_style
from micronova.web.request import Request
from micronova.web.response import Response
from micronova.web.schemas import Versioned

_Handler = Callable[[Identity, Request], Response]


def _at(
    method: str, path: str, handler: _Handler, body: Versioned | None = None, *, auth: bool = True
) -> Endpoint[Identity]:
    summary = (handler.__doc__ or "").split("\n", 1)[0].rstrip(".")
    return Endpoint(method=method, path=path, handler=handler, summary=summary, body=body, auth=auth)


_ONE_USER = "/v3/users/{user_id}"
_ONE_PROJECT = "/v3/projects/{project_id}"
_ONE_GROUP = "/v3/groups/{group_id}"
_ONE_ROLE = "/v3/roles/{role_id}"

ENDPOINTS: Sequence[Endpoint[Identity]] = (
    _at("GET", "/", versions.choices, auth=False),
    _at("GET", "/v3", versions.v3, auth=False),
    _at("POST", "/v3/auth/tokens", tokens.issue, token_schemas.ISSUE, auth=False),
    _at("GET", "/v3/auth/tokens", tokens.validate),
    _at("HEAD", "/v3/auth/tokens", tokens.check),
    _at("DELETE", "/v3/auth/tokens", tokens.revoke),
    _at("GET", "/v3/auth/catalog", tokens.show_catalog),
    _at("GET", "/v3/auth/projects", tokens.list_projects),
    _at("GET", "/v3/auth/domains", tokens.list_domains),
    _at("GET", "/v3/auth/system", tokens.list_system),
    _at("GET", "/v3/users", users.index),
    _at("POST", "/v3/users", users.create, user_schemas.CREATE),
    _at("GET", _ONE_USER, users.show),
    _at("PATCH", _ONE_USER, users.update, user_schemas.UPDATE),
    _at("DELETE", _ONE_USER, users.delete),
    _at("POST", f"{_ONE_USER}/password", users.change_password, user_schemas.CHANGE_PASSWORD, auth=False),
    _at("DELETE", f"{_ONE_USER}/tokens", users.revoke_tokens),
    _at("GET", f"{_ONE_USER}/projects", users.list_projects),
    _at("GET", f"{_ONE_USER}/groups", users.list_groups),
    _at("GET", f"{_ONE_USER}/application_credentials", application_credentials.index),
    _at(
        "POST",
        f"{_ONE_USER}/application_credentials",
        application_credentials.create,
        application_credential_schemas.CREATE,
    ),
    _at("GET", f"{_ONE_USER}/application_credentials/{{credential_id}}", application_credentials.show),
    _at("DELETE", f"{_ONE_USER}/application_credentials/{{credential_id}}", application_credentials.delete),
    _at("GET", f"{_ONE_USER}/access_rules", application_credentials.list_rules),
    _at("GET", f"{_ONE_USER}/access_rules/{{rule_id}}", application_credentials.show_rule),
    _at("DELETE", f"{_ONE_USER}/access_rules/{{rule_id}}", application_credentials.delete_rule),
    _at("GET", "/v3/groups", groups.index),
    _at("POST", "/v3/groups", groups.create, group_schemas.CREATE),
    _at("GET", _ONE_GROUP, groups.show),
    _at("PATCH", _ONE_GROUP, groups.update, group_schemas.UPDATE),
    _at("DELETE", _ONE_GROUP, groups.delete),
    _at("GET", f"{_ONE_GROUP}/users", groups.list_users),
    _at("GET", f"{_ONE_GROUP}/users/{{user_id}}", groups.check_user),
    _at("PUT", f"{_ONE_GROUP}/users/{{user_id}}", groups.add_user),
    _at("DELETE", f"{_ONE_GROUP}/users/{{user_id}}", groups.remove_user),
    _at("GET", "/v3/projects", projects.index),
    _at("POST", "/v3/projects", projects.create, project_schemas.CREATE),
    _at("GET", _ONE_PROJECT, projects.show),
    _at("PATCH", _ONE_PROJECT, projects.update, project_schemas.UPDATE),
    _at("DELETE", _ONE_PROJECT, projects.delete),
    _at("GET", f"{_ONE_PROJECT}/tags", projects.list_tags),
    _at("PUT", f"{_ONE_PROJECT}/tags", projects.replace_tags, project_schemas.TAGS),
    _at("DELETE", f"{_ONE_PROJECT}/tags", projects.remove_tags),
    _at("GET", f"{_ONE_PROJECT}/tags/{{tag}}", projects.check_tag),
    _at("PUT", f"{_ONE_PROJECT}/tags/{{tag}}", projects.add_tag),
    _at("DELETE", f"{_ONE_PROJECT}/tags/{{tag}}", projects.remove_tag),
    _at("GET", "/v3/domains", domains.index),
    _at("POST", "/v3/domains", domains.create, project_schemas.CREATE_DOMAIN),
    _at("GET", "/v3/domains/{domain_id}", domains.show),
    _at("PATCH", "/v3/domains/{domain_id}", domains.update, project_schemas.UPDATE_DOMAIN),
    _at("DELETE", "/v3/domains/{domain_id}", domains.delete),
    _at("GET", "/v3/roles", roles.index),
    _at("POST", "/v3/roles", roles.create, role_schemas.CREATE),
    _at("GET", _ONE_ROLE, roles.show),
    _at("PATCH", _ONE_ROLE, roles.update, role_schemas.UPDATE),
    _at("DELETE", _ONE_ROLE, roles.delete),
    _at("GET", f"{_ONE_ROLE}/implies", roles.list_implied),
    _at("GET", f"{_ONE_ROLE}/implies/{{implied_id}}", roles.show_implied),
    _at("HEAD", f"{_ONE_ROLE}/implies/{{implied_id}}", roles.check_implied),
    _at("PUT", f"{_ONE_ROLE}/implies/{{implied_id}}", roles.create_implied),
    _at("DELETE", f"{_ONE_ROLE}/implies/{{implied_id}}", roles.delete_implied),
    _at("GET", "/v3/role_inferences", roles.list_inferences),
    _at("GET", "/v3/role_assignments", role_assignments.index),
    *grants.endpoints(),
    _at("GET", "/v3/credentials", credentials.index),
    _at("POST", "/v3/credentials", credentials.create, credential_schemas.CREATE),
    _at("GET", "/v3/credentials/{credential_id}", credentials.show),
    _at("PATCH", "/v3/credentials/{credential_id}", credentials.update, credential_schemas.UPDATE),
    _at("DELETE", "/v3/credentials/{credential_id}", credentials.delete),
    _at("GET", "/v3/regions", catalog.list_regions),
    _at("POST", "/v3/regions", catalog.create_region, catalog_schemas.CREATE_REGION),
    _at("PUT", "/v3/regions/{region_id}", catalog.create_region, catalog_schemas.CREATE_REGION),
    _at("GET", "/v3/regions/{region_id}", catalog.show_region),
    _at("PATCH", "/v3/regions/{region_id}", catalog.update_region, catalog_schemas.UPDATE_REGION),
    _at("DELETE", "/v3/regions/{region_id}", catalog.delete_region),
    _at("GET", "/v3/services", catalog.list_services),
    _at("POST", "/v3/services", catalog.create_service, catalog_schemas.CREATE_SERVICE),
    _at("GET", "/v3/services/{service_id}", catalog.show_service),
    _at("PATCH", "/v3/services/{service_id}", catalog.update_service, catalog_schemas.UPDATE_SERVICE),
    _at("DELETE", "/v3/services/{service_id}", catalog.delete_service),
    _at("GET", "/v3/endpoints", catalog.list_endpoints),
    _at("POST", "/v3/endpoints", catalog.create_endpoint, catalog_schemas.CREATE_ENDPOINT),
    _at("GET", "/v3/endpoints/{endpoint_id}", catalog.show_endpoint),
    _at("PATCH", "/v3/endpoints/{endpoint_id}", catalog.update_endpoint, catalog_schemas.UPDATE_ENDPOINT),
    _at("DELETE", "/v3/endpoints/{endpoint_id}", catalog.delete_endpoint),
)


def service(api: Identity) -> Service[Identity]:
    """The identity service, to be mounted."""
    return Service(name="identity", prefix=PREFIX, api=api, endpoints=ENDPOINTS, fault=keystone_style)
