"""The asked availability zone.  Nova's prefilter map_az_to_placement_aggregate, on the services' zones."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check without a zone, or while the services are not known."""
    zone, services = request.availability_zone, snapshot.services
    if zone is None or services is None:
        return None

    def check(host: HostState) -> Sequence[Cause]:
        service = services.get(host.name)
        if service is None or service.zone == zone:
            return PASSED  # a host without a service is ComputeFilter's to reject
        return (Cause(Reason.OTHER_ZONE, zone, {"zone": service.zone}),)

    return check
