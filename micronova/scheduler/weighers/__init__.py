"""Which of the hosts that fit is better: a file per weigher, found by Nova's names.

``weigh(request, snapshot, hosts)`` gives one number per host; more is better before the multiplier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot
from micronova.scheduler.weighers import builds, cpu, disk, ram, soft_affinity, soft_anti_affinity

Weigh = Callable[[Request, Snapshot, Sequence[HostState]], Sequence[float]]

WEIGHERS: Mapping[str, Weigh] = {
    "RAMWeigher": ram.weigh,
    "CPUWeigher": cpu.weigh,
    "DiskWeigher": disk.weigh,
    "IoOpsWeigher": builds.weigh,
    "ServerGroupSoftAffinityWeigher": soft_affinity.weigh,
    "ServerGroupSoftAntiAffinityWeigher": soft_anti_affinity.weigh,
}


def total_weights(
    request: Request, snapshot: Snapshot, hosts: Sequence[HostState], multipliers: Mapping[str, float]
) -> list[float]:
    """Nova's sum: each weigher's numbers brought to 0..1 over the hosts, times its multiplier."""
    totals = [0.0] * len(hosts)
    for name, weigh in WEIGHERS.items():
        multiplier = multipliers.get(name, 0.0)
        if multiplier == 0.0:
            continue
        weights = weigh(request, snapshot, hosts)
        if not weights:
            continue
        low, high = min(weights), max(weights)
        if high > low:
            scale = multiplier / (high - low)
            totals = [total + (weight - low) * scale for total, weight in zip(totals, weights, strict=True)]
    return totals
