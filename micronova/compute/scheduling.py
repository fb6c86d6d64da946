"""From a server's wishes to ranked hosts: what compute and placement know of hosts, for the pure scheduler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute import aggregates, host_registry, server_groups
from micronova.compute.api import ComputeSettings
from micronova.compute.host_registry import ComputeNode
from micronova.compute.servers import decoded
from micronova.compute.states import VmState
from micronova.db.tables.compute import servers
from micronova.model.clock import utcnow
from micronova.model.errors import NoCapacity, NotFound
from micronova.model.ids import HostName
from micronova.placement.snapshot import Snapshots
from micronova.scheduler.choose import choose
from micronova.scheduler.decision import Decision
from micronova.scheduler.explain import explain_for_admin, explain_for_user
from micronova.scheduler.request import GroupPlacement, GroupPolicy, ImageRequirements, Request
from micronova.scheduler.snapshot import HostService, Snapshot

_HOST_COUNTS = sa.select(servers.c.host, sa.func.count()).where(servers.c.host.is_not(None)).group_by(servers.c.host)
# Written out, not bound: SQLite uses a partial index (ix_servers_building) only where it sees the value.
_BUILDS = _HOST_COUNTS.where(
    servers.c.deleted_at.is_(None), servers.c.vm_state == sa.literal_column(f"'{VmState.BUILDING}'")
)
_IDS: sa.BindParameter[str] = sa.bindparam("b_ids", expanding=True)
_COUNTS_OF = _HOST_COUNTS.where(servers.c.id.in_(_IDS))
_HOSTS_OF = sa.select(servers.c.host).where(
    servers.c.id.in_(_IDS), servers.c.deleted_at.is_(None), servers.c.host.is_not(None)
)


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """What a server asks of a host, as an operation stores it."""

    resources: dict[str, int]
    required_traits: list[str] = []
    forbidden_traits: list[str] = []
    availability_zone: str | None = None
    only_host: str | None = None
    same_host: list[str] = []  # servers
    different_host: list[str] = []  # servers
    group: str | None = None  # a server group's uuid
    extra_specs: dict[str, str] = {}
    architecture: str | None = None
    hypervisor_type: str | None = None
    vm_mode: str | None = None
    hypervisor_version: str | None = None


def choose_for(
    c: Connection,
    settings: ComputeSettings,
    snapshots: Snapshots,
    server_id: str,
    placement: Placement,
    *,
    excluded: Sequence[str] = (),
) -> tuple[Decision, Mapping[str, str]]:
    """Rank the hosts for a server; gives the decision and each host's availability zone."""
    demanding = bool(placement.extra_specs or placement.architecture or placement.hypervisor_type or placement.vm_mode)
    seen = snapshot_of(c, settings, snapshots, hypervisors=demanding or placement.hypervisor_version is not None)
    request = Request(
        seed=server_id,
        resources=placement.resources,
        required_traits=frozenset(placement.required_traits),
        forbidden_traits=frozenset(placement.forbidden_traits),
        availability_zone=placement.availability_zone,
        only_host=None if placement.only_host is None else HostName(placement.only_host),
        excluded_hosts=frozenset(HostName(host) for host in excluded),
        image=ImageRequirements(
            architecture=placement.architecture,
            hypervisor_type=placement.hypervisor_type,
            vm_mode=placement.vm_mode,
            hypervisor_version=placement.hypervisor_version,
        ),
        extra_specs=placement.extra_specs,
        same_hosts=_hosts_of(c, placement.same_host),
        different_hosts=_hosts_of(c, placement.different_host),
        group=None if placement.group is None else _group(c, placement.group, server_id),
    )
    zones: dict[str, str] = {host: service.zone for host, service in (seen.services or {}).items()}
    return choose(request, seen, settings.scheduler), zones


def refusal(decision: Decision) -> NoCapacity:
    """Why no host fits: counts for the user, names and numbers for admins (T-API10)."""
    return NoCapacity(explain_for_user(decision), detail=explain_for_admin(decision))


def snapshot_of(
    c: Connection, settings: ComputeSettings, snapshots: Snapshots, *, hypervisors: bool = True
) -> Snapshot:
    """All hosts now: capacity from placement, state and zone of their services, builds under way.

    ``hypervisors``: with what their hypervisors can do, which only some requests ask about.
    """
    return replace(snapshots.take(c), services=_services(c, settings, hypervisors=hypervisors), builds=_builds(c))


def _services(c: Connection, settings: ComputeSettings, *, hypervisors: bool) -> Mapping[HostName, HostService]:
    now = utcnow()
    nodes = {node.hostname: node for node in host_registry.nodes(c)} if hypervisors else {}
    zones = aggregates.zones_by_host(c)
    return {
        HostName(service.host): HostService(
            enabled=not service.disabled,
            up=service.is_up(now, settings.service_down_time_s),
            zone=zones.get(service.host, settings.default_availability_zone),
            disabled_reason=service.disabled_reason or "",
            supported_instances=_supported(nodes.get(service.host)),
            capabilities=_capabilities(nodes.get(service.host)),
        )
        for service in host_registry.compute_hosts(c)
    }


def _supported(node: ComputeNode | None) -> Sequence[tuple[str, str, str]]:
    if node is None:
        return ()
    arch = decoded(node.cpu_info, dict, {}).get("arch", "")
    return ((str(arch), node.hypervisor_type.lower(), "hvm"),) if arch else ()


def _capabilities(node: ComputeNode | None) -> Mapping[str, object]:
    if node is None:
        return {}
    return {
        "hypervisor_type": node.hypervisor_type,
        "hypervisor_version": node.hypervisor_version,
        "hypervisor_hostname": node.hostname,
        "cpu_info": decoded(node.cpu_info, dict, {}),
        "vcpus_total": node.vcpus,
        "total_usable_ram_mb": node.memory_mib,
    }


def _builds(c: Connection) -> Mapping[HostName, int]:
    return {HostName(host): count for host, count in c.execute(_BUILDS)}


def _group(c: Connection, uuid: str, server_id: str) -> GroupPlacement | None:
    """The group's policy, and how many other members each host has; None for a group that is gone by now."""
    try:
        group = server_groups.get(c, uuid, project_id=None)
    except NotFound:
        return None
    others = [member for member in group.members if member != server_id]
    rows = c.execute(_COUNTS_OF, {"b_ids": others})
    return GroupPlacement(
        policy=GroupPolicy(group.policy),
        members={HostName(host): count for host, count in rows},
        max_server_per_host=group.rules.get("max_server_per_host", 1),
    )


def _hosts_of(c: Connection, server_ids: Sequence[str]) -> frozenset[HostName] | None:
    """Where these servers are, by one query; None if none were named (no such hint)."""
    if not server_ids:
        return None
    return frozenset(HostName(host) for host in c.execute(_HOSTS_OF, {"b_ids": server_ids}).scalars())
