"""Application credentials, access rules, and /v3/credentials."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from micronova.db.tables import identity as t
from tests.api.identity.conftest import Client, Cloud, by_password, to_project

Json = dict[str, Any]


def _make(cloud: Cloud, client: Client, **fields: object) -> Json:
    path = f"/users/{cloud.first.user_ids['demo']}/application_credentials"
    made: Json = client.post(path, {"application_credential": fields})["application_credential"]
    return made


def _body(made: Json, **extra: object) -> Json:
    used = {"id": made["id"], "secret": made["secret"]}
    identity = {"methods": ["application_credential"], "application_credential": used}
    return {"auth": {"identity": identity, **extra}}


def _log_in(cloud: Cloud, made: Json) -> Client:
    return cloud.user(cloud.login(_body(made)).headers["X-Subject-Token"])


def test_create_and_log_in(cloud: Cloud) -> None:
    demo = cloud.demo
    made = _make(cloud, demo, name="ci", description="d")
    assert len(made["secret"]) >= 64
    path = f"/users/{cloud.first.user_ids['demo']}/application_credentials/{made['id']}"
    shown = demo.get(path)["application_credential"]
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert [role["name"] for role in shown["roles"]] in (["member", "reader"], ["reader", "member"])
    assert shown["project_id"] == cloud.first.project_ids["demo"]
    assert (shown["unrestricted"], shown["expires_at"]) == (False, None)
    document = cloud.login(_body(made)).json()["token"]
    assert document["methods"] == ["application_credential"]
    assert document["project"]["name"] == "demo"
    assert document["application_credential"] == {"id": made["id"], "name": "ci", "restricted": True}
    by_name = {"name": "ci", "user": {"name": "demo", "domain": {"id": "default"}}, "secret": made["secret"]}
    cloud.login({"auth": {"identity": {"methods": ["application_credential"], "application_credential": by_name}}})
    assert [one["id"] for one in demo.get(path.rpartition("/")[0])["application_credentials"]] == [made["id"]]
    demo.delete(path)
    demo.get(path, 404)
    cloud.login(_body(made), 401)


def test_wrong_secret_scope_and_owner(cloud: Cloud) -> None:
    made = _make(cloud, cloud.demo, name="ci", secret="s3cret")
    assert made["secret"] == "s3cret"
    cloud.login(_body({**made, "secret": "wrong"}), 401)
    cloud.login(_body({**made, "id": "unknown"}), 401)
    cloud.login(_body(made, scope=to_project("demo")), 401)
    admin_path = f"/users/{cloud.first.user_ids['admin']}/application_credentials"
    cloud.demo.get(admin_path, 403)
    cloud.demo.post(admin_path, {"application_credential": {"name": "x"}}, 403)
    # Not even an admin makes one for somebody else; and the path's user must be the owner (T-ID2).
    demo_path = f"/users/{cloud.first.user_ids['demo']}/application_credentials"
    cloud.admin.post(demo_path, {"application_credential": {"name": "x"}}, 403)
    own = _make_admin(cloud)
    cloud.demo.get(f"{demo_path}/{own['id']}", 404)
    cloud.demo.delete(f"{demo_path}/{own['id']}", 404)
    cloud.demo.get(f"{admin_path}/{own['id']}", 403)


def _make_admin(cloud: Cloud) -> Json:
    path = f"/users/{cloud.first.user_ids['admin']}/application_credentials"
    made: Json = cloud.admin.post(path, {"application_credential": {"name": "a"}})["application_credential"]
    return made


def test_roles_are_at_most_the_callers(cloud: Cloud) -> None:
    path = f"/users/{cloud.first.user_ids['demo']}/application_credentials"
    made = _make(cloud, cloud.demo, name="ro", roles=[{"name": "reader"}])
    assert [role["name"] for role in cloud.login(_body(made)).json()["token"]["roles"]] == ["reader"]
    for role in ({"name": "admin"}, {"id": cloud.role_id("admin")}, {"id": "nothing"}):
        cloud.demo.post(path, {"application_credential": {"name": "x", "roles": [role]}}, 400)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ""},
        {"name": "x", "expires_at": "tomorrow"},
        {"name": "x", "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "secret": 3},
        {"name": "x", "unrestricted": "yes"},
        {"name": "x", "roles": "reader"},
        {"name": "x", "access_rules": [{"service": "compute"}]},
        {"name": "x", "access_rules": [{"service": "compute", "method": "BREW", "path": "/x"}]},
        {"name": "x", "access_rules": [{"service": "compute", "method": "GET", "path": "x"}]},
    ],
)
def test_refused(cloud: Cloud, fields: Json) -> None:
    path = f"/users/{cloud.first.user_ids['demo']}/application_credentials"
    cloud.demo.post(path, {"application_credential": fields}, 400)
    assert cloud.demo.get(path)["application_credentials"] == []


def test_names_and_projects(cloud: Cloud) -> None:
    path = f"/users/{cloud.first.user_ids['demo']}/application_credentials"
    _make(cloud, cloud.demo, name="ci")
    cloud.demo.post(path, {"application_credential": {"name": "ci"}}, 409)
    cloud.user(cloud.token("demo", "unscoped")).post(path, {"application_credential": {"name": "x"}}, 403)


def test_expiry(cloud: Cloud) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    made = _make(cloud, cloud.demo, name="ci", expires_at=soon.isoformat())
    document = cloud.login(_body(made)).json()["token"]
    assert document["expires_at"] == soon.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with cloud.api.database.write() as conn:
        past = datetime(2020, 1, 1)
        conn.execute(sa.update(t.application_credentials).values(expires_at=past))
    cloud.login(_body(made), 401)


def test_dies_with_the_role(cloud: Cloud) -> None:
    made = _make(cloud, cloud.demo, name="ci")
    client = _log_in(cloud, made)
    client.get("/auth/projects")
    grant = "/projects/{}/users/{}/roles/{}".format(
        cloud.first.project_ids["demo"], cloud.first.user_ids["demo"], cloud.role_id("member")
    )
    cloud.admin.delete(grant)
    client.get("/auth/projects", 401)
    cloud.login(_body(made), 401)
    cloud.admin.put(grant)
    cloud.login(_body(made), 401)


def test_access_rules(cloud: Cloud) -> None:
    rule = {"service": "compute", "method": "GET", "path": "/v2.1/servers"}
    made = _make(cloud, cloud.demo, name="ci", access_rules=[rule])
    rules = f"/users/{cloud.first.user_ids['demo']}/access_rules"
    [listed] = cloud.demo.get(rules)["access_rules"]
    assert made["access_rules"] == [{"id": listed["id"], **rule}]
    shown = cloud.login(_body(made)).json()["token"]["application_credential"]
    assert shown["access_rules"] == made["access_rules"]
    again = _make(cloud, cloud.demo, name="cd", access_rules=[rule])
    assert again["access_rules"] == made["access_rules"]
    assert (
        _make(cloud, cloud.demo, name="by-id", access_rules=[{"id": listed["id"]}])["access_rules"][0]["id"]
        == (listed["id"])
    )
    cloud.demo.delete(f"{rules}/{listed['id']}", 409)
    for name in ("ci", "cd", "by-id"):
        path = f"/users/{cloud.first.user_ids['demo']}/application_credentials"
        [found] = cloud.demo.get(f"{path}?name={name}")["application_credentials"]
        cloud.demo.delete(f"{path}/{found['id']}")
    cloud.demo.delete(f"{rules}/{listed['id']}")
    cloud.demo.get(f"{rules}/{listed['id']}", 404)


def test_access_rules_are_the_only_requests(cloud: Cloud) -> None:
    own = cloud.first.user_ids["demo"]
    rules = [
        {"service": "identity", "method": "GET", "path": "/v3/users/*"},
        {"service": "identity", "method": "GET", "path": "/v3/auth/**"},
        {"service": "compute", "method": "GET", "path": "/v3/regions"},
    ]
    client = _log_in(cloud, _make(cloud, cloud.demo, name="ci", access_rules=rules))
    client.get(f"/users/{own}")
    client.get("/auth/projects")
    client.get(f"/users/{own}/projects", 401)
    client.get("/regions", 401)
    client.delete(f"/users/{own}", 401)
    nothing = _log_in(cloud, _make(cloud, cloud.demo, name="none", access_rules=[]))
    nothing.get("/auth/projects", 401)


def test_t_id2_delegated_tokens_make_no_credentials(cloud: Cloud) -> None:
    own = cloud.first.user_ids["demo"]
    credential = {"credential": {"type": "cert", "blob": "x", "user_id": own}}
    path = f"/users/{own}/application_credentials"
    restricted = _log_in(cloud, _make(cloud, cloud.demo, name="r"))
    free = _log_in(cloud, _make(cloud, cloud.demo, name="f", unrestricted=True))
    rule = {"service": "compute", "method": "GET", "path": "/v2.1/servers"}
    made = _make(cloud, cloud.demo, name="b", unrestricted=True, access_rules=[rule])
    bound = cloud.user(cloud.login(_body(made)).headers["X-Subject-Token"])
    for client in (restricted, bound):
        for method, where, body in (
            ("POST", path, {"application_credential": {"name": "x"}}),
            ("DELETE", f"{path}/{made['id']}", None),
            ("POST", "/credentials", credential),
        ):
            status = client.cloud.http.request(
                method, f"/identity/v3{where}", json=body, headers={"X-Auth-Token": client.token}
            ).status_code
            assert status in (401, 403)
    free.post("/credentials", credential)
    free.post(path, {"application_credential": {"name": "x"}})
    # Nor do they become another token.
    for client in (restricted, free):
        identity = {"methods": ["token"], "token": {"id": client.token}}
        cloud.login({"auth": {"identity": identity, "scope": "unscoped"}}, 403)


def test_credentials(cloud: Cloud) -> None:
    own, project = cloud.first.user_ids["demo"], cloud.first.project_ids["demo"]
    demo, admin = cloud.demo, cloud.admin
    blob = json.dumps({"access": "a", "secret": "very-secret"})
    made = demo.post(
        "/credentials", {"credential": {"type": "ec2", "blob": blob, "user_id": own, "project_id": project}}
    )["credential"]
    assert len(made["id"]) == 64
    assert made["blob"] == blob
    with cloud.api.database.read() as conn:
        stored = conn.scalar(sa.select(t.credentials.c.encrypted_blob))
    assert stored is not None
    assert "very-secret" not in stored
    theirs = admin.post(
        "/credentials", {"credential": {"type": "cert", "blob": "b", "user_id": cloud.first.user_ids["admin"]}}
    )
    assert [one["id"] for one in demo.get("/credentials")["credentials"]] == [made["id"]]
    assert len(admin.get("/credentials")["credentials"]) == 2
    assert len(admin.get("/credentials?type=cert")["credentials"]) == 1
    other = f"/credentials/{theirs['credential']['id']}"
    demo.get(other, 403)
    demo.delete(other, 403)
    demo.post("/credentials", {"credential": {"type": "x", "blob": "b", "user_id": cloud.first.user_ids["admin"]}}, 403)
    demo.patch(f"/credentials/{made['id']}", {"credential": {"user_id": cloud.first.user_ids["admin"]}}, 400)
    assert demo.patch(f"/credentials/{made['id']}", {"credential": {"blob": "new"}})["credential"]["blob"] == "new"
    demo.post("/credentials", {"credential": {"type": "ec2", "blob": "no", "user_id": own, "project_id": project}}, 400)
    demo.post("/credentials", {"credential": {"type": "ec2", "blob": blob, "user_id": own}}, 400)
    demo.post("/credentials", {"credential": {"type": "x", "user_id": own}}, 400)
    demo.delete(f"/credentials/{made['id']}")
    demo.get(f"/credentials/{made['id']}", 403)  # as for one that is not yours
    admin.get(f"/credentials/{made['id']}", 404)
    assert cloud.login(by_password("demo", "demo-password"))
