"""The network service in process, on either database, with callers made by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from micronova.db.database import Database
from micronova.model.caller import Caller
from micronova.model.errors import Unauthenticated
from micronova.model.ids import DomainId, NetworkId, ProjectId, UserId
from micronova.network.api import Networking
from micronova.network.bootstrap import bootstrap
from micronova.network.policies import RULES
from micronova.network.routes import service
from micronova.web.application import Application
from micronova.web.policy import Policy

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


@pytest.fixture
def application(database: Database) -> Application:
    """The service on a fresh database."""
    api = Networking(database=database, policy=Policy(RULES), reserved_cidrs=["192.168.1.0/24"])
    return Application([service(api)], Tokens(), max_body=1 << 20)


@pytest.fixture
def client(application: Application) -> Callable[[str | None], TestClient]:
    """``client("member@p1")``: a client below /network/v2.0 with that token."""

    def make(token: str | None) -> TestClient:
        headers = {"X-Auth-Token": token} if token else {}
        return TestClient(application, base_url="http://cloud/network", headers=headers)

    return make


@pytest.fixture
def private(database: Database) -> NetworkId:
    """The built-in shared network of project ``adm``."""
    with database.write() as conn:
        return bootstrap(conn, project_id="adm")
