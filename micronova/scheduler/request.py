"""What one server asks of a host."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from micronova.model.ids import HostName


class GroupPolicy(enum.StrEnum):
    """Policies of server groups."""

    AFFINITY = "affinity"
    ANTI_AFFINITY = "anti-affinity"
    SOFT_AFFINITY = "soft-affinity"
    SOFT_ANTI_AFFINITY = "soft-anti-affinity"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlacement:
    """The server's group: its policy, and how many of its members (this one not counted) each host has."""

    policy: GroupPolicy
    members: Mapping[HostName, int] = field(default_factory=dict)
    max_server_per_host: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequirements:
    """What an image's properties demand of a hypervisor; None: anything.

    In order: hw_architecture, img_hv_type, hw_vm_mode, img_hv_requested_version.
    """

    architecture: str | None = None
    hypervisor_type: str | None = None
    vm_mode: str | None = None
    hypervisor_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One server, as the scheduler sees it.

    ``seed`` (the server's id) decides between equally good hosts: the same server always gets the same answer to the
    same snapshot, different servers get different ones.  ``resources`` counts in the resource classes' units.
    ``excluded_hosts`` were tried already.  ``only_host`` is an administrator's forced host.  ``same_hosts`` and
    ``different_hosts`` are the hosts of the servers that the hints name (None: no such hint), looked up by the caller.
    """

    seed: str
    resources: Mapping[str, int]
    required_traits: frozenset[str] = frozenset()
    forbidden_traits: frozenset[str] = frozenset()
    availability_zone: str | None = None
    only_host: HostName | None = None
    excluded_hosts: frozenset[HostName] = frozenset()
    image: ImageRequirements = ImageRequirements()
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    same_hosts: frozenset[HostName] | None = None
    different_hosts: frozenset[HostName] | None = None
    group: GroupPlacement | None = None
