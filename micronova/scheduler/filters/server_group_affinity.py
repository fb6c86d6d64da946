"""ServerGroupAffinityFilter: all members of an ``affinity`` group on one host; the first one chooses freely."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import GroupPolicy, Request
from micronova.scheduler.snapshot import HostState, Snapshot

_CAUSES = (Cause(Reason.GROUP_AFFINITY),)


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check outside of such a group, or for its first member."""
    group = request.group
    if group is None or group.policy is not GroupPolicy.AFFINITY:
        return None
    hosts = {host for host, count in group.members.items() if count > 0}
    if not hosts:
        return None

    def check(host: HostState) -> Sequence[Cause]:
        return PASSED if host.name in hosts else _CAUSES

    return check
