"""Required and forbidden traits (``trait:*`` of flavor and image)."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check for a request without traits."""
    required, forbidden = request.required_traits, request.forbidden_traits
    if not required and not forbidden:
        return None

    def check(host: HostState) -> Sequence[Cause]:
        if required <= host.traits and forbidden.isdisjoint(host.traits):
            return PASSED
        return [
            *(Cause(Reason.TRAIT_MISSING, trait) for trait in sorted(required - host.traits)),
            *(Cause(Reason.TRAIT_FORBIDDEN, trait) for trait in sorted(forbidden & host.traits)),
        ]

    return check
