"""The image service in process, on either database, with callers made by name."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from micronova.db.database import Database
from micronova.image.api import Images
from micronova.image.policies import RULES
from micronova.image.routes import service
from micronova.image.settings import ImageSettings
from micronova.image.store import ImageStore
from micronova.model.caller import Caller
from micronova.model.errors import Unauthenticated
from micronova.model.ids import DomainId, ProjectId, UserId
from micronova.web.application import Application
from micronova.web.policy import Policy

V21 = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
BYTES = {"Content-Type": "application/octet-stream"}
_IMPLIED = {"admin": {"admin", "member", "reader"}, "member": {"member", "reader"}, "reader": {"reader"}}


class Tokens:
    """A token is ``role@project``: the verifier for tests."""

    def verify(self, token: str) -> Caller:
        role, at, project = token.partition("@")
        if not at:
            raise Unauthenticated("The request you have made requires authentication.")
        return Caller(
            user_id=UserId(f"{role}-of-{project}"),
            user_name=role,
            user_domain_id=DomainId("default"),
            project_id=ProjectId(project),
            roles=frozenset(_IMPLIED.get(role, set())),
        )


class Cloud:
    """The service, its parts, and clients for it."""

    def __init__(self, api: Images) -> None:
        self.api = api
        self.application = Application([service(api)], Tokens(), max_body=1 << 20)

    def client(self, token: str | None) -> TestClient:
        """A client with this token, below /image."""
        headers = {"X-Auth-Token": token} if token else {}
        return TestClient(self.application, base_url="http://cloud/image", headers=headers)

    def stored(self) -> list[str]:
        """Names of all files in the store."""
        return sorted(path.name for path in self.api.store._root.iterdir())


@pytest.fixture
def make_cloud(database: Database, tmp_path: Path) -> Callable[..., Cloud]:
    """``make_cloud(user_storage_quota=...)``: the service with other settings."""

    def make(**settings: Any) -> Cloud:
        api = Images(
            database=database,
            policy=Policy(RULES),
            store=ImageStore(tmp_path / "images"),
            node="node-1",
            settings=replace(ImageSettings(), **settings),
        )
        return Cloud(api)

    return make


@pytest.fixture
def cloud(make_cloud: Callable[..., Cloud]) -> Cloud:
    """The service with default settings."""
    return make_cloud()


@pytest.fixture
def member(cloud: Cloud) -> Iterator[TestClient]:
    """A member of project one."""
    with cloud.client("member@one") as client:
        yield client


@pytest.fixture
def other(cloud: Cloud) -> Iterator[TestClient]:
    """A member of project two."""
    with cloud.client("member@two") as client:
        yield client


@pytest.fixture
def admin(cloud: Cloud) -> Iterator[TestClient]:
    """An admin, of project ops."""
    with cloud.client("admin@ops") as client:
        yield client


def create(client: TestClient, **body: Any) -> dict[str, Any]:
    """A new raw image; its document."""
    answer = client.post("v2/images", json={"disk_format": "raw", "container_format": "bare", **body})
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def upload(client: TestClient, image_id: str, content: bytes) -> None:
    """Put the image's bytes."""
    answer = client.put(f"v2/images/{image_id}/file", content=content, headers=BYTES)
    assert answer.status_code == 204, answer.text


def active(client: TestClient, content: bytes = b"x" * 1000, **body: Any) -> dict[str, Any]:
    """A new image with bytes; its document."""
    image = create(client, **body)
    upload(client, image["id"], content)
    document: dict[str, Any] = client.get(f"v2/images/{image['id']}").json()
    assert document["status"] == "active"
    return document


def patch(client: TestClient, image_id: str, *changes: dict[str, Any]) -> Any:
    """The answer to a PATCH."""
    return client.patch(f"v2/images/{image_id}", json=list(changes), headers=V21)


@pytest.fixture(scope="session")
def qcow2(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real qcow2 of 16 MiB virtual size."""
    path = tmp_path_factory.mktemp("qcow2") / "image"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "16M"], check=True)
    return path.read_bytes()
