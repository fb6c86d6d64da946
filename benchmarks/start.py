"""From ``micronova serve`` on an existing state to the first answer, and memory when idle."""

from __future__ import annotations

import statistics
import time

from benchmarks.report import Figure
from benchmarks.site import started

ROUNDS = 5
# Long enough for what runs by the clock to have run once.
IDLE_S = 10.0


def measure() -> list[Figure]:
    """On the libvirt of this machine."""
    with started("start") as serving:
        starts, stops = [], []
        for _ in range(ROUNDS):
            stops.append(serving.stop())
            starts.append(serving.start())
        time.sleep(IDLE_S)
        memory_mib = serving.memory_pss_mib()
    return [
        Figure(
            what="start to first answer",
            value=statistics.median(starts),
            unit="s",
            limit=1.5,
            openstack=27,
            note=f"{min(starts):.2f}-{max(starts):.2f} s, {ROUNDS} starts",
        ),
        Figure(what="SIGTERM to end", value=statistics.median(stops), unit="s"),
        Figure(what="idle memory (PSS)", value=memory_mib, unit="MiB", limit=150, openstack=1710),
    ]
