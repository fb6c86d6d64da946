"""One round of ``kill -9``: serve, begin an operation, die at the named point, start again, look what became of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
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

    def wait_for_death(self, timeout_s: float) -> None:
        """Block until the process has killed itself."""
        assert self.process is not None
        assert self.process.wait(timeout_s) == -9, self.log_end()
        self.process = None


class Cloud:
    """The few calls that a round needs, as the demo user."""

    def __init__(self, serving: Serving) -> None:
        cloud = yaml.safe_load(serving.clouds_yaml.read_text())["clouds"]["micronova"]["auth"]
        self._http = httpx.Client(base_url=serving.url, timeout=30)
        scope = {"project": {"name": cloud["project_name"], "domain": {"name": cloud["project_domain_name"]}}}
        user = {
            "name": cloud["username"],
            "password": cloud["password"],
            "domain": {"name": cloud["user_domain_name"]},
        }
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        answer = self._http.post("/identity/v3/auth/tokens", json=body)
        answer.raise_for_status()
        self._http.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        self._http.headers["OpenStack-API-Version"] = "compute 2.90"

    def upload(self, path: Path) -> str:
        """An active image of that file; its id."""
        image = self._http.post(
            "/image/v2/images", json={"name": path.name, "disk_format": "qcow2", "container_format": "bare"}
        ).raise_for_status()
        image_id = str(image.json()["id"])
        self._http.put(
            f"/image/v2/images/{image_id}/file",
            content=path.read_bytes(),
            headers={"Content-Type": "application/octet-stream"},
        ).raise_for_status()
        return image_id

    def create(self, image_id: str) -> str:
        """Ask for a server; its id."""
        flavors = self._http.get("/compute/v2.1/flavors/detail").raise_for_status().json()["flavors"]
        flavor = min(flavors, key=lambda f: int(f["ram"]))
        body = {
            "name": "kill9",
            "imageRef": image_id,
            "flavorRef": flavor["id"],
            "networks": "auto",
            "config_drive": True,
        }
        answer = self._http.post("/compute/v2.1/servers", json={"server": body}).raise_for_status()
        return str(answer.json()["server"]["id"])

    def delete(self, server_id: str) -> None:
        """Ask for its end."""
        answer = self._http.delete(f"/compute/v2.1/servers/{server_id}")
        assert answer.status_code in (204, 404), answer.text

    def settle(self, server_id: str) -> str:
        """Wait until nothing is being done to the server: ACTIVE, ERROR, or DELETED."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            answer = self._http.get(f"/compute/v2.1/servers/{server_id}")
            if answer.status_code == 404:
                return "DELETED"
            server = answer.raise_for_status().json()["server"]
            if server["OS-EXT-STS:task_state"] is None and server["status"] in ("ACTIVE", "ERROR"):
                return str(server["status"])
            assert time.monotonic() < deadline, f"stuck: {server['status']} {server['OS-EXT-STS:task_state']}"
            time.sleep(0.05)

    def findings(self) -> Sequence[str]:
        """What the audit of the restarted micronova says."""
        health = self._http.get("/healthz").json()
        problems: list[str] = []
        for name, check in health["checks"].items():
            problems += [f"{name}: {text}" for text in check.get("problems", [])]
        return problems
