"""SameHostFilter: the hint ``same_host``: on a host of any of the named servers."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot

_CAUSES = (Cause(Reason.NOT_SAME_HOST),)


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check without the hint."""
    hosts = request.same_hosts
    if hosts is None:
        return None

    def check(host: HostState) -> Sequence[Cause]:
        return PASSED if host.name in hosts else _CAUSES

    return check
