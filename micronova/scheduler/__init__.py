"""Choosing a host: values in, ranked hosts and every rejection with its reason out.  No I/O, no clock, no settings.

    Request + Snapshot + Options -> choose() -> Decision -> explain_for_user() | explain_for_admin()

A choice is a proposal: the claim in ``micronova.placement.allocations`` decides.
"""

from micronova.scheduler.choose import choose
from micronova.scheduler.decision import Candidate, Cause, Decision, Reason, Rejection
from micronova.scheduler.explain import explain_for_admin, explain_for_user
from micronova.scheduler.flavor_request import Requirements, resources_of_flavor
from micronova.scheduler.hints import Hints, parse_hints
from micronova.scheduler.options import Options
from micronova.scheduler.request import GroupPlacement, GroupPolicy, ImageRequirements, Request
from micronova.scheduler.snapshot import Capacity, HostService, HostState, Snapshot

__all__ = [
    "Candidate",
    "Capacity",
    "Cause",
    "Decision",
    "GroupPlacement",
    "GroupPolicy",
    "Hints",
    "HostService",
    "HostState",
    "ImageRequirements",
    "Options",
    "Reason",
    "Rejection",
    "Request",
    "Requirements",
    "Snapshot",
    "choose",
    "explain_for_admin",
    "explain_for_user",
    "parse_hints",
    "resources_of_flavor",
]
