"""The administrator's forced host, and hosts on which this server was tried already."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot

_NOT_FORCED = (Cause(Reason.NOT_THE_FORCED_HOST),)
_TRIED = (Cause(Reason.ALREADY_TRIED),)


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check unless a host is forced or was tried."""
    only, excluded = request.only_host, request.excluded_hosts
    if only is None and not excluded:
        return None

    def check(host: HostState) -> Sequence[Cause]:
        if only is not None and host.name != only:
            return _NOT_FORCED
        return _TRIED if host.name in excluded else PASSED

    return check
