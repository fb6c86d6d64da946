"""The identity service's policy: Keystone's rule names, with its defaults for admin, manager, member and reader.

Targets are flat: ``target.user.domain_id`` and the like, always of rows that were read from the database (T-ID2).
Reference: keystone/common/policies, release 2025.1 and later.
"""

from __future__ import annotations

from collections.abc import Sequence

from micronova.web.policy import PlainRule, RuleDefault

_ANYBODY = ""
_ADMIN = "rule:admin_required"
_SYSTEM_READER = "(role:reader and system_scope:all)"
_ADMIN_OR_READER = f"{_ADMIN} or {_SYSTEM_READER}"
_DOMAIN_LIST = f"{_ADMIN_OR_READER} or (role:reader and domain_id:%(target.domain_id)s)"
_OWNER = "rule:owner"
_SELF = "user_id:%(target.user.id)s"
_CREDENTIAL_OWNER = "user_id:%(target.credential.user_id)s"


def _in_domain(role: str, *nouns: str) -> str:
    """``role`` on the domain that all ``nouns`` of the target belong to."""
    same = " and ".join(f"domain_id:%(target.{noun}.domain_id)s" for noun in nouns)
    return f"(role:{role} and {same})"


def _grants(role: str) -> str:
    """``role`` on the domain of both the actor and the target of a grant."""
    pairs = [
        f"(role:{role} and domain_id:%(target.{actor}.domain_id)s and domain_id:%({target})s)"
        for actor in ("user", "group")
        for target in ("target.project.domain_id", "target.domain.id")
    ]
    return "(" + " or ".join(pairs) + ")"


_ROLE_OF_DOMAIN = "(domain_id:%(target.role.domain_id)s or None:%(target.role.domain_id)s)"
_GRANT_READ = f"{_ADMIN_OR_READER} or ({_grants('reader')} and {_ROLE_OF_DOMAIN})"
_GRANT_WRITE = f"{_ADMIN} or ({_grants('manager')} and {_ROLE_OF_DOMAIN} and rule:domain_managed_target_role)"
_PROJECT_READ = f"{_ADMIN_OR_READER} or {_in_domain('reader', 'project')} or project_id:%(target.project.id)s"
_PROJECT_WRITE = f"{_ADMIN} or {_in_domain('manager', 'project')}"
_GROUP_WRITE = f"{_ADMIN} or {_in_domain('manager', 'group')}"
_USER_WRITE = f"{_ADMIN} or {_in_domain('manager', 'user')}"
_MEMBER_WRITE = f"{_ADMIN} or {_in_domain('manager', 'user', 'group')}"

_SHARED = (
    PlainRule("admin_required", "role:admin or is_admin:1"),
    PlainRule("service_role", "role:service"),
    PlainRule("service_or_admin", "rule:admin_required or rule:service_role"),
    PlainRule("owner", "user_id:%(user_id)s"),
    PlainRule("admin_or_owner", "rule:admin_required or rule:owner"),
    PlainRule("token_subject", "user_id:%(target.token.user_id)s"),
    PlainRule("admin_or_token_subject", "rule:admin_required or rule:token_subject"),
    PlainRule("service_admin_or_token_subject", "rule:service_or_admin or rule:token_subject"),
    PlainRule(
        "domain_managed_target_role",
        "'manager':%(target.role.name)s or 'member':%(target.role.name)s or 'reader':%(target.role.name)s",
    ),
)

_TOKEN = "/v3/auth/tokens"  # noqa: S105
_GRANT = "/v3/{targets}/{target_id}/{actors}/{actor_id}/roles/{role_id}"
_SYSTEM = "/v3/system/{actors}/{actor_id}/roles"
_APPLICATION = "/v3/users/{user_id}/application_credentials"
_RULES = "/v3/users/{user_id}/access_rules"

# name, default, what it allows, method, path
_TABLE: Sequence[tuple[str, str, str, str, str]] = (
    ("check_token", f"{_ADMIN_OR_READER} or rule:token_subject", "Check a token.", "HEAD", _TOKEN),
    (
        "validate_token",
        f"{_ADMIN_OR_READER} or rule:service_role or rule:token_subject",
        "Validate a token.",
        "GET",
        _TOKEN,
    ),
    ("revoke_token", f"{_ADMIN} or rule:token_subject", "Revoke a token.", "DELETE", _TOKEN),
    ("get_auth_catalog", _ANYBODY, "Get the token's catalog.", "GET", "/v3/auth/catalog"),
    ("get_auth_projects", _ANYBODY, "List projects to scope to.", "GET", "/v3/auth/projects"),
    ("get_auth_domains", _ANYBODY, "List domains to scope to.", "GET", "/v3/auth/domains"),
    ("get_auth_system", _ANYBODY, "List systems to scope to.", "GET", "/v3/auth/system"),
    (
        "get_user",
        f"{_ADMIN_OR_READER} or {_in_domain('reader', 'user')} or {_SELF}",
        "Show user details.",
        "GET",
        "/v3/users/{user_id}",
    ),
    ("list_users", _DOMAIN_LIST, "List users.", "GET", "/v3/users"),
    ("create_user", _USER_WRITE, "Create a user.", "POST", "/v3/users"),
    ("update_user", _USER_WRITE, "Update a user.", "PATCH", "/v3/users/{user_id}"),
    ("delete_user", _USER_WRITE, "Delete a user.", "DELETE", "/v3/users/{user_id}"),
    (
        "revoke_tokens_for_user",
        f"{_ADMIN} or {_SELF}",
        "Revoke all tokens of a user.",
        "DELETE",
        "/v3/users/{user_id}/tokens",
    ),
    (
        "list_user_projects",
        f"{_ADMIN_OR_READER} or {_in_domain('reader', 'user')} or {_SELF}",
        "List projects of a user.",
        "GET",
        "/v3/users/{user_id}/projects",
    ),
    (
        "list_groups_for_user",
        f"{_ADMIN_OR_READER} or {_in_domain('reader', 'user')} or {_SELF}",
        "List groups of a user.",
        "GET",
        "/v3/users/{user_id}/groups",
    ),
    (
        "get_group",
        f"{_ADMIN_OR_READER} or {_in_domain('reader', 'group')}",
        "Show group details.",
        "GET",
        "/v3/groups/{group_id}",
    ),
    ("list_groups", _DOMAIN_LIST, "List groups.", "GET", "/v3/groups"),
    ("create_group", _GROUP_WRITE, "Create a group.", "POST", "/v3/groups"),
    ("update_group", _GROUP_WRITE, "Update a group.", "PATCH", "/v3/groups/{group_id}"),
    ("delete_group", _GROUP_WRITE, "Delete a group.", "DELETE", "/v3/groups/{group_id}"),
    (
        "list_users_in_group",
        f"{_ADMIN_OR_READER} or {_in_domain('reader', 'group')}",
        "List members of a group.",
        "GET",
        "/v3/groups/{group_id}/users",
    ),
    (
        "check_user_in_group",
        f"{_ADMIN_OR_READER} or {_in_domain('reader', 'user', 'group')}",
        "Check whether a user is in a group.",
        "HEAD",
        "/v3/groups/{group_id}/users/{user_id}",
    ),
    ("add_user_to_group", _MEMBER_WRITE, "Add a user to a group.", "PUT", "/v3/groups/{group_id}/users/{user_id}"),
    (
        "remove_user_from_group",
        _MEMBER_WRITE,
        "Remove a user from a group.",
        "DELETE",
        "/v3/groups/{group_id}/users/{user_id}",
    ),
    ("get_project", _PROJECT_READ, "Show project details.", "GET", "/v3/projects/{project_id}"),
    ("list_projects", _DOMAIN_LIST, "List projects.", "GET", "/v3/projects"),
    ("create_project", _PROJECT_WRITE, "Create a project.", "POST", "/v3/projects"),
    ("update_project", _PROJECT_WRITE, "Update a project.", "PATCH", "/v3/projects/{project_id}"),
    ("delete_project", _PROJECT_WRITE, "Delete a project.", "DELETE", "/v3/projects/{project_id}"),
    ("list_project_tags", _PROJECT_READ, "List tags of a project.", "GET", "/v3/projects/{project_id}/tags"),
    ("get_project_tag", _PROJECT_READ, "Check a tag of a project.", "GET", "/v3/projects/{project_id}/tags/{value}"),
    ("update_project_tags", _PROJECT_WRITE, "Replace all tags.", "PUT", "/v3/projects/{project_id}/tags"),
    ("create_project_tag", _PROJECT_WRITE, "Add a tag.", "PUT", "/v3/projects/{project_id}/tags/{value}"),
    ("delete_project_tags", _PROJECT_WRITE, "Remove all tags.", "DELETE", "/v3/projects/{project_id}/tags"),
    ("delete_project_tag", _PROJECT_WRITE, "Remove a tag.", "DELETE", "/v3/projects/{project_id}/tags/{value}"),
    (
        "get_domain",
        f"{_ADMIN_OR_READER} or domain_id:%(target.domain.id)s or project_domain_id:%(target.domain.id)s",
        "Show domain details.",
        "GET",
        "/v3/domains/{domain_id}",
    ),
    ("list_domains", _DOMAIN_LIST, "List domains.", "GET", "/v3/domains"),
    ("create_domain", _ADMIN, "Create a domain.", "POST", "/v3/domains"),
    ("update_domain", _ADMIN, "Update a domain.", "PATCH", "/v3/domains/{domain_id}"),
    ("delete_domain", _ADMIN, "Delete a domain.", "DELETE", "/v3/domains/{domain_id}"),
    (
        "get_role",
        f"{_ADMIN_OR_READER} or (role:manager and rule:domain_managed_target_role)",
        "Show role details.",
        "GET",
        "/v3/roles/{role_id}",
    ),
    ("list_roles", f"{_ADMIN_OR_READER} or role:manager", "List roles.", "GET", "/v3/roles"),
    ("create_role", _ADMIN, "Create a role.", "POST", "/v3/roles"),
    ("update_role", _ADMIN, "Update a role.", "PATCH", "/v3/roles/{role_id}"),
    ("delete_role", _ADMIN, "Delete a role.", "DELETE", "/v3/roles/{role_id}"),
    ("get_domain_role", _ADMIN_OR_READER, "Show a role of a domain.", "GET", "/v3/roles/{role_id}"),
    ("list_domain_roles", _ADMIN_OR_READER, "List roles of a domain.", "GET", "/v3/roles?domain_id={domain_id}"),
    ("create_domain_role", _ADMIN, "Create a role of a domain.", "POST", "/v3/roles"),
    ("update_domain_role", _ADMIN, "Update a role of a domain.", "PATCH", "/v3/roles/{role_id}"),
    ("delete_domain_role", _ADMIN, "Delete a role of a domain.", "DELETE", "/v3/roles/{role_id}"),
    ("list_implied_roles", _ADMIN_OR_READER, "List implied roles.", "GET", "/v3/roles/{role_id}/implies"),
    ("get_implied_role", _ADMIN_OR_READER, "Show an implied role.", "GET", "/v3/roles/{role_id}/implies/{implied_id}"),
    ("check_implied_role", _ADMIN_OR_READER, "Check it.", "HEAD", "/v3/roles/{role_id}/implies/{implied_id}"),
    ("create_implied_role", _ADMIN, "Let a role imply another.", "PUT", "/v3/roles/{role_id}/implies/{implied_id}"),
    ("delete_implied_role", _ADMIN, "No longer.", "DELETE", "/v3/roles/{role_id}/implies/{implied_id}"),
    ("list_role_inference_rules", _ADMIN_OR_READER, "List all implied roles.", "GET", "/v3/role_inferences"),
    ("check_grant", _GRANT_READ, "Check a grant.", "HEAD", _GRANT),
    ("list_grants", f"{_ADMIN_OR_READER} or {_grants('reader')}", "List an actor's roles on a target.", "GET", _GRANT),
    ("create_grant", _GRANT_WRITE, "Grant a role.", "PUT", _GRANT),
    ("revoke_grant", _GRANT_WRITE, "Revoke a role.", "DELETE", _GRANT),
    ("list_system_grants_for_user", _ADMIN_OR_READER, "List a user's system roles.", "GET", _SYSTEM),
    ("check_system_grant_for_user", _ADMIN_OR_READER, "Check one.", "HEAD", f"{_SYSTEM}/{{role_id}}"),
    ("create_system_grant_for_user", _ADMIN, "Grant one.", "PUT", f"{_SYSTEM}/{{role_id}}"),
    ("revoke_system_grant_for_user", _ADMIN, "Revoke one.", "DELETE", f"{_SYSTEM}/{{role_id}}"),
    ("list_system_grants_for_group", _ADMIN_OR_READER, "List a group's system roles.", "GET", _SYSTEM),
    ("check_system_grant_for_group", _ADMIN_OR_READER, "Check one.", "HEAD", f"{_SYSTEM}/{{role_id}}"),
    ("create_system_grant_for_group", _ADMIN, "Grant one.", "PUT", f"{_SYSTEM}/{{role_id}}"),
    ("revoke_system_grant_for_group", _ADMIN, "Revoke one.", "DELETE", f"{_SYSTEM}/{{role_id}}"),
    ("list_role_assignments", _DOMAIN_LIST, "List role assignments.", "GET", "/v3/role_assignments"),
    ("list_role_assignments_for_tree", _ADMIN, "The same below.", "GET", "/v3/role_assignments?include_subtree"),
    ("get_application_credential", f"{_ADMIN_OR_READER} or {_OWNER}", "Show one.", "GET", f"{_APPLICATION}/{{id}}"),
    ("list_application_credentials", f"{_ADMIN_OR_READER} or {_OWNER}", "List a user's.", "GET", _APPLICATION),
    ("create_application_credential", _OWNER, "Create an application credential.", "POST", _APPLICATION),
    ("delete_application_credential", f"{_ADMIN} or {_OWNER}", "Delete one.", "DELETE", f"{_APPLICATION}/{{id}}"),
    ("get_access_rule", f"{_ADMIN_OR_READER} or {_SELF}", "Show an access rule.", "GET", f"{_RULES}/{{id}}"),
    ("list_access_rules", f"{_ADMIN_OR_READER} or {_SELF}", "List a user's access rules.", "GET", _RULES),
    ("delete_access_rule", f"{_ADMIN} or {_SELF}", "Delete an access rule.", "DELETE", f"{_RULES}/{{id}}"),
    (
        "get_credential",
        f"{_ADMIN_OR_READER} or {_CREDENTIAL_OWNER}",
        "Show a credential.",
        "GET",
        "/v3/credentials/{id}",
    ),
    ("list_credentials", f"{_ADMIN_OR_READER} or {_CREDENTIAL_OWNER}", "List credentials.", "GET", "/v3/credentials"),
    ("create_credential", f"{_ADMIN} or {_CREDENTIAL_OWNER}", "Create a credential.", "POST", "/v3/credentials"),
    ("update_credential", f"{_ADMIN} or {_CREDENTIAL_OWNER}", "Update one.", "PATCH", "/v3/credentials/{id}"),
    ("delete_credential", f"{_ADMIN} or {_CREDENTIAL_OWNER}", "Delete one.", "DELETE", "/v3/credentials/{id}"),
    ("get_region", _ANYBODY, "Show a region.", "GET", "/v3/regions/{region_id}"),
    ("list_regions", _ANYBODY, "List regions.", "GET", "/v3/regions"),
    ("create_region", _ADMIN, "Create a region.", "POST", "/v3/regions"),
    ("update_region", _ADMIN, "Update a region.", "PATCH", "/v3/regions/{region_id}"),
    ("delete_region", _ADMIN, "Delete a region.", "DELETE", "/v3/regions/{region_id}"),
    ("get_service", _ADMIN_OR_READER, "Show a service.", "GET", "/v3/services/{service_id}"),
    ("list_services", _ADMIN_OR_READER, "List services.", "GET", "/v3/services"),
    ("create_service", _ADMIN, "Create a service.", "POST", "/v3/services"),
    ("update_service", _ADMIN, "Update a service.", "PATCH", "/v3/services/{service_id}"),
    ("delete_service", _ADMIN, "Delete a service.", "DELETE", "/v3/services/{service_id}"),
    ("get_endpoint", _ADMIN_OR_READER, "Show an endpoint.", "GET", "/v3/endpoints/{endpoint_id}"),
    ("list_endpoints", _ADMIN_OR_READER, "List endpoints.", "GET", "/v3/endpoints"),
    ("create_endpoint", _ADMIN, "Create an endpoint.", "POST", "/v3/endpoints"),
    ("update_endpoint", _ADMIN, "Update an endpoint.", "PATCH", "/v3/endpoints/{endpoint_id}"),
    ("delete_endpoint", _ADMIN, "Delete an endpoint.", "DELETE", "/v3/endpoints/{endpoint_id}"),
)

RULES: Sequence[RuleDefault | PlainRule] = (
    *_SHARED,
    *(
        RuleDefault(f"identity:{name}", check, description, [{"path": path, "method": method}])
        for name, check, description, method, path in _TABLE
    ),
)
