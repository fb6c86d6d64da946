"""What may speak against a host: a file per filter, found by Nova's names.

A filter's ``prepare(request, snapshot)`` looks at the request once and gives a check of one host, or None when the
request asks for nothing that the filter looks at.  A check returns causes; empty means that the host passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micronova.model.errors import Invalid
from micronova.scheduler.filters import (
    availability_zone,
    capacity,
    compute,
    compute_capabilities,
    different_host,
    host_choice,
    image_properties,
    same_host,
    server_group_affinity,
    server_group_anti_affinity,
    traits,
)
from micronova.scheduler.filters.check import Check, Prepare

__all__ = ["ALWAYS", "FILTERS", "HOST_STATUS", "Check", "Prepare", "check_names"]

# Who may be asked at all; no option switches these off, and a host that fails one is not looked at further.
HOST_STATUS: Sequence[Prepare] = (host_choice.prepare, availability_zone.prepare)

# What placement's claim would refuse; no option switches these off.
ALWAYS: Sequence[Prepare] = (capacity.prepare, traits.prepare)

FILTERS: Mapping[str, Prepare] = {
    "ComputeFilter": compute.prepare,
    "ComputeCapabilitiesFilter": compute_capabilities.prepare,
    "ImagePropertiesFilter": image_properties.prepare,
    "ServerGroupAntiAffinityFilter": server_group_anti_affinity.prepare,
    "ServerGroupAffinityFilter": server_group_affinity.prepare,
    "SameHostFilter": same_host.prepare,
    "DifferentHostFilter": different_host.prepare,
    "AllHostsFilter": lambda request, snapshot: None,
}


def check_names(enabled_filters: Sequence[str]) -> None:
    """Raise Invalid for a name in ``[filter_scheduler] enabled_filters`` that is none of ours; for the start."""
    unknown = [name for name in enabled_filters if name not in FILTERS]
    if unknown:
        raise Invalid(
            f"[filter_scheduler] enabled_filters: {', '.join(unknown)} not supported; "
            f"known: {', '.join(sorted(FILTERS))}"
        )
