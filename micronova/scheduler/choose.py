"""From a request and a snapshot to ranked hosts, and the causes against each other one."""

from __future__ import annotations

import random
from collections.abc import Sequence

from micronova.scheduler.decision import Candidate, Cause, Decision, Rejection
from micronova.scheduler.filters import ALWAYS, FILTERS, HOST_STATUS
from micronova.scheduler.filters.check import Check, Prepare
from micronova.scheduler.options import Options
from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot
from micronova.scheduler.weighers import total_weights

_DEFAULT_OPTIONS = Options()


def choose(request: Request, snapshot: Snapshot, options: Options = _DEFAULT_OPTIONS) -> Decision:
    """Rank the hosts that fit.  Equal arguments give equal decisions.

    A host that may not be asked at all (down, disabled, another zone, tried already) has that as its only cause;
    of any other rejected host all causes are found, so that an explanation can name the nearest fix.
    """
    status_filters = [FILTERS["ComputeFilter"]] if "ComputeFilter" in options.enabled_filters else []
    others = [FILTERS[name] for name in options.enabled_filters if name != "ComputeFilter"]
    status = _prepared([*HOST_STATUS, *status_filters], request, snapshot)
    checks = _prepared([*ALWAYS, *others], request, snapshot)
    fitting: list[HostState] = []
    rejected: list[Rejection] = []
    for host in snapshot.hosts:
        causes = _first(status, host) or _all(checks, host)
        if causes:
            rejected.append(Rejection(host.name, tuple(causes)))
        else:
            fitting.append(host)
    return Decision(ranked=_ranked(request, snapshot, options, fitting), rejected=rejected)


def _prepared(filters: Sequence[Prepare], request: Request, snapshot: Snapshot) -> list[Check]:
    return [check for prepare in filters if (check := prepare(request, snapshot)) is not None]


def _first(checks: Sequence[Check], host: HostState) -> Sequence[Cause]:
    for check in checks:
        causes = check(host)
        if causes:
            return causes
    return ()


def _all(checks: Sequence[Check], host: HostState) -> Sequence[Cause]:
    found: Sequence[Cause] = ()
    for check in checks:
        causes = check(host)
        if causes:
            found = [*found, *causes]
    return found


def _ranked(request: Request, snapshot: Snapshot, options: Options, hosts: Sequence[HostState]) -> Sequence[Candidate]:
    weights = total_weights(request, snapshot, hosts, options.multipliers)
    # Not a secret: the seed only keeps a burst of equal requests from all choosing the same of several equal hosts.
    dice = random.Random(request.seed)  # noqa: S311
    ties = [dice.random() for _ in hosts]
    order = [at for _, _, at in sorted(zip((-weight for weight in weights), ties, range(len(hosts)), strict=True))]
    subset = min(options.host_subset_size, len(order))
    if subset > 1:
        first = order.pop(dice.randrange(subset))
        order.insert(0, first)
    return [Candidate(hosts[at].name, hosts[at].provider, weights[at]) for at in order]
