"""The micronova under measurement: a state of its own, and limits that the load does not meet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.api import Api
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
    """A started micronova with a fresh state, which goes away afterwards; its log stays when something failed."""
    folder = state_dir(f"bench-{name}-{os.getpid()}")
    settings = folder.with_suffix(".conf")
    settings.write_text(_SETTINGS)
    serving = Serving(folder, hosts=hosts, database=database, arguments=["--config-file", str(settings)])
    try:
        serving.start()
        yield serving
        _delete_networks(serving)
        serving.stop()
    except BaseException:
        print(serving.log_end())
        serving.kill()
        raise
    finally:
        settings.unlink()
        shutil.rmtree(folder, ignore_errors=True)
    serving.log.unlink()


def _delete_networks(serving: Serving) -> None:
    """They would outlive micronova, for guests that do."""
    api = Api(serving.clouds_yaml)
    for network_id in api.network_ids():
        api.network("DELETE", f"/networks/{network_id}")
