"""Hypervisors as the API shows them.

2.28  cpu_info is an object     2.53  ids are UUIDs; servers on request, absent when there are none
2.75  servers on request, always    2.88  only what placement does not know, and uptime
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from micronova.compute.host_registry import ComputeNode, ComputeService
from micronova.compute.usage import HostLoad
from micronova.web.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypervisor:
    """A node with its service, and its servers (id, name) if they were asked for."""

    node: ComputeNode
    service: ComputeService
    is_up: bool
    load: HostLoad
    servers: Sequence[tuple[str, str]] | None

    @property
    def disabled(self) -> bool:
        """Whether an admin disabled it."""
        return self.service.disabled


def summary(req: Request, one: Hypervisor) -> dict[str, Any]:
    """An item of the short list."""
    view: dict[str, Any] = {
        "id": one.node.uuid if req.at_least(53) else one.node.id,
        "hypervisor_hostname": one.node.hostname,
        "state": "up" if one.is_up else "down",
        "status": "disabled" if one.disabled else "enabled",
    }
    if one.servers is not None and (one.servers or req.at_least(75)):
        view["servers"] = [{"uuid": server_id, "name": name} for server_id, name in one.servers]
    return view


def detail(req: Request, one: Hypervisor) -> dict[str, Any]:
    """A hypervisor with all that it says."""
    node = one.node
    view = summary(req, one)
    view |= {
        "hypervisor_type": node.hypervisor_type,
        "hypervisor_version": node.hypervisor_version,
        "host_ip": node.host_ip,
        "service": {
            "id": one.service.uuid if req.at_least(53) else one.service.id,
            "host": one.service.host,
            "disabled_reason": one.service.disabled_reason,
        },
    }
    if req.at_least(88):
        view["uptime"] = node.uptime or None
    else:
        view |= _amounts(one)
        view["cpu_info"] = msgspec.json.decode(node.cpu_info) if req.at_least(28) else node.cpu_info
    return view


def statistics(found: Sequence[Hypervisor]) -> dict[str, int]:
    """Sums over all hypervisors."""
    sums = dict.fromkeys(
        (
            *("vcpus", "memory_mb", "local_gb", "vcpus_used", "memory_mb_used", "local_gb_used", "free_ram_mb"),
            *("free_disk_gb", "current_workload", "running_vms", "disk_available_least"),
        ),
        0,
    )
    for one in found:
        for name, value in _amounts(one).items():
            sums[name] += value
    return {"count": len(found), **sums}


def _amounts(one: Hypervisor) -> dict[str, int]:
    node = one.node
    return {
        "vcpus": node.vcpus,
        "vcpus_used": one.load.vcpus,
        "memory_mb": node.memory_mib,
        "memory_mb_used": node.memory_used_mib,
        "free_ram_mb": node.memory_mib - node.memory_used_mib,
        "local_gb": node.disk_gib,
        "local_gb_used": node.disk_used_gib,
        "free_disk_gb": node.disk_gib - node.disk_used_gib,
        "disk_available_least": node.disk_free_gib,
        "running_vms": node.running_vms,
        "current_workload": one.load.under_way,
    }
