"""T-STO9 and the third generic test: the real process dies at every step, and nothing is stuck or left behind.

All points are ``slow``; CI runs a core of them.  ``make kill9`` runs all of them on real guests, into docs/kill9.md.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from micronova.compute.api import ComputeSettings
from micronova.compute.operations.create_server import create_server
from micronova.compute.operations.delete_server import delete_server
from micronova.db.database import Database
from micronova.host.known import KnownHosts
from micronova.operations import Operation
from tests.system.kill9 import CrashingServing, Point, points, run_round
from workshop.serving import state_dir

NOWHERE = cast(Database, None)  # only the plans are read here
CREATE: Operation[Any] = create_server(NOWHERE, KnownHosts([]), ComputeSettings())
DELETE: Operation[Any] = delete_server(NOWHERE, KnownHosts([]))
POINTS = [*points(CREATE, undo=True), *points(DELETE, undo=False)]
# What CI tries each time: on simulated hosts after the effect of every step, on real guests the costliest steps.
SIMULATED_CORE = {point for point in POINTS if point.phase == "do" and point.moment == "after"}
REAL_CORE = {
    Point("create_server", "disks", "do", "after"),
    Point("create_server", "start_guest", "do", "after"),
    Point("create_server", "nics", "undo", "after"),
    Point("delete_server", "remove_disks", "do", "before"),
}


@pytest.fixture(scope="module")
def small_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest, empty qcow2 image: simulated guests need no more."""
    path = tmp_path_factory.mktemp("kill9") / "empty.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "16M"], check=True)
    return path


def chosen(core: set[Point]) -> list[Any]:
    """All points; those of ``core`` are marked for CI."""
    return [pytest.param(point, marks=[pytest.mark.core] if point in core else []) for point in POINTS]


@pytest.mark.slow
@pytest.mark.parametrize("point", chosen(SIMULATED_CORE), ids=str)
def test_kill9_on_simulated_hosts(point: Point, tmp_path: Path, small_image: Path) -> None:
    serving = CrashingServing(tmp_path / "state", hosts=2)
    try:
        run_round(serving, point, small_image)
    finally:
        serving.kill()


@pytest.fixture
def real_serving() -> Iterator[CrashingServing]:
    """On this machine's libvirt, with a state of its own that QEMU can reach."""
    folder = state_dir(f"kill9-{os.getpid()}")
    shutil.rmtree(folder, ignore_errors=True)
    serving = CrashingServing(folder)
    yield serving
    serving.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.system
@pytest.mark.slow
@pytest.mark.parametrize("point", chosen(REAL_CORE), ids=str)
def test_kill9_on_real_guests(point: Point, real_serving: CrashingServing, guest_image: Path) -> None:
    result = run_round(real_serving, point, guest_image)
    table = os.environ.get("KILL9_TABLE")
    if table:
        with Path(table).open("a") as out:
            out.write(result.row() + "\n")
