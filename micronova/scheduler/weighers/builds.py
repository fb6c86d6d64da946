"""IoOpsWeigher: servers being built on the host; with its negative multiplier fewer is better."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot


def weigh(request: Request, snapshot: Snapshot, hosts: Sequence[HostState]) -> Sequence[float]:
    """Builds in flight per host."""
    if not snapshot.builds:
        return ()
    return [snapshot.builds.get(host.name, 0) for host in hosts]
