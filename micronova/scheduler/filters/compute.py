"""ComputeFilter: the host's compute service is there, enabled and up."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot

_NO_SERVICE = (Cause(Reason.NO_SERVICE),)
_DOWN = (Cause(Reason.DOWN),)


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check while the services are not known."""
    services = snapshot.services
    if services is None:
        return None

    def check(host: HostState) -> Sequence[Cause]:
        service = services.get(host.name)
        if service is None:
            return _NO_SERVICE
        if not service.enabled:
            return (Cause(Reason.DISABLED, "", {"disabled_reason": service.disabled_reason}),)
        return PASSED if service.up else _DOWN

    return check
