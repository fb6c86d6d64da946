"""A host's facts and the operator's ratios and reserves, as inventories; Nova's rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from micronova.host.interface import HostFacts
from micronova.placement.values import Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """``[DEFAULT]`` of nova.conf: over-commit ratios, and what is kept back for the host itself.

    A ratio that is None was not set: the inventory's present ratio stays (an operator may have changed it in
    placement), and a new inventory starts at the initial one.
    """

    cpu_allocation_ratio: float | None = None
    ram_allocation_ratio: float | None = None
    disk_allocation_ratio: float | None = None
    initial_cpu_allocation_ratio: float = 4.0
    initial_ram_allocation_ratio: float = 1.0
    initial_disk_allocation_ratio: float = 1.0
    reserved_host_cpus: int = 0
    reserved_host_memory_mib: int = 512
    reserved_host_disk_mib: int = 0


def inventories_of(
    facts: HostFacts, ratios: Ratios, present: Mapping[str, Inventory] | None = None
) -> Mapping[str, Inventory]:
    """VCPU, MEMORY_MB and DISK_GB of a host; what it has none of is left out.

    ``present`` are the provider's inventories now (``providers.inventories_of``), empty for a new one.
    """
    rows = (
        (
            "VCPU",
            facts.vcpus,
            ratios.reserved_host_cpus,
            ratios.cpu_allocation_ratio,
            ratios.initial_cpu_allocation_ratio,
        ),
        (
            "MEMORY_MB",
            facts.memory_mib,
            ratios.reserved_host_memory_mib,
            ratios.ram_allocation_ratio,
            ratios.initial_ram_allocation_ratio,
        ),
        (
            "DISK_GB",
            facts.disk_gib,
            math.ceil(ratios.reserved_host_disk_mib / 1024),
            ratios.disk_allocation_ratio,
            ratios.initial_disk_allocation_ratio,
        ),
    )
    found: dict[str, Inventory] = {}
    for resource_class, total, reserved, ratio, initial in rows:
        if total <= 0:
            continue
        before = (present or {}).get(resource_class)
        if ratio is None:
            ratio = before.allocation_ratio if before is not None else initial
        found[resource_class] = Inventory(
            total=total,
            # A host smaller than its reserve has nothing to give; placement allows reserved up to total.
            reserved=min(reserved, total),
            max_unit=total,
            allocation_ratio=ratio,
        )
    return found
