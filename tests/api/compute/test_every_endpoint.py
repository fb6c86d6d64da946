"""What holds for every URL of the compute service, enumerated from the table that the router reads."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from micronova.compute.api import Compute
from micronova.compute.handlers.actions import ACTIONS
from micronova.compute.routes_resources import ENDPOINTS as RESOURCES
from micronova.compute.routes_servers import ENDPOINTS as SERVERS
from micronova.compute.versions import MAXIMUM, MINIMUM
from micronova.model.ids import new_uuid
from micronova.web.endpoint import Endpoint
from tests.api.compute.conftest import FOREIGN, OWN, Cloud, message

ALL = [*RESOURCES, *SERVERS]
GUARDED = [endpoint for endpoint in ALL if endpoint.auth]
_PARAMETER = re.compile(r"\{[^}]+\}")


def name(endpoint: Endpoint[Compute]) -> str:
    return f"{endpoint.method} {endpoint.path} {endpoint.min_version or ''}"


def path_of(endpoint: Endpoint[Compute], project: str = "") -> str:
    path = _PARAMETER.sub(new_uuid(), endpoint.path)
    return path.replace("/v2.1", f"/v2.1/{project}", 1) if project else path


def headers_of(endpoint: Endpoint[Compute], token: str | None) -> dict[str, str]:
    version = endpoint.min_version or endpoint.max_version or MINIMUM
    headers = {"OpenStack-API-Version": f"compute {version}", "Content-Type": "application/json"}
    return headers if token is None else {**headers, "X-Auth-Token": token}


def test_only_version_documents_need_no_token() -> None:
    assert {endpoint.path for endpoint in ALL if not endpoint.auth} == {"/", "/v2.1"}


@pytest.mark.parametrize("endpoint", GUARDED, ids=name)
@pytest.mark.parametrize("token", [None, "wrong"])
def test_t_api8_no_handler_runs_without_a_token(unguarded: Cloud, endpoint: Endpoint[Compute], token: str) -> None:
    """T-API8, T-ID1: identity comes from the token only."""
    forged = {"X-User-Id": "admin", "X-Roles": "admin", "X-Project-Id": OWN, "X-Identity-Status": "Confirmed"}
    answer = unguarded.raw(
        endpoint.method, f"/compute{path_of(endpoint)}", {**headers_of(endpoint, token), **forged}, b"{}"
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")


@pytest.mark.parametrize("endpoint", GUARDED, ids=name)
def test_t_api1_a_foreign_project_in_the_path_is_refused(unguarded: Cloud, endpoint: Endpoint[Compute]) -> None:
    """T-API1 (OSSA-2012-001): the project of the URL must be the token's, for the admin too."""
    for token in ("member", "admin"):
        url = f"/compute{path_of(endpoint, FOREIGN)}"
        answer = unguarded.raw(endpoint.method, url, headers_of(endpoint, token), b"{}")
        assert answer.status_code in (400, 403, 404)
        assert "doesn't match Context's project_id" in message(answer)


@pytest.mark.parametrize("endpoint", GUARDED, ids=name)
def test_t_api8_every_handler_asks_the_policy_or_hides_what_it_has(
    unguarded: Cloud, endpoint: Endpoint[Compute]
) -> None:
    """T-API8: a caller without any role changes nothing and sees nothing but what everybody may see."""
    answer = unguarded.raw(endpoint.method, f"/compute{path_of(endpoint)}", headers_of(endpoint, "outcast"), b"{}")
    assert answer.status_code < 500, answer.text
    if answer.status_code < 300:
        assert (endpoint.method, endpoint.path) in _FOR_EVERYBODY


# Flavors are public by nature; keypairs are the caller's own.
_FOR_EVERYBODY = {
    ("GET", "/v2.1/flavors"),
    ("GET", "/v2.1/flavors/detail"),
    ("GET", "/v2.1/limits"),
    ("GET", "/v2.1/os-quota-sets/{project_id}/defaults"),
    ("GET", "/v2.1/os-keypairs"),
    ("GET", "/v2.1/os-availability-zone"),
    ("GET", "/v2.1/extensions"),
}


@pytest.mark.parametrize(
    "handler", [*(endpoint.handler for endpoint in GUARDED), *(action.handler for action in ACTIONS)]
)
def test_t_api8_every_handler_reaches_the_policy(handler: Callable[..., Any]) -> None:
    """T-API8: no handler can answer without having asked; read from its code and from what it calls."""
    todo, seen = [handler], set()
    while todo:
        function = todo.pop()
        seen.add(function)
        source = inspect.getsource(function)
        if "policy.authorize(" in source or "policy.allows(" in source:
            return
        todo += [called for called in _handlers_named_in(source, function.__globals__) if called not in seen]
    pytest.fail(f"{handler.__module__}.{handler.__name__} never asks the policy")


def _handlers_named_in(source: str, names: dict[str, Any]) -> list[Callable[..., Any]]:
    """Functions of the handlers' package that the source names, directly or as ``module.function``."""
    found: list[Callable[..., Any]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            value = names.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            value = getattr(names.get(node.value.id), node.attr, None)
        else:
            continue
        if inspect.isfunction(value) and value.__module__.startswith("micronova.compute.handlers"):
            found.append(value)
    return found


@pytest.mark.parametrize("endpoint", [e for e in GUARDED if e.body is not None], ids=name)
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"text"', b'{"unknown": 1}', b"\xff\xfe", b"[" * 5000, b'{"a":' * 5000]
)
def test_t_api2_bodies_of_the_wrong_form_are_a_400(unguarded: Cloud, endpoint: Endpoint[Compute], body: bytes) -> None:
    """T-API2: whatever comes in, the answer is Nova's 400 and short."""
    answer = unguarded.raw(endpoint.method, f"/compute{path_of(endpoint)}", headers_of(endpoint, "admin"), body)
    assert answer.status_code == 400, answer.text
    assert "badRequest" in answer.json()
    assert len(answer.content) < 3000


@pytest.mark.parametrize("endpoint", [e for e in GUARDED if e.body is not None], ids=name)
def test_t_api2_bodies_and_fields_have_a_size(unguarded: Cloud, endpoint: Endpoint[Compute]) -> None:
    """T-API2 (OSSA-2012-003): megabytes are not read, and other content types neither."""
    url, headers = f"/compute{path_of(endpoint)}", headers_of(endpoint, "admin")
    large = unguarded.raw(endpoint.method, url, headers, b'{"name": "' + b"x" * 200_000 + b'"}')
    assert large.status_code == 413
    assert "overLimit" in large.json()
    xml = unguarded.raw(endpoint.method, url, {**headers, "Content-Type": "application/xml"}, b"<flavor/>")
    assert xml.status_code == 415
    assert "badMediaType" in xml.json()


@pytest.mark.parametrize("endpoint", ALL, ids=name)
def test_schemas_are_declared_for_versions_that_exist(endpoint: Endpoint[Compute]) -> None:
    for versioned in (endpoint.body, endpoint.query):
        if versioned is None:
            continue
        since = [version for version, _ in versioned.entries]
        assert since == sorted(set(since))
        assert all(version <= MAXIMUM for version in since)


def test_no_two_endpoints_answer_the_same_version() -> None:
    seen: dict[tuple[str, str], list[Endpoint[Compute]]] = {}
    for endpoint in ALL:
        seen.setdefault((endpoint.method, _PARAMETER.sub("{}", endpoint.path)), []).append(endpoint)
    for group in seen.values():
        for minor in range(MINIMUM.minor, MAXIMUM.minor + 1):
            version = MINIMUM._replace(minor=minor)
            assert sum(endpoint.serves(version) for endpoint in group) <= 1, group
