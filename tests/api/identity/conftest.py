"""An identity service in this process, on both databases, and clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from micronova.db.database import Database
from micronova.identity import routes
from micronova.identity.api import Identity
from micronova.identity.bootstrap import BootstrapResult, bootstrap
from micronova.identity.keys import Keys
from micronova.identity.passwords import Passwords
from micronova.identity.policies import RULES
from micronova.web.application import Application
from micronova.web.policy import Policy

PASSWORDS = {"admin": "admin-password", "demo": "demo-password"}
Json = dict[str, Any]


@dataclass
class Cloud:
    """The service with its clients."""

    api: Identity
    http: TestClient
    first: BootstrapResult

    def login(self, body: Json, status: int = 201, **query: str) -> httpx.Response:
        """POST /v3/auth/tokens."""
        answer = self.http.post("/identity/v3/auth/tokens", json=body, params=query)
        assert answer.status_code == status, answer.text
        return answer

    def token(self, user: str = "demo", scope: object = None, password: str | None = None) -> str:
        """A token by password; ``scope`` None: the user's default project."""
        answer = self.login(by_password(user, password or PASSWORDS.get(user, f"{user}-password"), scope))
        return answer.headers["X-Subject-Token"]

    def user(self, token: str) -> Client:
        """A client with this token."""
        return Client(self, token)

    @property
    def admin(self) -> Client:
        """A client of the administrator."""
        return self.user(self.token("admin"))

    @property
    def demo(self) -> Client:
        """A client of the ordinary user."""
        return self.user(self.token("demo"))

    def role_id(self, name: str) -> str:
        """The id of a global role."""
        return str(self.admin.get(f"/roles?name={name}")["roles"][0]["id"])


@dataclass
class Client:
    """HTTP with a token; paths below /identity/v3; every answer's status is checked."""

    cloud: Cloud
    token: str

    def call(self, method: str, path: str, status: int, body: object = None, **headers: str) -> httpx.Response:
        """One request."""
        answer = self.cloud.http.request(
            method, f"/identity/v3{path}", json=body, headers={"X-Auth-Token": self.token, **headers}
        )
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        if status >= 400 and method != "HEAD":
            error = answer.json()["error"]
            assert error["code"] == status
            assert set(error) == {"code", "message", "title"}
        return answer

    def get(self, path: str, status: int = 200) -> Any:
        """GET."""
        return self.call("GET", path, status).json()

    def post(self, path: str, body: object, status: int = 201) -> Any:
        """POST."""
        answer = self.call("POST", path, status, body)
        return answer.json() if answer.content else None

    def patch(self, path: str, body: object, status: int = 200) -> Any:
        """PATCH."""
        return self.call("PATCH", path, status, body).json()

    def put(self, path: str, status: int = 204, body: object = None) -> httpx.Response:
        """PUT."""
        return self.call("PUT", path, status, body)

    def delete(self, path: str, status: int = 204) -> httpx.Response:
        """DELETE."""
        return self.call("DELETE", path, status)

    def make_user(self, name: str, **fields: object) -> Json:
        """A user whose password is NAME-password."""
        made: Json = self.post("/users", {"user": {"name": name, "password": f"{name}-password", **fields}})["user"]
        return made

    def make(self, noun: str, **fields: object) -> Json:
        """A project, group, role, domain, ..."""
        made: Json = self.post(f"/{noun}s", {noun: fields})[noun]
        return made


def by_password(user: str, password: str, scope: object = None, domain: str = "default") -> Json:
    """The body of a login."""
    identity = {
        "methods": ["password"],
        "password": {"user": {"name": user, "domain": {"id": domain}, "password": password}},
    }
    return {"auth": {"identity": identity}} if scope is None else {"auth": {"identity": identity, "scope": scope}}


def to_project(name: str, domain: str = "default") -> Json:
    """A scope by name."""
    return {"project": {"name": name, "domain": {"id": domain}}}


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The default policy."""
    return Policy(RULES)


@pytest.fixture(scope="session")
def quick() -> Passwords:
    """Hashes that cost nothing; real ones are measured elsewhere."""
    return Passwords(time_cost=1, memory_kib=8)


@pytest.fixture
def make_identity(database: Database, policy: Policy, quick: Passwords) -> Callable[[], Identity]:
    """More processes on the same database, with the same keys."""
    keys = Keys.generate()
    return lambda: Identity.assemble(database, policy, keys, passwords=quick)


@pytest.fixture
def cloud(database: Database, quick: Passwords, make_identity: Callable[[], Identity]) -> Iterator[Cloud]:
    """The service as the first start leaves it."""
    with database.write() as conn:
        first = bootstrap(conn, passwords=PASSWORDS, hasher=quick)
    api = make_identity()
    application = Application([routes.service(api)], api.tokens, max_body=1 << 20)
    with TestClient(application, base_url="http://cloud.test:8774") as http:
        yield Cloud(api, http, first)
