"""What the scheduler sees of the hosts: capacity and traits from placement, services and builds from compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from micronova.model.ids import HostName, ProviderUuid


@dataclass(frozen=True, slots=True)
class Capacity:
    """One inventory of a host and how much of it is allocated.  Units are the resource class's own (MEMORY_MB: MiB).

    ``limit`` is what may be allocated in all: (total - reserved) * ratio, rounded down.
    """

    total: int
    used: int
    limit: int
    reserved: int = 0
    ratio: float = 1.0
    min_unit: int = 1
    max_unit: int = 0x7FFFFFFF
    step_size: int = 1

    @property
    def free(self) -> int:
        """What may still be allocated; negative when the inventory shrank below its use."""
        return self.limit - self.used


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """One host: the root resource provider that bears its name."""

    name: HostName
    provider: ProviderUuid
    inventories: Mapping[str, Capacity]
    traits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostService:
    """The compute service of a host, as the compute tables know it.

    ``supported_instances`` rows are (arch, hypervisor type, vm mode); ``capabilities`` is what ``capabilities:*``
    extra specs are matched against (hypervisor_type, hypervisor_version, cpu_info, vcpus, ...).
    """

    enabled: bool = True
    up: bool = True
    zone: str = "nova"
    disabled_reason: str = ""
    supported_instances: Sequence[tuple[str, str, str]] = ()
    capabilities: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All hosts at one moment.

    ``services`` None: not known, every host counts as up, enabled and in any zone; with a mapping, a host without an
    entry has no compute service and is rejected.  ``builds`` counts servers being built (or moved in) per host.
    """

    hosts: Sequence[HostState]
    services: Mapping[HostName, HostService] | None = None
    builds: Mapping[HostName, int] = field(default_factory=dict)
