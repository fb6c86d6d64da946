"""/v3/roles, implied roles, grants of every kind, and /v3/role_assignments."""

from __future__ import annotations

import pytest

from tests.api.identity.conftest import Cloud, by_password


def _roles_on(cloud: Cloud, user: str, project_id: str) -> list[str]:
    answer = cloud.http.post(
        "/identity/v3/auth/tokens", json=by_password(user, f"{user}-password", {"project": {"id": project_id}})
    )
    return [role["name"] for role in answer.json()["token"]["roles"]] if answer.status_code == 201 else []


def test_roles(cloud: Cloud) -> None:
    admin = cloud.admin
    made = admin.make("role", name="auditor", description="d")
    assert made == {
        "id": made["id"],
        "name": "auditor",
        "domain_id": None,
        "description": "d",
        "options": {},
        "links": {"self": f"http://cloud.test:8774/identity/v3/roles/{made['id']}"},
    }
    admin.post("/roles", {"role": {"name": "auditor"}}, 409)
    admin.post("/roles", {"role": {}}, 400)
    path = f"/roles/{made['id']}"
    assert admin.patch(path, {"role": {"name": "looker"}})["role"]["name"] == "looker"
    assert {one["name"] for one in admin.get("/roles")["roles"]} == {
        *("admin", "manager", "member", "reader", "service", "looker")
    }
    admin.delete(path)
    admin.get(path, 404)
    # The ones of the first start are immutable.
    admin.delete(f"/roles/{cloud.role_id('reader')}", 403)
    cloud.demo.get("/roles", 403)


def test_roles_of_a_domain(cloud: Cloud) -> None:
    admin = cloud.admin
    made = admin.make("role", name="local", domain_id="default")
    assert [one["id"] for one in admin.get("/roles?domain_id=default")["roles"]] == [made["id"]]
    assert "local" not in {one["name"] for one in admin.get("/roles")["roles"]}
    admin.put(f"/roles/{made['id']}/implies/{cloud.role_id('member')}", 201)
    admin.put(f"/roles/{cloud.role_id('member')}/implies/{made['id']}", 400)
    user, project = admin.make_user("ann"), admin.make("project", name="p")
    admin.put(f"/projects/{project['id']}/users/{user['id']}/roles/{made['id']}")
    assert _roles_on(cloud, "ann", project["id"]) == ["member", "reader"]


def test_implied_roles(cloud: Cloud) -> None:
    admin = cloud.admin
    ids = {name: cloud.role_id(name) for name in ("admin", "manager", "member", "reader", "service")}
    rules = {
        one["prior_role"]["name"]: [role["name"] for role in one["implies"]]
        for one in admin.get("/role_inferences")["role_inferences"]
    }
    assert rules == {"admin": ["manager"], "manager": ["member"], "member": ["reader"]}
    path = f"/roles/{ids['service']}/implies/{ids['reader']}"
    admin.call("HEAD", path, 404)
    made = admin.put(path, 201).json()
    assert made["role_inference"]["implies"]["name"] == "reader"
    admin.call("HEAD", path, 204)
    assert admin.get(path) == made
    assert [one["name"] for one in admin.get(f"/roles/{ids['service']}/implies")["role_inference"]["implies"]] == [
        "reader"
    ]
    admin.put(f"/roles/{ids['reader']}/implies/{ids['admin']}", 400)
    admin.delete(path)
    admin.delete(path, 404)


@pytest.mark.parametrize("target", ["projects", "domains", "system"])
@pytest.mark.parametrize("actor", ["users", "groups"])
def test_grants(cloud: Cloud, target: str, actor: str) -> None:
    admin = cloud.admin
    user, group = admin.make_user("ann"), admin.make("group", name="g")
    admin.put(f"/groups/{group['id']}/users/{user['id']}")
    project = admin.make("project", name="p")
    actor_id = user["id"] if actor == "users" else group["id"]
    base = {"projects": f"/projects/{project['id']}", "domains": "/domains/default", "system": "/system"}[target]
    listing = f"{base}/{actor}/{actor_id}/roles"
    one = f"{listing}/{cloud.role_id('member')}"
    assert admin.get(listing)["roles"] == []
    admin.call("HEAD", one, 404)
    assert admin.put(one).content == b""
    admin.put(one)
    admin.call("HEAD", one, 204)
    admin.call("GET", one, 204)
    assert [role["name"] for role in admin.get(listing)["roles"]] == ["member"]
    scopes: dict[str, object] = {
        "projects": {"project": {"id": project["id"]}},
        "domains": {"domain": {"id": "default"}},
        "system": {"system": {"all": True}},
    }
    scope = scopes[target]
    token = cloud.token("ann", scope)
    cloud.user(token).get(f"/users/{user['id']}")
    admin.delete(one)
    admin.delete(one, 404)
    cloud.user(token).get(f"/users/{user['id']}", 401)
    cloud.login(by_password("ann", "ann-password", scope), 401)
    for wrong in (f"{listing}/nothing", f"{base}/{actor}/nobody/roles/{cloud.role_id('member')}"):
        admin.put(wrong, 404)
    cloud.demo.put(one, 403)
    cloud.demo.get(listing, 403)


def test_inherited_grants(cloud: Cloud) -> None:
    admin = cloud.admin
    user = admin.make_user("ann")
    top = admin.make("project", name="top")
    below = admin.make("project", name="below", parent_id=top["id"])
    member, reader = cloud.role_id("member"), cloud.role_id("reader")
    on_project = f"/OS-INHERIT/projects/{top['id']}/users/{user['id']}/roles/{member}/inherited_to_projects"
    admin.put(on_project)
    admin.call("HEAD", on_project, 204)
    assert _roles_on(cloud, "ann", top["id"]) == []
    assert _roles_on(cloud, "ann", below["id"]) == ["member", "reader"]
    on_domain = f"/OS-INHERIT/domains/default/users/{user['id']}/roles/{reader}/inherited_to_projects"
    admin.put(on_domain)
    assert _roles_on(cloud, "ann", top["id"]) == ["reader"]
    own = cloud.user(cloud.token("ann", "unscoped"))
    assert {one["name"] for one in own.get("/auth/projects")["projects"]} == {
        *("admin", "demo", "service", "top", "below")
    }
    listing = f"/OS-INHERIT/domains/default/users/{user['id']}/roles/inherited_to_projects"
    assert [role["name"] for role in admin.get(listing)["roles"]] == ["reader"]
    found = admin.get("/role_assignments?scope.OS-INHERIT:inherited_to=projects")["role_assignments"]
    assert {one["links"]["assignment"].partition("/v3")[2] for one in found} == {on_project, on_domain}
    assert all(one["scope"]["OS-INHERIT:inherited_to"] == "projects" for one in found)
    admin.delete(on_domain)
    assert _roles_on(cloud, "ann", top["id"]) == []


def test_role_assignments(cloud: Cloud) -> None:
    admin = cloud.admin
    user, group, project = admin.make_user("ann"), admin.make("group", name="g"), admin.make("project", name="p")
    admin.put(f"/groups/{group['id']}/users/{user['id']}")
    member = cloud.role_id("member")
    granted = f"/projects/{project['id']}/groups/{group['id']}/roles/{member}"
    admin.put(granted)
    base = "http://cloud.test:8774/identity/v3"
    assert admin.get(f"/role_assignments?group.id={group['id']}")["role_assignments"] == [
        {
            "role": {"id": member},
            "group": {"id": group["id"]},
            "scope": {"project": {"id": project["id"]}},
            "links": {"assignment": base + granted},
        }
    ]
    named = admin.get(f"/role_assignments?scope.project.id={project['id']}&include_names=True")["role_assignments"][0]
    domain = {"id": "default", "name": "Default"}
    assert named["group"] == {"id": group["id"], "name": "g", "domain": domain}
    assert named["scope"] == {"project": {"id": project["id"], "name": "p", "domain": domain}}
    assert named["role"] == {"id": member, "name": "member"}
    effective = admin.get(f"/role_assignments?user.id={user['id']}&effective&include_names")["role_assignments"]
    assert {(one["role"]["name"], one["user"]["name"]) for one in effective} == {("member", "ann"), ("reader", "ann")}
    reader = next(one for one in effective if one["role"]["name"] == "reader")
    assert reader["links"] == {
        "assignment": base + granted,
        "membership": f"{base}/groups/{group['id']}/users/{user['id']}",
        "prior_role": f"{base}/prior_role/{member}/implies/{cloud.role_id('reader')}",
    }
    system = admin.get("/role_assignments?scope.system=all")["role_assignments"]
    assert [one["scope"] for one in system] == [{"system": {"all": True}}]
    assert len(admin.get(f"/role_assignments?role.id={member}")["role_assignments"]) == 2
    below = admin.make("project", name="below", parent_id=project["id"])
    admin.put(f"/projects/{below['id']}/users/{user['id']}/roles/{member}")
    tree = admin.get(f"/role_assignments?scope.project.id={project['id']}&include_subtree=true")["role_assignments"]
    assert len(tree) == 2


@pytest.mark.parametrize(
    "query",
    [
        "user.id=a&group.id=b",
        "scope.project.id=a&scope.domain.id=b",
        "scope.system=all&scope.domain.id=b",
        "effective&group.id=b",
        "include_subtree=true",
        "scope.OS-INHERIT:inherited_to=domains",
    ],
)
def test_contradicting_filters(cloud: Cloud, query: str) -> None:
    cloud.admin.get(f"/role_assignments?{query}", 400)
    cloud.demo.get("/role_assignments", 403)


def test_domain_managers_stay_in_their_domain(cloud: Cloud) -> None:
    admin = cloud.admin
    acme = admin.make("domain", name="acme")["id"]
    boss = admin.make_user("boss", domain_id=acme)
    roles = {name: cloud.role_id(name) for name in ("admin", "manager", "member")}
    admin.put(f"/domains/{acme}/users/{boss['id']}/roles/{roles['manager']}")
    scope = {"domain": {"id": acme}}
    login = cloud.login(by_password("boss", "boss-password", scope, acme))
    manager = cloud.user(login.headers["X-Subject-Token"])
    user = manager.make_user("worker")
    assert user["domain_id"] == acme
    project = manager.make("project", name="p")
    assert project["domain_id"] == acme
    group = manager.make("group", name="g")
    manager.put(f"/groups/{group['id']}/users/{user['id']}")
    manager.put(f"/projects/{project['id']}/users/{user['id']}/roles/{roles['member']}")
    manager.put(f"/projects/{project['id']}/users/{user['id']}/roles/{roles['admin']}", 403)
    demo, demo_project = cloud.first.user_ids["demo"], cloud.first.project_ids["demo"]
    manager.put(f"/projects/{demo_project}/users/{user['id']}/roles/{roles['member']}", 403)
    manager.put(f"/projects/{project['id']}/users/{demo}/roles/{roles['member']}", 403)
    manager.put(f"/system/users/{user['id']}/roles/{roles['member']}", 403)
    manager.get(f"/users/{demo}", 403)
    manager.patch(f"/users/{demo}", {"user": {"password": "stolen"}}, 403)
    manager.post("/users", {"user": {"name": "x", "domain_id": "default"}}, 403)
    assert {one["name"] for one in manager.get("/users")["users"]} == {"boss", "worker"}
    assert {one["name"] for one in manager.get("/users?domain_id=default")["users"]} == set()
    assert [one["id"] for one in manager.get("/domains")["domains"]] == [acme]
    assert {
        one["scope"][next(iter(one["scope"]))]["id"] for one in manager.get("/role_assignments")["role_assignments"]
    }
    # A role of another domain with a harmless name that implies admin.
    trap = admin.make("role", name="member", domain_id="default")["id"]
    admin.put(f"/roles/{trap}/implies/{roles['admin']}", 201)
    manager.put(f"/projects/{project['id']}/users/{boss['id']}/roles/{trap}", 403)
