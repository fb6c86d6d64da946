"""The real clients against a listening service: `openstack image ...`, and a client that goes away."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.api.image.conftest import Cloud, create
from tests.api.image.test_data import status_of

OPENSTACK = Path(sys.executable).with_name("openstack")


def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.01)


@pytest.fixture
def listening(cloud: Cloud) -> Iterator[tuple[str, int]]:
    """Host and port where the service listens, under uvicorn."""
    config = uvicorn.Config(cloud.application, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[:2]
    server.should_exit = True
    thread.join()


@pytest.fixture
def openstack(listening: tuple[str, int], tmp_path: Path) -> Callable[..., Any]:
    """``openstack("image", "list")``: the command's JSON; ``token=`` for another caller."""

    def run(*args: str | Path, token: str = "member@one", fails: bool = False) -> Any:
        auth = ["--os-auth-type", "admin_token", "--os-token", token, "--os-endpoint"]
        url = "http://{}:{}/image/v2".format(*listening)
        shows = [] if args[1] in ("save", "delete", "set", "unset", "add", "remove") else ["-f", "json"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        done = subprocess.run(
            [OPENSTACK, *auth, url, *args, *shows], capture_output=True, text=True, env=environment, timeout=120
        )
        if fails:
            assert done.returncode != 0
            return done.stderr
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if shows else None

    return run


@pytest.mark.slow
@pytest.mark.core
def test_openstack_image_commands(cloud: Cloud, openstack: Callable[..., Any], tmp_path: Path, qcow2: bytes) -> None:
    file = tmp_path / "disk.qcow2"
    file.write_bytes(qcow2)
    made = openstack(
        "image", "create", "guest", "--disk-format", "qcow2", "--container-format", "bare", "--file", file,
        "--property", "os_distro=debian", "--tag", "small", "--min-disk", "1",
    )  # fmt: skip
    assert made["status"] == "active" and made["properties"]["os_distro"] == "debian"
    assert made["tags"] == ["small"] and made["min_disk"] == 1

    assert [image["Name"] for image in openstack("image", "list")] == ["guest"]
    shown = openstack("image", "show", "guest")
    assert shown["size"] == len(qcow2) and shown["virtual_size"] == 16 * 1024 * 1024
    assert shown["properties"]["os_hash_value"] == hashlib.sha512(qcow2).hexdigest()

    openstack("image", "set", "guest", "--name", "renamed", "--property", "hw_disk_bus=virtio", "--tag", "more")
    openstack("image", "unset", "renamed", "--tag", "small", "--property", "os_distro")
    shown = openstack("image", "show", "renamed")
    assert shown["tags"] == ["more"] and shown["properties"]["hw_disk_bus"] == "virtio"
    assert "os_distro" not in shown["properties"]

    saved = tmp_path / "saved"
    openstack("image", "save", "renamed", "--file", saved)
    assert saved.read_bytes() == qcow2

    # "openstack image add project" asks the identity service first, which is not part of this test.
    with cloud.client("member@one") as client:
        client.post(f"v2/images/{made['id']}/members", json={"member": "two"})
    assert [m["Status"] for m in openstack("image", "member", "list", "renamed")] == ["pending"]
    openstack("image", "set", "renamed", "--deactivate")
    assert openstack("image", "show", "renamed")["status"] == "deactivated"

    lie = openstack(
        "image", "create", "lie", "--disk-format", "raw", "--container-format", "bare", "--file", file, fails=True
    )
    assert "its content is qcow2" in lie
    assert "No Image found for absent" in openstack("image", "show", "absent", fails=True)
    openstack("image", "delete", "renamed")
    assert cloud.stored() == []


def test_T_IMG17_a_client_that_goes_away_frees_the_space(cloud: Cloud, listening: tuple[str, int]) -> None:
    with cloud.client("member@one") as client:
        image_id = create(client)["id"]
    for _ in range(5):
        with socket.create_connection(listening) as connection:
            head = (
                f"PUT /image/v2/images/{image_id}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: member@one\r\n"
                "Content-Type: application/octet-stream\r\nContent-Length: 100000000\r\n\r\n"
            )
            connection.sendall(head.encode() + b"x" * 3_000_000)
            until(lambda: status_of(cloud, image_id) == "saving" and cloud.stored() != [])
        until(lambda: status_of(cloud, image_id) == "queued")
        assert cloud.stored() == []


def test_slow_uploads_do_not_hold_up_the_service(cloud: Cloud, listening: tuple[str, int]) -> None:
    """More unfinished uploads than there are threads for handlers; a list is answered at once."""
    with cloud.client("member@one") as client:
        ids = [create(client)["id"] for _ in range(40)]
        connections = []
        for image_id in ids:
            connection = socket.create_connection(listening)
            connection.sendall(
                f"PUT /image/v2/images/{image_id}/file HTTP/1.1\r\nHost: x\r\nX-Auth-Token: member@one\r\n"
                "Content-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\nx".encode()
            )
            connections.append(connection)
        until(lambda: all(status_of(cloud, image_id) == "saving" for image_id in ids))
        with socket.create_connection(listening, timeout=10) as connection:
            connection.sendall(b"GET /image/v2/images?limit=1 HTTP/1.1\r\nHost: x\r\nX-Auth-Token: member@one\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        for connection in connections:
            connection.close()
        until(lambda: all(status_of(cloud, image_id) == "queued" for image_id in ids))
        assert cloud.stored() == []
