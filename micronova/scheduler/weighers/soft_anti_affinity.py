"""ServerGroupSoftAntiAffinityWeigher: fewer members of the server's group are better."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.request import GroupPolicy, Request
from micronova.scheduler.snapshot import HostState, Snapshot


def weigh(request: Request, snapshot: Snapshot, hosts: Sequence[HostState]) -> Sequence[float]:
    """Members per host, negated; nothing outside of such a group."""
    group = request.group
    if group is None or group.policy is not GroupPolicy.SOFT_ANTI_AFFINITY:
        return ()
    return [-group.members.get(host.name, 0) for host in hosts]
