"""T-STO9 and the issue's third generic test: the real process dies at every step, and nothing is stuck or left behind.

On simulated hosts every point is tried each time; on real libvirt guests all of them are ``slow`` and CI runs a core.
``make kill9`` runs all of them on real guests and writes docs/kill9.md.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from micronova.compute.operations import create_server, delete_server
from micronova.operations import Operation
from tests.system.auditing import audit_of
from tests.system.kill9 import Cloud, CrashingServing, Point, points
from workshop.serving import state_dir

RESULTS: list[tuple[Point, str, str, float]] = []


def plan_of(module: Any) -> Operation[Any]:
    """The operation's steps, without any parts behind them."""
    operation: Operation[Any] = module.plan()
    return operation


CREATE = list(points(plan_of(create_server), undo=True))
DELETE = list(points(plan_of(delete_server), undo=False))
CORE = {"ensure_disks", "start_domain", "remove_domain"}


def rounds(serving: CrashingServing, point: Point, image: Path) -> str:
    """One round; what became of the server before it was deleted."""
    began = time.monotonic()
    serving.arm(None if point.operation == "delete_server" else point)
    serving.start()
    cloud = Cloud(serving)
    image_id = cloud.upload(image)
    if point.operation == "delete_server":
        server_id = cloud.create(image_id)
        assert cloud.settle(server_id) == "ACTIVE"
        serving.stop()
        serving.arm(point)
        serving.start()
        cloud = Cloud(serving)
        cloud.delete(server_id)
    else:
        server_id = cloud.create(image_id)
    serving.wait_for_death(60)
    serving.arm(None)
    serving.start()
    cloud = Cloud(serving)
    became = cloud.settle(server_id)
    assert became == {"create_server": "ACTIVE", "delete_server": "DELETED"}[point.operation] or (
        point.phase == "undo" and became == "ERROR"
    )
    assert audit_of(serving) == []
    if became != "DELETED":
        cloud.delete(server_id)
        assert cloud.settle(server_id) == "DELETED"
        assert audit_of(serving) == []
    serving.stop()
    RESULTS.append((point, became, "nothing", time.monotonic() - began))
    return became
