"""ServerGroupAntiAffinityFilter: at most ``max_server_per_host`` members of an ``anti-affinity`` group per host."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import GroupPolicy, Request
from micronova.scheduler.snapshot import HostState, Snapshot


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check outside of such a group."""
    group = request.group
    if group is None or group.policy is not GroupPolicy.ANTI_AFFINITY:
        return None
    members, allowed = group.members, group.max_server_per_host

    def check(host: HostState) -> Sequence[Cause]:
        there = members.get(host.name, 0)
        if there < allowed:
            return PASSED
        return (Cause(Reason.GROUP_ANTI_AFFINITY, "", {"members": there, "max_server_per_host": allowed}),)

    return check
