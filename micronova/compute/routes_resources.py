"""The URLs of the compute service beside servers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from micronova.compute.api import Compute
from micronova.compute.handlers import (
    aggregates,
    availability_zones,
    extensions,
    flavor_access,
    flavor_extra_specs,
    flavors,
    hosts,
    hypervisors,
    instance_actions,
    keypairs,
    limits,
    quota_classes,
    quota_sets,
    server_groups,
    services,
    tenant_usage,
    versions,
)
from micronova.compute.schemas import flavors as flavor_schema
from micronova.compute.schemas import hosts as host_schema
from micronova.compute.schemas import instance_actions as action_schema
from micronova.compute.schemas import keypairs as keypair_schema
from micronova.compute.schemas import quotas as quota_schema
from micronova.compute.schemas import server_groups as group_schema
from micronova.compute.schemas import tenant_usage as usage_schema
from micronova.web.endpoint import Endpoint
from micronova.web.microversion import Version
from micronova.web.request import Request
from micronova.web.response import Response
from micronova.web.schemas import Versioned

Endpoints = Sequence[Endpoint[Compute]]
_V = "/v2.1"
_FLAVOR = _V + "/flavors/{flavor_id}"
_SPECS = _FLAVOR + "/os-extra_specs"
_SPEC = _SPECS + "/{key}"
_KEYS = _V + "/os-keypairs"
_KEY = _KEYS + "/{keypair_name}"
_QUOTAS = _V + "/os-quota-sets/{project_id}"
_CLASS = _V + "/os-quota-class-sets/{class_name}"
_HYPERVISORS = _V + "/os-hypervisors"
_HYPERVISOR = _HYPERVISORS + "/{hypervisor_id}"
_SERVICE = _V + "/os-services/{service_id}"
_AGGREGATES = _V + "/os-aggregates"
_AGGREGATE = _AGGREGATES + "/{aggregate_id}"
_GROUPS = _V + "/os-server-groups"
_GROUP = _GROUPS + "/{server_group_id}"
_ACTIONS = _V + "/servers/{server_id}/os-instance-actions"
_USAGE = _V + "/os-simple-tenant-usage"


def _get(
    path: str,
    handler: Callable[[Compute, Request], Response],
    summary: str,
    *,
    query: Versioned | None = None,
    max_version: Version | None = None,
    auth: bool = True,
) -> Endpoint[Compute]:
    return Endpoint(
        method="GET", path=path, handler=handler, summary=summary, query=query, max_version=max_version, auth=auth
    )


_VERSIONS: Endpoints = (
    _get("/", versions.index, "List versions", auth=False),
    _get(_V, versions.show, "Show version 2.1", auth=False),
)

_FLAVORS: Endpoints = (
    _get(_V + "/flavors", flavors.index, "List flavors", query=flavor_schema.LIST_QUERY),
    _get(_V + "/flavors/detail", flavors.detail, "List flavors with details", query=flavor_schema.LIST_QUERY),
    _get(_FLAVOR, flavors.show, "Show a flavor", query=flavor_schema.NO_QUERY),
    Endpoint(
        method="POST",
        path=_V + "/flavors",
        handler=flavors.create,
        summary="Create a flavor",
        body=flavor_schema.CREATE,
    ),
    Endpoint(
        method="PUT",
        path=_FLAVOR,
        handler=flavors.update,
        summary="Change a flavor's description",
        body=flavor_schema.UPDATE,
        min_version=Version(2, 55),
    ),
    Endpoint(method="DELETE", path=_FLAVOR, handler=flavors.delete, summary="Delete a flavor"),
    _get(_FLAVOR + "/os-flavor-access", flavor_access.index, "List projects with access to a flavor"),
    Endpoint(
        method="POST",
        path=_FLAVOR + "/action",
        handler=flavor_access.action,
        summary="Give or take access to a flavor",
        body=flavor_schema.ACTION,
    ),
    _get(_SPECS, flavor_extra_specs.index, "List extra specs"),
    _get(_SPEC, flavor_extra_specs.show, "Show an extra spec"),
    Endpoint(
        method="POST",
        path=_SPECS,
        handler=flavor_extra_specs.create,
        summary="Add extra specs",
        body=flavor_schema.CREATE_SPECS,
    ),
    Endpoint(
        method="PUT",
        path=_SPEC,
        handler=flavor_extra_specs.update,
        summary="Change an extra spec",
        body=flavor_schema.UPDATE_SPEC,
    ),
    Endpoint(method="DELETE", path=_SPEC, handler=flavor_extra_specs.delete, summary="Delete an extra spec"),
)

_KEYPAIRS: Endpoints = (
    _get(_KEYS, keypairs.index, "List keypairs", query=keypair_schema.LIST_QUERY),
    _get(_KEY, keypairs.show, "Show a keypair", query=keypair_schema.ONE_QUERY),
    Endpoint(
        method="POST",
        path=_KEYS,
        handler=keypairs.create,
        summary="Import or make a keypair",
        body=keypair_schema.CREATE,
    ),
    Endpoint(
        method="DELETE",
        path=_KEY,
        handler=keypairs.delete,
        summary="Delete a keypair",
        query=keypair_schema.ONE_QUERY,
    ),
)

_LIMITS: Endpoints = (
    _get(_V + "/limits", limits.index, "Show limits", query=quota_schema.LIMITS_QUERY),
    _get(_QUOTAS, quota_sets.show, "Show quotas", query=quota_schema.QUERY),
    _get(_QUOTAS + "/detail", quota_sets.detail, "Show quotas and what is in use", query=quota_schema.QUERY),
    _get(_QUOTAS + "/defaults", quota_sets.defaults, "Show the usual quotas"),
    Endpoint(
        method="PUT",
        path=_QUOTAS,
        handler=quota_sets.update,
        summary="Set quotas",
        body=quota_schema.UPDATE,
        query=quota_schema.QUERY,
    ),
    Endpoint(
        method="DELETE", path=_QUOTAS, handler=quota_sets.delete, summary="Reset quotas", query=quota_schema.QUERY
    ),
    _get(_CLASS, quota_classes.show, "Show a quota class"),
    Endpoint(
        method="PUT",
        path=_CLASS,
        handler=quota_classes.update,
        summary="Set a quota class",
        body=quota_schema.UPDATE_CLASS,
    ),
    _get(_USAGE, tenant_usage.index, "Show the use by all projects", query=usage_schema.LIST_QUERY),
    _get(_USAGE + "/{project_id}", tenant_usage.show, "Show the use by a project", query=usage_schema.ONE_QUERY),
)

_HOSTS: Endpoints = (
    _get(_HYPERVISORS, hypervisors.index, "List hypervisors", query=host_schema.HYPERVISORS_QUERY),
    _get(
        _HYPERVISORS + "/detail",
        hypervisors.detail,
        "List hypervisors with details",
        query=host_schema.HYPERVISORS_QUERY,
    ),
    _get(_HYPERVISORS + "/statistics", hypervisors.statistics, "Sums over hypervisors", max_version=Version(2, 87)),
    _get(_HYPERVISOR, hypervisors.show, "Show a hypervisor", query=host_schema.HYPERVISOR_QUERY),
    _get(_HYPERVISOR + "/uptime", hypervisors.uptime, "Show a hypervisor's uptime", max_version=Version(2, 87)),
    _get(_HYPERVISOR + "/search", hypervisors.search, "Find hypervisors", max_version=Version(2, 52)),
    _get(_HYPERVISOR + "/servers", hypervisors.servers, "Find servers of hypervisors", max_version=Version(2, 52)),
    _get(_V + "/os-services", services.index, "List services", query=host_schema.SERVICES_QUERY),
    Endpoint(
        method="PUT",
        path=_SERVICE,
        handler=services.update_by_host,
        summary="Enable, disable or force down a service by host",
        body=host_schema.SERVICE_UPDATE,
        max_version=Version(2, 52),
    ),
    Endpoint(
        method="PUT",
        path=_SERVICE,
        handler=services.update,
        summary="Enable, disable or force down a service",
        body=host_schema.SERVICE_UPDATE,
        min_version=Version(2, 53),
    ),
    Endpoint(method="DELETE", path=_SERVICE, handler=services.delete, summary="Delete a service"),
    _get(_V + "/os-hosts", hosts.index, "List hosts", query=host_schema.HOSTS_QUERY, max_version=Version(2, 42)),
    _get(_V + "/os-hosts/{host_name}", hosts.show, "Show a host", max_version=Version(2, 42)),
    _get(_V + "/os-availability-zone", availability_zones.index, "List availability zones"),
    _get(_V + "/os-availability-zone/detail", availability_zones.detail, "List availability zones with hosts"),
    _get(_AGGREGATES, aggregates.index, "List aggregates"),
    _get(_AGGREGATE, aggregates.show, "Show an aggregate"),
    Endpoint(
        method="POST",
        path=_AGGREGATES,
        handler=aggregates.create,
        summary="Create an aggregate",
        body=host_schema.AGGREGATE_CREATE,
    ),
    Endpoint(
        method="PUT",
        path=_AGGREGATE,
        handler=aggregates.update,
        summary="Change an aggregate",
        body=host_schema.AGGREGATE_UPDATE,
    ),
    Endpoint(method="DELETE", path=_AGGREGATE, handler=aggregates.delete, summary="Delete an aggregate"),
    Endpoint(
        method="POST",
        path=_AGGREGATE + "/action",
        handler=aggregates.action,
        summary="Add or remove a host, set metadata",
        body=host_schema.AGGREGATE_ACTION,
    ),
)

_OF_SERVERS: Endpoints = (
    _get(_ACTIONS, instance_actions.index, "List a server's actions", query=action_schema.LIST_QUERY),
    _get(_ACTIONS + "/{request_id}", instance_actions.show, "Show an action of a server"),
    _get(_GROUPS, server_groups.index, "List server groups", query=group_schema.LIST_QUERY),
    _get(_GROUP, server_groups.show, "Show a server group"),
    Endpoint(
        method="POST",
        path=_GROUPS,
        handler=server_groups.create,
        summary="Create a server group",
        body=group_schema.CREATE,
    ),
    Endpoint(method="DELETE", path=_GROUP, handler=server_groups.delete, summary="Delete a server group"),
    _get(_V + "/extensions", extensions.index, "List extensions"),
    _get(_V + "/extensions/{alias}", extensions.show, "Show an extension"),
)

ENDPOINTS: Endpoints = (*_VERSIONS, *_FLAVORS, *_KEYPAIRS, *_LIMITS, *_HOSTS, *_OF_SERVERS)
