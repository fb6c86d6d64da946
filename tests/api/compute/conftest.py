"""The compute service in this process, with personas instead of an identity service, on either database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import msgspec
import pytest
from sqlalchemy.engine import Connection
from starlette.testclient import TestClient

from micronova.compute.api import Compute, ComputeSettings, ServerOperations
from micronova.compute.policies import RULES
from micronova.compute.routes import service
from micronova.db.database import Database
from micronova.model.caller import Caller
from micronova.model.errors import Unauthenticated
from micronova.model.ids import DomainId, ProjectId, UserId
from micronova.operations.definition import Failure, Operation, StepContext
from micronova.web.application import Application
from micronova.web.policy import Policy

OWN = "11111111111111111111111111111111"
FOREIGN = "22222222222222222222222222222222"
_PERSONAS = {
    "admin": (OWN, {"admin", "manager", "member", "reader"}),
    "member": (OWN, {"member", "reader"}),
    "reader": (OWN, {"reader"}),
    "foreigner": (FOREIGN, {"member", "reader"}),
    "outcast": (OWN, set()),
}


class Personas:
    """Tokens are names of personas."""

    def verify(self, token: str) -> Caller:
        if token not in _PERSONAS:
            raise Unauthenticated("The request you have made requires authentication.")
        project, roles = _PERSONAS[token]
        return Caller(
            user_id=UserId(f"user-{token}"),
            user_name=token,
            user_domain_id=DomainId("default"),
            project_id=ProjectId(project),
            roles=frozenset(roles),
        )


class Nothing(msgspec.Struct):
    """The state of an operation without steps."""


def _succeeded(conn: Connection, ctx: StepContext, state: Nothing) -> None:
    return None


def _failed(conn: Connection, ctx: StepContext, state: Nothing, failure: Failure) -> None:
    return None


def _operation(action: str) -> Operation[Any]:
    return Operation(
        kind=f"{action}_server", action=action, state=Nothing, steps=(), succeeded=_succeeded, failed=_failed
    )


class Cloud:
    """A client of the service: ``cloud.get("/flavors", as_="member", version="2.96")``."""

    def __init__(self, api: Compute) -> None:
        self.api = api
        self.database = api.database
        self._http = TestClient(Application([service(api)], Personas(), max_body=114688))

    def call(
        self, method: str, path: str, json: object = None, *, as_: str | None = "admin", version: str = "2.1"
    ) -> Any:
        headers = {"OpenStack-API-Version": f"compute {version}"}
        if as_ is not None:
            headers["X-Auth-Token"] = as_
        content = None if json is None else msgspec.json.encode(json)
        if content is not None:
            headers["Content-Type"] = "application/json"
        return self._http.request(method, f"/compute/v2.1{path}", content=content, headers=headers)

    def get(self, path: str, **who: Any) -> Any:
        return self.call("GET", path, **who)

    def post(self, path: str, json: object, **who: Any) -> Any:
        return self.call("POST", path, json, **who)

    def put(self, path: str, json: object, **who: Any) -> Any:
        return self.call("PUT", path, json, **who)

    def delete(self, path: str, **who: Any) -> Any:
        return self.call("DELETE", path, **who)

    def raw_query(self, path: str, *, version: str, **query: str) -> Any:
        """A GET as the admin, with query values that need quoting."""
        return self.get(f"{path}?{urlencode(query)}", version=version)

    def raw(self, method: str, url: str, headers: dict[str, str] | None = None, content: bytes | None = None) -> Any:
        """A request whose every part the test chooses."""
        return self._http.request(method, url, headers=headers, content=content)


def _compute(database: Database, policy: Policy) -> Compute:
    return Compute(
        database=database,
        policy=policy,
        engine=cast(Any, None),
        hosts=cast(Any, None),
        operations=ServerOperations(create=_operation("create"), delete=_operation("delete")),
        settings=ComputeSettings(max_limit=5),
    )


@pytest.fixture(scope="session")
def compute_policy() -> Policy:
    return Policy(RULES)


@pytest.fixture
def cloud(database: Database, compute_policy: Policy) -> Iterator[Cloud]:
    """The service on an empty database.  Engine and hosts are not there: nothing tested with it may need them."""
    yield Cloud(_compute(database, compute_policy))


@pytest.fixture(scope="module")
def unguarded(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, compute_policy: Policy
) -> Iterator[Cloud]:
    """One service for a whole module, for requests that must all be refused before they reach the database."""
    path = tmp_path_factory.mktemp("compute") / "micronova.sqlite"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield Cloud(_compute(database, compute_policy))
    database.close()


def message(answer: Any) -> str:
    """The text of Nova's error document, whatever its name."""
    [(_, fault)] = answer.json().items()
    assert fault["code"] == answer.status_code
    return str(fault["message"])
