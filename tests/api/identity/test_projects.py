"""/v3/projects and /v3/domains."""

from __future__ import annotations

import pytest

from tests.api.identity.conftest import Cloud, by_password


def test_create_show_list_update_delete(cloud: Cloud) -> None:
    admin = cloud.admin
    made = admin.make("project", name="acme", description="d", tags=["b", "a"], cost_centre=7)
    assert made == {
        "id": made["id"],
        "name": "acme",
        "domain_id": "default",
        "parent_id": "default",
        "description": "d",
        "enabled": True,
        "is_domain": False,
        "tags": ["a", "b"],
        "options": {},
        "cost_centre": 7,
        "links": {"self": f"http://cloud.test:8774/identity/v3/projects/{made['id']}"},
    }
    admin.post("/projects", {"project": {"name": "acme"}}, 409)
    path = f"/projects/{made['id']}"
    assert admin.patch(path, {"project": {"name": "acme2"}})["project"]["name"] == "acme2"
    admin.patch(path, {"project": {"domain_id": "other"}}, 400)
    admin.patch(path, {"project": {"parent_id": made["id"]}}, 403)
    assert [one["name"] for one in admin.get("/projects?name__startswith=acme")["projects"]] == ["acme2"]
    assert {one["name"] for one in admin.get("/projects?domain_id=default")["projects"]} == {
        *("admin", "demo", "service", "acme2")
    }
    assert [one["id"] for one in admin.get("/projects?is_domain=true")["projects"]] == ["default"]
    admin.delete(path)
    admin.get(path, 404)


@pytest.mark.parametrize(
    "project",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 256},
        {"name": "x", "enabled": 1},
        {"name": "x", "tags": ["a,b"]},
        {"name": "x", "tags": ["a", "a"]},
        {"name": "x", "is_domain": True},
        {"name": "x", "options": {"immutable": "yes"}},
    ],
)
def test_refused_projects(cloud: Cloud, project: dict[str, object]) -> None:
    cloud.admin.post("/projects", {"project": project}, 400)


def test_unknown_parent_and_domain(cloud: Cloud) -> None:
    cloud.admin.post("/projects", {"project": {"name": "x", "domain_id": "nowhere"}}, 404)
    cloud.admin.post("/projects", {"project": {"name": "x", "parent_id": "nowhere"}}, 404)


def test_tree(cloud: Cloud) -> None:
    admin = cloud.admin
    ids = ["default"]
    for level in range(4):
        ids.append(admin.make("project", name=f"level{level}", parent_id=ids[-1])["id"])
    admin.post("/projects", {"project": {"name": "deeper", "parent_id": ids[-1]}}, 403)
    assert admin.get(f"/projects/{ids[2]}?parents_as_ids")["project"]["parents"] == {ids[1]: {"default": None}}
    assert admin.get(f"/projects/{ids[2]}?subtree_as_ids")["project"]["subtree"] == {ids[3]: {ids[4]: None}}
    # As lists, only what the caller has a role on.
    assert admin.get(f"/projects/{ids[2]}?subtree_as_list")["project"]["subtree"] == []
    role = cloud.role_id("reader")
    admin.put(f"/projects/{ids[4]}/users/{cloud.first.user_ids['admin']}/roles/{role}")
    below = cloud.admin.get(f"/projects/{ids[2]}?subtree_as_list")["project"]["subtree"]
    assert [one["project"]["id"] for one in below] == [ids[4]]
    admin.get(f"/projects/{ids[2]}?subtree_as_list&subtree_as_ids", 400)
    admin.delete(f"/projects/{ids[3]}", 403)
    admin.patch(f"/projects/{ids[3]}", {"project": {"enabled": False}}, 403)
    admin.patch(f"/projects/{ids[4]}", {"project": {"enabled": False}})
    admin.patch(f"/projects/{ids[3]}", {"project": {"enabled": False}})
    admin.patch(f"/projects/{ids[4]}", {"project": {"enabled": True}}, 403)
    assert [one["id"] for one in admin.get(f"/projects?parent_id={ids[1]}")["projects"]] == [ids[2]]


def test_tags(cloud: Cloud) -> None:
    admin = cloud.admin
    one, two = (admin.make("project", name=name)["id"] for name in ("one", "two"))
    assert admin.put(f"/projects/{one}/tags", 200, {"tags": ["red", "big"]}).json()["tags"] == ["big", "red"]
    answer = admin.put(f"/projects/{two}/tags/red", 201)
    assert answer.headers["Location"].endswith(f"/identity/v3/projects/{two}/tags/red")
    admin.call("GET", f"/projects/{two}/tags/red", 204)
    admin.call("GET", f"/projects/{two}/tags/blue", 404)
    admin.put(f"/projects/{two}/tags/a%2Cb", 400)
    assert admin.get(f"/projects/{one}/tags")["tags"] == ["big", "red"]

    def names(query: str) -> set[str]:
        return {project["name"] for project in admin.get(f"/projects?{query}")["projects"]}

    assert names("tags=red,big") == {"one"}
    assert names("tags-any=red,big") == {"one", "two"}
    assert names("not-tags=red,big") == {"two", "admin", "demo", "service"}
    assert names("not-tags-any=big") == {"two", "admin", "demo", "service"}
    admin.delete(f"/projects/{one}/tags/red")
    admin.delete(f"/projects/{one}/tags/red", 404)
    admin.delete(f"/projects/{one}/tags")
    assert admin.get(f"/projects/{one}")["project"]["tags"] == []
    admin.put(f"/projects/{one}/tags", 400, {"tags": [f"t{n}" for n in range(81)]})


def test_immutable(cloud: Cloud) -> None:
    admin = cloud.admin
    path = f"/projects/{admin.make('project', name='fixed', options={'immutable': True})['id']}"
    admin.patch(path, {"project": {"name": "x"}}, 403)
    admin.delete(path, 403)
    admin.patch(path, {"project": {"name": "x", "options": {"immutable": False}}}, 403)
    assert admin.patch(path, {"project": {"options": {"immutable": None}}})["project"]["options"] == {}
    admin.delete(path)


def test_domains(cloud: Cloud) -> None:
    admin = cloud.admin
    made = admin.make("domain", name="acme", description="d")
    assert made == {
        "id": made["id"],
        "name": "acme",
        "description": "d",
        "enabled": True,
        "tags": [],
        "options": {},
        "links": {"self": f"http://cloud.test:8774/identity/v3/domains/{made['id']}"},
    }
    admin.post("/domains", {"domain": {"name": "acme"}}, 409)
    path = f"/domains/{made['id']}"
    project = admin.make("project", name="p", domain_id=made["id"])
    user = admin.make_user("u", domain_id=made["id"])
    admin.put(f"/projects/{project['id']}/users/{user['id']}/roles/{cloud.role_id('member')}")
    scope = {"project": {"id": project["id"]}}
    own = cloud.user(cloud.login(by_password("u", "u-password", scope, made["id"])).headers["X-Subject-Token"])
    rules = [{"service": "compute", "method": "GET", "path": "/v2.1/servers"}]
    own.post(
        f"/users/{user['id']}/application_credentials",
        {"application_credential": {"name": "a", "access_rules": rules}},
    )
    admin.delete(path, 403)
    admin.delete("/domains/default", 403)
    admin.patch("/domains/default", {"domain": {"enabled": False}}, 403)
    admin.patch(path, {"domain": {"enabled": False}})
    admin.delete(path)
    for gone in (path, f"/projects/{project['id']}", f"/users/{user['id']}"):
        admin.get(gone, 404)
    assert [one["id"] for one in admin.get("/domains")["domains"]] == ["default"]
    own.get(f"/users/{user['id']}", 401)


def test_ordinary_users(cloud: Cloud) -> None:
    demo = cloud.demo
    assert demo.get(f"/projects/{cloud.first.project_ids['demo']}")["project"]["name"] == "demo"
    assert demo.get("/domains/default")["domain"]["name"] == "Default"
    for path in ("/projects", "/domains", f"/projects/{cloud.first.project_ids['admin']}"):
        demo.get(path, 403)
    demo.post("/projects", {"project": {"name": "x"}}, 403)
    demo.post("/domains", {"domain": {"name": "x"}}, 403)
    demo.delete(f"/projects/{cloud.first.project_ids['demo']}", 403)
