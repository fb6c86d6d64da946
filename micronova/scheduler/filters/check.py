"""The shape of a filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from micronova.scheduler.decision import Cause
from micronova.scheduler.request import Request
from micronova.scheduler.snapshot import HostState, Snapshot

# What speaks against one host; empty: nothing.
Check = Callable[[HostState], Sequence[Cause]]
Prepare = Callable[[Request, Snapshot], Check | None]

PASSED: Sequence[Cause] = ()
