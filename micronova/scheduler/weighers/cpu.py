"""CPUWeigher: more free vCPUs are better."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot
from micronova.scheduler.weighers.free import free_of


def weigh(request: Request, snapshot: Snapshot, hosts: Sequence[HostState]) -> Sequence[float]:
    """Free VCPU per host."""
    return free_of("VCPU", hosts)
