"""ComputeCapabilitiesFilter: extra specs ``capabilities:KEY[:SUBKEY]`` (and unscoped ones) against the host's facts.

Contract: Nova's admin guide, "ComputeCapabilitiesFilter".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.extra_spec_match import matches
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot

_ABSENT = object()


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check without such extra specs, or while the services are not known."""
    services = snapshot.services
    wanted = [(path, key, spec) for key, spec in request.extra_specs.items() if (path := _path(key))]
    if not wanted or services is None:
        return None

    def check(host: HostState) -> Sequence[Cause]:
        service = services.get(host.name)
        if service is None:
            return PASSED  # ComputeFilter's to reject
        causes = []
        for path, key, spec in wanted:
            value = _lookup(service.capabilities, path)
            if value is _ABSENT or not matches(value, spec):
                has = "absent" if value is _ABSENT else str(value)[:200]
                causes.append(Cause(Reason.CAPABILITY, key, {"asked": spec, "has": has}))
        return causes or PASSED

    return check


def _path(key: str) -> Sequence[str]:
    scope = key.split(":")
    if len(scope) == 1:
        return scope
    return scope[1:] if scope[0] == "capabilities" else ()


def _lookup(capabilities: Mapping[str, object], path: Sequence[str]) -> object:
    value: object = capabilities
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return _ABSENT
        value = value[part]
    return value
