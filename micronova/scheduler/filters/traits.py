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

    # Hosts are many, their sets of traits few: each set is judged once.
    verdicts: dict[frozenset[str], Sequence[Cause]] = {}

    def check(host: HostState) -> Sequence[Cause]:
        verdict = verdicts.get(host.traits)
        if verdict is None:
            verdict = verdicts[host.traits] = _judge(host.traits, required, forbidden)
        return verdict

    return check


def _judge(traits: frozenset[str], required: frozenset[str], forbidden: frozenset[str]) -> Sequence[Cause]:
    if required <= traits and forbidden.isdisjoint(traits):
        return PASSED
    return (
        *(Cause(Reason.TRAIT_MISSING, trait) for trait in sorted(required - traits)),
        *(Cause(Reason.TRAIT_FORBIDDEN, trait) for trait in sorted(forbidden & traits)),
    )
