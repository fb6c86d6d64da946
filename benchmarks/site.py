"""The micronova under measurement: a state of its own, and limits that the load does not meet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from workshop.serving import Serving, state_dir

# Twenty guests on two cores, a thousand on sixteen simulated hosts, all of one project.
_SETTINGS = """\
[DEFAULT]
cpu_allocation_ratio = 64
ram_allocation_ratio = 8
disk_allocation_ratio = 64
[quota]
instances = -1
cores = -1
ram = -1
"""


@contextmanager
def started(name: str, *, hosts: int = 0, database: str | None = None) -> Iterator[Serving]:
    """A started micronova with a fresh state, which goes away afterwards."""
    folder = state_dir(f"bench-{name}")
    shutil.rmtree(folder, ignore_errors=True)
    settings = folder.parent / "bench-nova.conf"
    settings.write_text(_SETTINGS)
    serving = Serving(folder, hosts=hosts, database=database, arguments=["--config-file", str(settings)])
    serving.log.unlink(missing_ok=True)
    try:
        serving.start()
        yield serving
    finally:
        serving.stop()
    shutil.rmtree(folder)
