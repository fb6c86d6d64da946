"""All policy rules of the compute service, with Nova's names and defaults."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.compute import policies_servers
from micronova.compute.policies_base import (
    ADMIN,
    ANY,
    BASE_RULES,
    PROJECT_MEMBER_OR_ADMIN,
    PROJECT_READER_OR_ADMIN,
    rule,
)
from micronova.web.policy import PlainRule, RuleDefault

_API = "os_compute_api:"
_OWN_KEYS = "(rule:context_is_admin) or user_id:%(user_id)s"
_FLAVOR = "/flavors/{flavor_id}"
_SPECS = _FLAVOR + "/os-extra_specs"
_QUOTAS = "/os-quota-sets/{project_id}"
_CLASSES = "/os-quota-class-sets/{class_name}"
_HYPERVISOR = "/os-hypervisors/{hypervisor_id}"
_AGGREGATE = "/os-aggregates/{aggregate_id}"
_ACTIONS = "/servers/{server_id}/os-instance-actions"
_KEY = "/os-keypairs/{keypair_name}"

_FLAVORS = (
    rule(_API + "os-flavor-manage:create", ADMIN, "Create a flavor.", "POST /flavors"),
    rule(_API + "os-flavor-manage:update", ADMIN, "Change a flavor's description.", "PUT " + _FLAVOR),
    rule(_API + "os-flavor-manage:delete", ADMIN, "Delete a flavor.", "DELETE " + _FLAVOR),
    rule(_API + "os-flavor-access", ADMIN, "See who may use a flavor.", f"GET {_FLAVOR}/os-flavor-access"),
    rule(_API + "os-flavor-access:add_tenant_access", ADMIN, "Give access to a flavor.", f"POST {_FLAVOR}/action"),
    rule(_API + "os-flavor-access:remove_tenant_access", ADMIN, "Take access away.", f"POST {_FLAVOR}/action"),
    rule(
        _API + "os-flavor-extra-specs:index",
        PROJECT_READER_OR_ADMIN,
        "See extra specs, also as part of flavors and servers.",
        "GET " + _SPECS,
        "GET /flavors/detail",
        "GET " + _FLAVOR,
    ),
    rule(_API + "os-flavor-extra-specs:show", PROJECT_READER_OR_ADMIN, "See an extra spec.", f"GET {_SPECS}/{{key}}"),
    rule(_API + "os-flavor-extra-specs:create", ADMIN, "Add extra specs.", "POST " + _SPECS),
    rule(_API + "os-flavor-extra-specs:update", ADMIN, "Change an extra spec.", f"PUT {_SPECS}/{{key}}"),
    rule(_API + "os-flavor-extra-specs:delete", ADMIN, "Delete an extra spec.", f"DELETE {_SPECS}/{{key}}"),
)

_KEYPAIRS = (
    rule(_API + "os-keypairs:index", _OWN_KEYS, "List keypairs.", "GET /os-keypairs"),
    rule(_API + "os-keypairs:show", _OWN_KEYS, "Show a keypair.", "GET " + _KEY),
    rule(_API + "os-keypairs:create", _OWN_KEYS, "Create or import a keypair.", "POST /os-keypairs"),
    rule(_API + "os-keypairs:delete", _OWN_KEYS, "Delete a keypair.", "DELETE " + _KEY),
)

_LIMITS = (
    rule(_API + "limits", ANY, "See the limits of the own project.", "GET /limits"),
    rule(_API + "limits:other_project", ADMIN, "See the limits of another project.", "GET /limits"),
    rule(_API + "os-quota-sets:show", PROJECT_READER_OR_ADMIN, "See quotas.", "GET " + _QUOTAS),
    rule(_API + "os-quota-sets:detail", PROJECT_READER_OR_ADMIN, "See quotas in use.", f"GET {_QUOTAS}/detail"),
    rule(_API + "os-quota-sets:defaults", ANY, "See the usual quotas.", f"GET {_QUOTAS}/defaults"),
    rule(_API + "os-quota-sets:update", ADMIN, "Set quotas.", "PUT " + _QUOTAS),
    rule(_API + "os-quota-sets:delete", ADMIN, "Reset quotas.", "DELETE " + _QUOTAS),
    rule(_API + "os-quota-class-sets:show", ADMIN, "See a quota class.", "GET " + _CLASSES),
    rule(_API + "os-quota-class-sets:update", ADMIN, "Set a quota class.", "PUT " + _CLASSES),
    rule(
        _API + "os-simple-tenant-usage:show",
        PROJECT_READER_OR_ADMIN,
        "See the use by a project.",
        "GET /os-simple-tenant-usage/{project_id}",
    ),
    rule(_API + "os-simple-tenant-usage:list", ADMIN, "See the use by all.", "GET /os-simple-tenant-usage"),
)

_HOSTS = (
    rule(_API + "os-hypervisors:list", ADMIN, "List hypervisors.", "GET /os-hypervisors"),
    rule(_API + "os-hypervisors:list-detail", ADMIN, "List hypervisors.", "GET /os-hypervisors/detail"),
    rule(_API + "os-hypervisors:statistics", ADMIN, "Sums over hypervisors.", "GET /os-hypervisors/statistics"),
    rule(_API + "os-hypervisors:show", ADMIN, "Show a hypervisor.", "GET " + _HYPERVISOR),
    rule(_API + "os-hypervisors:uptime", ADMIN, "See a hypervisor's uptime.", f"GET {_HYPERVISOR}/uptime"),
    rule(_API + "os-hypervisors:search", ADMIN, "Find hypervisors by name.", f"GET {_HYPERVISOR}/search"),
    rule(_API + "os-hypervisors:servers", ADMIN, "Find servers by hypervisor.", f"GET {_HYPERVISOR}/servers"),
    rule(_API + "os-services:list", ADMIN, "List services.", "GET /os-services"),
    rule(_API + "os-services:update", ADMIN, "Change a service.", "PUT /os-services/{service_id}"),
    rule(_API + "os-services:delete", ADMIN, "Delete a service.", "DELETE /os-services/{service_id}"),
    rule(_API + "os-hosts:list", ADMIN, "List hosts.", "GET /os-hosts"),
    rule(_API + "os-hosts:show", ADMIN, "Show a host.", "GET /os-hosts/{host_name}"),
    rule(_API + "os-availability-zone:list", ANY, "List zones.", "GET /os-availability-zone"),
    rule(_API + "os-availability-zone:detail", ADMIN, "Zones with hosts.", "GET /os-availability-zone/detail"),
    rule(_API + "os-aggregates:index", ADMIN, "List aggregates.", "GET /os-aggregates"),
    rule(_API + "os-aggregates:show", ADMIN, "Show an aggregate.", "GET " + _AGGREGATE),
    rule(_API + "os-aggregates:create", ADMIN, "Create an aggregate.", "POST /os-aggregates"),
    rule(_API + "os-aggregates:update", ADMIN, "Change an aggregate.", "PUT " + _AGGREGATE),
    rule(_API + "os-aggregates:delete", ADMIN, "Delete an aggregate.", "DELETE " + _AGGREGATE),
    rule(_API + "os-aggregates:add_host", ADMIN, "Add a host.", f"POST {_AGGREGATE}/action"),
    rule(_API + "os-aggregates:remove_host", ADMIN, "Remove a host.", f"POST {_AGGREGATE}/action"),
    rule(_API + "os-aggregates:set_metadata", ADMIN, "Set metadata.", f"POST {_AGGREGATE}/action"),
)

_OF_SERVERS = (
    rule(_API + "os-instance-actions:list", PROJECT_READER_OR_ADMIN, "List a server's actions.", "GET " + _ACTIONS),
    rule(
        _API + "os-instance-actions:show", PROJECT_READER_OR_ADMIN, "Show an action.", f"GET {_ACTIONS}/{{request_id}}"
    ),
    rule(_API + "os-instance-actions:events", ADMIN, "See inside of events.", f"GET {_ACTIONS}/{{request_id}}"),
    rule(
        _API + "os-instance-actions:events:details", ADMIN, "See details of events.", f"GET {_ACTIONS}/{{request_id}}"
    ),
    rule(_API + "os-server-groups:index", PROJECT_READER_OR_ADMIN, "List groups.", "GET /os-server-groups"),
    rule(_API + "os-server-groups:index:all_projects", ADMIN, "List all groups.", "GET /os-server-groups"),
    rule(
        _API + "os-server-groups:show",
        PROJECT_READER_OR_ADMIN,
        "Show a group.",
        "GET /os-server-groups/{server_group_id}",
    ),
    rule(_API + "os-server-groups:create", PROJECT_MEMBER_OR_ADMIN, "Create a group.", "POST /os-server-groups"),
    rule(
        _API + "os-server-groups:delete",
        PROJECT_MEMBER_OR_ADMIN,
        "Delete a group.",
        "DELETE /os-server-groups/{server_group_id}",
    ),
    rule(_API + "extensions", ANY, "List extensions.", "GET /extensions", "GET /extensions/{alias}"),
)

RULES: Sequence[RuleDefault | PlainRule] = (
    *BASE_RULES,
    *_FLAVORS,
    *_KEYPAIRS,
    *_LIMITS,
    *_HOSTS,
    *_OF_SERVERS,
    *policies_servers.RULES,
)
