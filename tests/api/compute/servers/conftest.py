"""The compute service in process, over simulated hosts; callers are told by their token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from micronova.compute.api import Compute
from micronova.compute.routes import service
from micronova.db.database import Database
from micronova.model.caller import Caller
from micronova.model.errors import Unauthenticated
from micronova.model.ids import OperationId
from micronova.operations import Engine
from micronova.operations.history import operations_of
from micronova.web.application import Application
from tests.operations.servers_world import ServersWorld


class Tokens:
    """A token is the name of a caller."""

    def __init__(self, callers: dict[str, Caller]) -> None:
        self._callers = callers

    def verify(self, token: str) -> Caller:
        """The caller of that name."""
        if token not in self._callers:
            raise Unauthenticated("unknown token")
        return self._callers[token]


class Api:
    """A client with the words of the Compute API.  ``who``: member, stranger or admin."""

    def __init__(self, world: ServersWorld, engine: Engine, mounted: Compute, client: TestClient) -> None:
        self.world = world
        self.engine = engine
        self.mounted = mounted
        self._client = client

    def call(
        self, method: str, path: str, json: Any = None, *, who: str = "member", at: str = "2.104", **more: Any
    ) -> Any:
        """One request below /compute/v2.1."""
        headers = {"X-Auth-Token": who, "OpenStack-API-Version": f"compute {at}"}
        return self._client.request(method, "/compute/v2.1" + path, json=json, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        """A document that must be there."""
        answer = self.call("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, json: Any = None, **more: Any) -> tuple[int, str]:
        """Status and message of a refusal in Nova's form."""
        answer = self.call(method, path, json, **more)
        assert answer.status_code >= 400, answer.text
        (fault,) = answer.json().values()
        assert fault["code"] == answer.status_code
        return answer.status_code, fault["message"]

    def body(self, **changes: Any) -> dict[str, Any]:
        """A create body that works at 2.37 and later."""
        server: dict[str, Any] = {
            "name": "web",
            "imageRef": self.world.image_id,
            "flavorRef": "m1.tiny",
            "networks": "auto",
        }
        server |= changes
        return {"server": {name: value for name, value in server.items() if value is not ...}}

    def create(self, *, who: str = "member", at: str = "2.104", **changes: Any) -> str:
        """Create a server; its id."""
        answer = self.call("POST", "/servers", self.body(**changes), who=who, at=at)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["server"]["id"])

    def build(self, **changes: Any) -> str:
        """Create a server and wait until it is built; its id."""
        server_id = self.create(**changes)
        self.wait(server_id)
        return server_id

    def wait(self, server_id: str) -> None:
        """Until nothing is under way on the server."""
        with self.world.database.read() as c:
            found = operations_of(c, server_id)
        for record in found:
            self.engine.wait(OperationId(record.id), 30)


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    world = ServersWorld(database, tmp_path)
    engine = world.engine()
    mounted = world.compute(engine)
    reader = replace(world.member, roles=frozenset({"reader"}))
    tokens = Tokens({"member": world.member, "stranger": world.stranger, "admin": world.admin, "reader": reader})
    application = Application([service(mounted)], tokens, max_body=1024 * 1024)
    engine.start()
    with TestClient(application, base_url="http://cloud.example") as client:
        yield Api(world, engine, mounted, client)
    assert engine.stop(20)
    world.close()
