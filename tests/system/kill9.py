"""One round of ``kill -9``: serve, begin an operation, die at the named point, start again, look what became of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import yaml

from micronova.operations import Operation
from workshop.serving import ROOT, Serving

# How long a server may take to settle after the restart.
SETTLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Point:
    """Where the process dies: around the effect of a step, or of its undo."""

    operation: str
    step: str
    phase: str
    moment: str

    def __str__(self) -> str:
        return f"{self.operation}:{self.step}:{self.phase}:{self.moment}"


def points(operation: Operation[Any], *, undo: bool) -> Iterator[Point]:
    """All points of an operation: before and after each step, and after each undo."""
    for step in operation.steps:
        yield Point(operation.kind, step.name, "do", "before")
        yield Point(operation.kind, step.name, "do", "after")
        if undo and step.undo is not None and step is not operation.steps[-1]:
            yield Point(operation.kind, step.name, "undo", "before")
            yield Point(operation.kind, step.name, "undo", "after")


class CrashingServing(Serving):
    """A serve that dies at a point."""

    def arm(self, point: Point | None) -> None:
        """From the next start on, die at ``point`` (None: never)."""
        plain = [str(ROOT / ".venv/bin/micronova"), *self._command[self._command.index("serve") :]]
        if point is None:
            self._command = plain
        else:
            module = [sys.executable, "-m", "tests.system.crashing_serve"]
            self._command = [*module, point.operation, point.step, point.phase, point.moment, *plain[1:]]

    def audit(self) -> list[str]:
        """What `micronova audit` says of the stopped serving."""
        command = [arg if arg != "serve" else "audit" for arg in self._command]
        at = command.index("--listen")
        done = subprocess.run([*command[:at], *command[at + 2 :], "--json"], stdout=subprocess.PIPE, check=False)
        return [f"{finding['kind']} {finding['owner']}" for finding in json.loads(done.stdout)]

    def wait_for_death(self, timeout_s: float) -> None:
        """Block until the process has killed itself."""
        assert self.process is not None
        assert self.process.wait(timeout_s) == -9, self.log_end()
        self.process = None


class Cloud:
    """The few calls that a round needs, as the demo user."""

    def __init__(self, serving: Serving) -> None:
        cloud = yaml.safe_load(serving.clouds_yaml.read_text())["clouds"]["micronova"]["auth"]
        self._url = serving.url
        self._headers: dict[str, str] = {}
        scope = {"project": {"name": cloud["project_name"], "domain": {"name": cloud["project_domain_name"]}}}
        user = {
            "name": cloud["username"],
            "password": cloud["password"],
            "domain": {"name": cloud["user_domain_name"]},
        }
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        answer = self._call("POST", "/identity/v3/auth/tokens", json=body)
        answer.raise_for_status()
        self._headers = {
            "X-Auth-Token": answer.headers["X-Subject-Token"],
            "OpenStack-API-Version": "compute 2.90",
        }

    def _call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = self._headers | more.pop("headers", {})
        return httpx.request(method, self._url + path, headers=headers, timeout=30, **more)

    def upload(self, path: Path) -> str:
        """An active image of that file; its id."""
        image = self._call(
            "POST", "/image/v2/images", json={"name": path.name, "disk_format": "qcow2", "container_format": "bare"}
        ).raise_for_status()
        image_id = str(image.json()["id"])
        self._call(
            "PUT",
            f"/image/v2/images/{image_id}/file",
            content=path.read_bytes(),
            headers={"Content-Type": "application/octet-stream"},
        ).raise_for_status()
        return image_id

    def create(self, image_id: str) -> str:
        """Ask for a server; its id."""
        flavors = self._call("GET", "/compute/v2.1/flavors/detail").raise_for_status().json()["flavors"]
        flavor = min(flavors, key=lambda f: int(f["ram"]))
        body = {
            "name": "kill9",
            "imageRef": image_id,
            "flavorRef": flavor["id"],
            "networks": "auto",
            "config_drive": True,
        }
        answer = self._call("POST", "/compute/v2.1/servers", json={"server": body}).raise_for_status()
        return str(answer.json()["server"]["id"])

    def delete(self, server_id: str) -> None:
        """Ask for its end."""
        answer = self._call("DELETE", f"/compute/v2.1/servers/{server_id}")
        assert answer.status_code in (204, 404), answer.text

    def settle(self, server_id: str) -> str:
        """Wait until nothing is being done to the server: ACTIVE, ERROR, or DELETED."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            answer = self._call("GET", f"/compute/v2.1/servers/{server_id}")
            if answer.status_code == 404:
                return "DELETED"
            server = answer.raise_for_status().json()["server"]
            if server["OS-EXT-STS:task_state"] is None and server["status"] in ("ACTIVE", "ERROR"):
                return str(server["status"])
            assert time.monotonic() < deadline, f"stuck: {server['status']} {server['OS-EXT-STS:task_state']}"
            time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round showed."""

    point: Point
    became: str
    settled_after_s: float

    def row(self) -> str:
        """A row of docs/kill9.md."""
        p = self.point
        return (
            f"| {p.operation} | {p.step} | {p.phase} | {p.moment} | {self.became} | {self.settled_after_s:.1f} | none |"
        )


def run_round(serving: CrashingServing, point: Point, image: Path) -> Outcome:
    """One round, with its assertions; the serving is stopped and its house is clean at the end."""
    creating = point.operation == "create_server"
    serving.arm(point if creating else None)
    serving.start()
    cloud = Cloud(serving)
    server_id = cloud.create(cloud.upload(image))
    if not creating:
        assert cloud.settle(server_id) == "ACTIVE"
        serving.stop()
        serving.arm(point)
        serving.start()
        cloud = Cloud(serving)
        cloud.delete(server_id)
    serving.wait_for_death(60)

    serving.arm(None)
    began = time.monotonic()
    serving.start()
    cloud = Cloud(serving)
    became = cloud.settle(server_id)
    settled = time.monotonic() - began
    expected = "DELETED" if not creating else "ERROR" if point.phase == "undo" else "ACTIVE"
    assert became == expected, serving.log_end()
    if became == "ERROR":
        serving.stop()
        assert serving.audit() == [], "what failed was not undone"
        serving.start()
        cloud = Cloud(serving)
    if became != "DELETED":
        cloud.delete(server_id)
        assert cloud.settle(server_id) == "DELETED"
    serving.stop()
    assert serving.audit() == []
    return Outcome(point, became, settled)
