"""DiskWeigher: more free disk is better."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot
from micronova.scheduler.weighers.free import free_of


def weigh(request: Request, snapshot: Snapshot, hosts: Sequence[HostState]) -> Sequence[float]:
    """Free DISK_GB per host."""
    return free_of("DISK_GB", hosts)
