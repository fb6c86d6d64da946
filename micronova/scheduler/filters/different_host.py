"""DifferentHostFilter: the hint ``different_host``: on no host of the named servers."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot

_CAUSES = (Cause(Reason.NOT_DIFFERENT_HOST),)


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check without the hint."""
    hosts = request.different_hosts
    if not hosts:
        return None

    def check(host: HostState) -> Sequence[Cause]:
        return _CAUSES if host.name in hosts else PASSED

    return check
