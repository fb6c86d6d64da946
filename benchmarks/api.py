"""A small client: one kept-alive connection, one token, JSON both ways; too cheap to be measured with the server."""

from __future__ import annotations

import http.client
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openstack.config

ACTIVE_TIMEOUT_S = 300.0
# Servers close connections that nobody used for a few seconds.
IDLE_LIMIT_S = 2.0


class Refused(Exception):
    """The server answered with an error; the message has the status and the body."""


class Api:
    """A user of one micronova.  Not thread safe: a client thread has its own."""

    def __init__(self, clouds_yaml: Path, cloud: str = "micronova-admin") -> None:
        config = openstack.config.OpenStackConfig(
            config_files=[str(clouds_yaml)], secure_files=[], vendor_files=[], load_envvars=False
        )
        self._auth: dict[str, str] = config.get_one(cloud=cloud).config["auth"]
        address = urlsplit(self._auth["auth_url"])
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        self._headers = {"Content-Type": "application/json", "OpenStack-API-Version": "compute 2.96"}
        self._paths: dict[str, str] = {}
        self._used_at = time.monotonic()
        self.log_in()

    def log_in(self) -> None:
        """Get a token by password, as every client does first."""
        user = {
            "name": self._auth["username"],
            "password": self._auth["password"],
            "domain": {"name": self._auth.get("user_domain_name", "Default")},
        }
        project = {
            "name": self._auth["project_name"],
            "domain": {"name": self._auth.get("project_domain_name", "Default")},
        }
        identity = {"methods": ["password"], "password": {"user": user}}
        path = urlsplit(self._auth["auth_url"]).path.rstrip("/") + "/auth/tokens"
        answer, body = self._exchange("POST", path, {"auth": {"identity": identity, "scope": {"project": project}}})
        self._headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        for service in body["token"]["catalog"]:
            (public,) = [endpoint for endpoint in service["endpoints"] if endpoint["interface"] == "public"]
            self._paths[service["type"]] = urlsplit(public["url"]).path.rstrip("/")

    def compute(self, method: str, path: str, body: object = None) -> Any:
        """A call of the compute API; the decoded answer."""
        return self._exchange(method, self._paths["compute"] + path, body)[1]

    def network(self, method: str, path: str) -> Any:
        """A call of the network API; the decoded answer."""
        prefix = self._paths["network"]
        return self._exchange(method, prefix + ("" if prefix.endswith("/v2.0") else "/v2.0") + path, None)[1]

    def network_ids(self) -> list[str]:
        """The ids of all networks: after the first start, of the built-in one."""
        return [network["id"] for network in self.network("GET", "/networks")["networks"]]

    def upload(self, name: str, file: Path) -> str:
        """An active image of a qcow2 file; its id."""
        path = self._paths["image"]
        path += "" if path.endswith("/v2") else "/v2"
        wanted = {"name": name, "disk_format": "qcow2", "container_format": "bare"}
        image_id = str(self._exchange("POST", path + "/images", wanted)[1]["id"])
        with file.open("rb") as data:
            length = {"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)}
            self._connection.request("PUT", f"{path}/images/{image_id}/file", data, self._headers | length)
        self._answer("PUT", path)
        return image_id

    def flavor(self, name: str, memory_mib: int, disk_gib: int) -> str:
        """A flavor of one CPU; its id."""
        wanted = {"name": name, "vcpus": 1, "ram": memory_mib, "disk": disk_gib}
        return str(self.compute("POST", "/flavors", {"flavor": wanted})["flavor"]["id"])

    def create(self, name: str, image: str, flavor: str, networks: object, count: int = 1) -> str:
        """Ask for servers; the id of the first."""
        wanted = {"name": name, "imageRef": image, "flavorRef": flavor, "networks": networks}
        wanted |= {"min_count": count, "max_count": count}
        return str(self.compute("POST", "/servers", {"server": wanted})["server"]["id"])

    def wait_active(self, server_id: str) -> None:
        """Until the server is ACTIVE.  Raises Refused when it ends in ERROR."""
        self._until(lambda: self._state(server_id) == "ACTIVE", 0.01)

    def wait_all_built(self, interval_s: float = 0.1) -> None:
        """Until no server is in BUILD; raises Refused if any is in ERROR."""
        self._until(lambda: not self.compute("GET", "/servers?status=BUILD&limit=1")["servers"], interval_s)
        failed = self.compute("GET", "/servers/detail?status=ERROR&limit=3")["servers"]
        if failed:
            raise Refused(f"{len(failed)} or more servers in ERROR: {failed[0].get('fault')}")

    def delete_all(self) -> None:
        """Delete every server and wait till they are gone."""
        while servers := self.compute("GET", "/servers?limit=1000")["servers"]:
            for server in servers:
                self.delete(server["id"])
            self._until(lambda: not self.compute("GET", "/servers?limit=1")["servers"], 0.1)

    def delete(self, server_id: str) -> None:
        """Ask for the deletion of a server."""
        self.compute("DELETE", f"/servers/{server_id}")

    def wait_gone(self, server_id: str) -> None:
        """Until the server is not there any more."""

        def gone() -> bool:
            try:
                self._state(server_id)
            except Refused as err:
                return str(err).startswith("404")
            return False

        self._until(gone, 0.02)

    def _state(self, server_id: str) -> str:
        server = self.compute("GET", f"/servers/{server_id}")["server"]
        if server["status"] == "ERROR":
            raise Refused(f"server {server_id} is in ERROR: {server.get('fault')}")
        return str(server["status"])

    def _until(self, condition: Callable[[], bool], interval_s: float) -> None:
        deadline = time.monotonic() + ACTIVE_TIMEOUT_S
        while not condition():
            if time.monotonic() > deadline:
                raise Refused(f"not reached within {ACTIVE_TIMEOUT_S:.0f} s")
            time.sleep(interval_s)

    def _exchange(self, method: str, path: str, body: object) -> tuple[http.client.HTTPResponse, Any]:
        if time.monotonic() - self._used_at > IDLE_LIMIT_S:
            self._connection.close()  # and so made anew; the server may have closed it
        self._used_at = time.monotonic()
        encoded = None if body is None else json.dumps(body)
        self._connection.request(method, path, encoded, self._headers)
        return self._answer(method, path)

    def _answer(self, method: str, path: str) -> tuple[http.client.HTTPResponse, Any]:
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise Refused(f"{answer.status} {method} {path}: {content[:500].decode(errors='replace')}")
        return answer, json.loads(content) if content else None


def percentile(samples: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(samples)
    return ordered[math.ceil(len(ordered) * percent / 100) - 1]


def timed(work: Callable[[], object]) -> float:
    """Seconds that a call took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
