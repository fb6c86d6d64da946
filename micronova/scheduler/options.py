"""What an operator sets about scheduling, as values ([filter_scheduler] of nova.conf)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# Nova's default, and the two that only act on a hint: a hint that is silently ignored helps nobody.
DEFAULT_FILTERS = (
    "ComputeFilter",
    "ComputeCapabilitiesFilter",
    "ImagePropertiesFilter",
    "ServerGroupAntiAffinityFilter",
    "ServerGroupAffinityFilter",
    "SameHostFilter",
    "DifferentHostFilter",
)

# [filter_scheduler] <name>_multiplier, Nova's defaults.
DEFAULT_MULTIPLIERS: Mapping[str, float] = {
    "RAMWeigher": 1.0,
    "CPUWeigher": 1.0,
    "DiskWeigher": 1.0,
    "IoOpsWeigher": -1.0,
    "ServerGroupSoftAffinityWeigher": 1.0,
    "ServerGroupSoftAntiAffinityWeigher": 1.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The scheduler's settings.

    ``enabled_filters`` are Nova's names, in the order of their checks.  ``multipliers`` by weigher's name: 0 (or no
    entry) switches one off, a negative value turns it round.  Among the best ``host_subset_size`` hosts the seed
    chooses.
    """

    enabled_filters: Sequence[str] = DEFAULT_FILTERS
    multipliers: Mapping[str, float] = field(default_factory=lambda: DEFAULT_MULTIPLIERS)
    host_subset_size: int = 1
