"""Enough of every asked resource, in units that the host's inventory allows; the same rule that the claim applies."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import Capacity, HostState, Snapshot


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check for a request without resources."""
    asked = [(name, amount) for name, amount in request.resources.items() if amount > 0]
    if not asked:
        return None

    def check(host: HostState) -> Sequence[Cause]:
        inventories = host.inventories
        causes: list[Cause] | None = None
        for name, amount in asked:
            capacity = inventories.get(name)
            if (
                capacity is None
                or capacity.used + amount > capacity.limit
                or not capacity.min_unit <= amount <= capacity.max_unit
                or (capacity.step_size > 1 and amount % capacity.step_size)
            ):
                causes = [] if causes is None else causes
                causes.append(cause_of(name, amount, capacity))
        return PASSED if causes is None else causes

    return check


def cause_of(name: str, amount: int, capacity: Capacity | None) -> Cause:
    """Why ``amount`` of resource class ``name`` is not to be had, with the numbers."""
    if capacity is None:
        return Cause(Reason.NO_RESOURCE, name, {"asked": amount})
    numbers = {
        "asked": amount,
        "free": max(capacity.free, 0),
        "limit": capacity.limit,
        "total": capacity.total,
        "reserved": capacity.reserved,
        "ratio": capacity.ratio,
    }
    # An amount larger than the whole host is "not enough" to everybody, though max_unit refuses it too.
    if amount > capacity.free or amount > capacity.max_unit:
        return Cause(Reason.NOT_ENOUGH, name, {**numbers, "max_unit": capacity.max_unit})
    return Cause(
        Reason.UNIT,
        name,
        {
            "asked": amount,
            "min_unit": capacity.min_unit,
            "max_unit": capacity.max_unit,
            "step_size": capacity.step_size,
        },
    )
