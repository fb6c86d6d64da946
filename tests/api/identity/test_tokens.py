"""/v3/auth: every way to log in, every scope, and the documents as Keystone has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.identity.conftest import PASSWORDS, Cloud, by_password, to_project


def _times(document: dict[str, Any]) -> tuple[datetime, datetime]:
    form = "%Y-%m-%dT%H:%M:%S.%fZ"
    return datetime.strptime(document["issued_at"], form), datetime.strptime(document["expires_at"], form)


def test_project_scoped_document(cloud: Cloud) -> None:
    answer = cloud.login(by_password("demo", PASSWORDS["demo"], to_project("demo")))
    assert answer.headers["Vary"] == "X-Auth-Token"
    document = answer.json()["token"]
    assert set(document) == {
        *("methods", "user", "audit_ids", "expires_at", "issued_at", "project", "is_domain", "roles", "catalog"),
    }
    assert document["methods"] == ["password"]
    assert document["user"] == {
        "domain": {"id": "default", "name": "Default"},
        "id": cloud.first.user_ids["demo"],
        "name": "demo",
        "password_expires_at": None,
    }
    assert document["project"] == {
        "domain": {"id": "default", "name": "Default"},
        "id": cloud.first.project_ids["demo"],
        "name": "demo",
    }
    assert document["is_domain"] is False
    assert [role["name"] for role in document["roles"]] == ["member", "reader"]
    assert len(document["audit_ids"]) == 1
    issued, expires = _times(document)
    assert expires - issued == timedelta(hours=1)
    assert abs(issued - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=1)


def test_catalog_follows_the_url_of_the_request(cloud: Cloud) -> None:
    document = cloud.login(by_password("demo", PASSWORDS["demo"])).json()["token"]
    urls = {
        service["type"]: {(e["interface"], e["region"], e["url"]) for e in service["endpoints"]}
        for service in document["catalog"]
    }
    base = "http://cloud.test:8774"
    paths = {
        "identity": "/identity",
        "compute": "/compute/v2.1",
        "image": "/image",
        "placement": "/placement",
        "network": "/network",
    }
    assert urls == {
        kind: {(interface, "RegionOne", base + path) for interface in ("public", "internal", "admin")}
        for kind, path in paths.items()
    }
    names = {service["type"]: service["name"] for service in document["catalog"]}
    assert names["compute"] == "nova"
    elsewhere = cloud.http.get(
        "/identity/v3/auth/catalog", headers={"X-Auth-Token": cloud.token(), "Host": "other.test"}
    ).json()
    assert elsewhere["catalog"][0]["endpoints"][0]["url"].startswith("http://other.test/")
    assert elsewhere["links"]["self"] == "http://other.test/identity/v3/auth/catalog"


def test_nocatalog(cloud: Cloud) -> None:
    assert "catalog" not in cloud.login(by_password("demo", PASSWORDS["demo"]), nocatalog="").json()["token"]


@pytest.mark.parametrize(
    "scope",
    [
        {"project": {"name": "demo", "domain": {"id": "default"}}},
        {"project": {"name": "demo", "domain": {"name": "Default"}}},
        {"project": {"id": "DEMO"}},
    ],
)
def test_scopes_by_id_and_by_name(cloud: Cloud, scope: Any) -> None:
    if scope["project"].get("id") == "DEMO":
        scope = {"project": {"id": cloud.first.project_ids["demo"]}}
    document = cloud.login(by_password("demo", PASSWORDS["demo"], scope)).json()["token"]
    assert document["project"]["name"] == "demo"


def test_users_by_id_and_by_domain_name(cloud: Cloud) -> None:
    for user in (
        {"id": cloud.first.user_ids["demo"], "password": PASSWORDS["demo"]},
        {"name": "demo", "domain": {"name": "Default"}, "password": PASSWORDS["demo"]},
    ):
        cloud.login({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}})


def test_unscoped(cloud: Cloud) -> None:
    scopes: list[object] = ["unscoped", {"unscoped": {}}]
    for scope in scopes:
        document = cloud.login(by_password("demo", PASSWORDS["demo"], scope)).json()["token"]
        assert set(document) == {"methods", "user", "audit_ids", "expires_at", "issued_at"}


def test_default_project_that_does_not_work_gives_an_unscoped_token(cloud: Cloud) -> None:
    cloud.admin.make_user("lost", default_project_id=cloud.first.project_ids["admin"])
    assert "project" not in cloud.login(by_password("lost", "lost-password")).json()["token"]


def test_system_scope(cloud: Cloud) -> None:
    document = cloud.login(by_password("admin", PASSWORDS["admin"], {"system": {"all": True}})).json()["token"]
    assert document["system"] == {"all": True}
    assert [role["name"] for role in document["roles"]] == ["admin", "manager", "member", "reader"]
    cloud.login(by_password("demo", PASSWORDS["demo"], {"system": {"all": True}}), 401)


def test_domain_scope(cloud: Cloud) -> None:
    admin = cloud.admin
    user = admin.make_user("manager")
    cloud.login(by_password("manager", "manager-password", {"domain": {"id": "default"}}), 401)
    admin.put(f"/domains/default/users/{user['id']}/roles/{cloud.role_id('manager')}")
    for domain in ({"id": "default"}, {"name": "Default"}):
        document = cloud.login(by_password("manager", "manager-password", {"domain": domain})).json()["token"]
        assert document["domain"] == {"id": "default", "name": "Default"}
        assert "project" not in document


def test_scope_without_role_and_unknown_scope_are_one_answer(cloud: Cloud) -> None:
    answers = [
        cloud.login(by_password("demo", PASSWORDS["demo"], scope), 401).json()
        for scope in (
            to_project("admin"),
            to_project("nowhere"),
            {"project": {"id": "f" * 32}},
            {"domain": {"id": "x"}},
        )
    ]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["error"] == {
        "code": 401,
        "message": "The request you have made requires authentication.",
        "title": "Unauthorized",
    }


def test_rescoping(cloud: Cloud) -> None:
    unscoped = cloud.login(by_password("demo", PASSWORDS["demo"], "unscoped"))
    first = unscoped.json()["token"]
    identity = {"methods": ["token"], "token": {"id": unscoped.headers["X-Subject-Token"]}}
    second = cloud.login({"auth": {"identity": identity, "scope": to_project("demo")}}).json()["token"]
    assert second["methods"] == ["password", "token"]
    assert second["expires_at"] == first["expires_at"]
    assert second["audit_ids"][1:] == first["audit_ids"]
    assert second["project"]["name"] == "demo"
    cloud.login({"auth": {"identity": {"methods": ["token"], "token": {"id": "nonsense"}}}}, 401)


def test_validate_check_and_revoke(cloud: Cloud) -> None:
    admin, token = cloud.admin, cloud.token()
    answer = admin.call("GET", "/auth/tokens", 200, **{"X-Subject-Token": token})
    assert answer.headers["X-Subject-Token"] == token
    assert answer.json()["token"]["user"]["name"] == "demo"
    assert "catalog" in answer.json()["token"]
    head = admin.call("HEAD", "/auth/tokens", 200, **{"X-Subject-Token": token})
    assert head.content == b""
    # Oneself, too.
    cloud.user(token).call("GET", "/auth/tokens?nocatalog", 200, **{"X-Subject-Token": token})
    assert cloud.user(token).call("DELETE", "/auth/tokens", 204, **{"X-Subject-Token": token}).content == b""
    admin.call("GET", "/auth/tokens", 404, **{"X-Subject-Token": token})
    admin.call("HEAD", "/auth/tokens", 404, **{"X-Subject-Token": token})
    cloud.user(token).get("/auth/projects", 401)


def test_only_the_holder_and_readers_of_the_system_validate(cloud: Cloud) -> None:
    cloud.demo.call("GET", "/auth/tokens", 403, **{"X-Subject-Token": cloud.token("admin")})
    cloud.demo.call("DELETE", "/auth/tokens", 403, **{"X-Subject-Token": cloud.token("admin")})
    cloud.admin.call("GET", "/auth/tokens", 404, **{"X-Subject-Token": "nonsense"})
    cloud.admin.get("/auth/tokens", 404)


def test_what_one_may_scope_to(cloud: Cloud) -> None:
    unscoped = cloud.user(cloud.token("demo", "unscoped"))
    assert [one["name"] for one in unscoped.get("/auth/projects")["projects"]] == ["demo"]
    assert unscoped.get("/auth/domains")["domains"] == []
    assert unscoped.get("/auth/system")["system"] == []
    assert cloud.admin.get("/auth/system")["system"] == [{"all": True}]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"auth": {}}, 400),
        ({"auth": {"identity": {}}}, 400),
        ({"auth": {"identity": {"methods": []}}}, 400),
        ({"auth": {"identity": {"methods": "password"}}}, 400),
        ({"auth": {"identity": {"methods": ["password"]}}}, 400),
        ({"auth": {"identity": {"methods": ["password"], "password": {}}}}, 400),
        ({"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "demo"}}}}}, 400),
        ({"auth": {"identity": {"methods": ["password"], "password": {"user": {"id": 3, "password": "x"}}}}}, 400),
        ({"auth": {"identity": {"methods": ["password", "totp"], "password": {"user": {}}}}}, 400),
        ({"auth": {"identity": {"methods": ["telepathy"]}}}, 401),
        ({"auth": {"identity": {"methods": ["application_credential"], "application_credential": {}}}}, 400),
        ([], 400),
    ],
)
def test_malformed_logins(cloud: Cloud, body: object, status: int) -> None:
    answer = cloud.http.post("/identity/v3/auth/tokens", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == status


@pytest.mark.parametrize(
    "scope", [3, [], "everything", {}, {"project": {}}, {"system": {"all": False}}, {"project": 1}]
)
def test_malformed_scopes(cloud: Cloud, scope: object) -> None:
    cloud.login(by_password("demo", PASSWORDS["demo"], scope), 400)


def test_versions(cloud: Cloud) -> None:
    answer = cloud.http.get("/identity")
    assert answer.status_code == 300
    values = answer.json()["versions"]["values"]
    assert [(one["id"], one["status"]) for one in values] == [("v3.14", "stable")]
    assert values[0]["links"] == [{"rel": "self", "href": "http://cloud.test:8774/identity/v3/"}]
    for path in ("/identity/v3", "/identity/v3/"):
        answer = cloud.http.get(path)
        assert answer.status_code == 200
        assert answer.json()["version"] == values[0]
