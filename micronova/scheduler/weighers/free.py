"""What is free of one resource class on each host."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.snapshot import HostState


def free_of(resource_class: str, hosts: Sequence[HostState]) -> Sequence[float]:
    """Limit less used; 0 where there is no such inventory."""
    found = []
    for host in hosts:
        capacity = host.inventories.get(resource_class)
        found.append(0 if capacity is None else capacity.limit - capacity.used)
    return found
