"""/v3/users and /v3/groups."""

from __future__ import annotations

import pytest

from tests.api.identity.conftest import PASSWORDS, Cloud, by_password


def test_create_show_list_update_delete(cloud: Cloud) -> None:
    admin = cloud.admin
    made = admin.make_user("ann", email="ann@example.org", description="d", enabled=True)
    assert made == {
        "id": made["id"],
        "name": "ann",
        "domain_id": "default",
        "description": "d",
        "email": "ann@example.org",
        "enabled": True,
        "options": {},
        "password_expires_at": None,
        "links": {"self": f"http://cloud.test:8774/identity/v3/users/{made['id']}"},
    }
    assert len(made["id"]) == 32
    assert admin.get(f"/users/{made['id']}")["user"] == made
    changed = admin.patch(f"/users/{made['id']}", {"user": {"name": "anna", "email": None, "phone": "1"}})["user"]
    assert (changed["name"], changed.get("email"), changed["phone"]) == ("anna", None, "1")
    listed = admin.get("/users?name=anna")
    assert listed["users"] == [changed]
    assert listed["links"] == {
        "next": None,
        "previous": None,
        "self": "http://cloud.test:8774/identity/v3/users?name=anna",
    }
    admin.delete(f"/users/{made['id']}")
    admin.get(f"/users/{made['id']}", 404)
    admin.delete(f"/users/{made['id']}", 404)


def test_names_are_unique_in_a_domain(cloud: Cloud) -> None:
    admin = cloud.admin
    made = admin.make_user("ann")
    refused = admin.post("/users", {"user": {"name": "ann"}}, 409)
    assert "Duplicate entry found with name ann" in refused["error"]["message"]
    admin.patch(f"/users/{made['id']}", {"user": {"name": "demo"}}, 409)
    other = admin.make("domain", name="other")
    assert admin.make_user("ann", domain_id=other["id"])["domain_id"] == other["id"]
    admin.patch(f"/users/{made['id']}", {"user": {"domain_id": other["id"]}}, 400)


@pytest.mark.parametrize(
    "user",
    [
        {},
        {"name": ""},
        {"name": "x" * 256},
        {"name": 3},
        {"name": "x", "enabled": "yes"},
        {"name": "x", "password": 3},
        {"name": "x", "password": "x" * 4097},
        {"name": "x", "options": {"unknown": True}},
        {"name": "x", "domain_id": ["default"]},
    ],
)
def test_refused_users_leave_nothing(cloud: Cloud, user: dict[str, object]) -> None:
    admin = cloud.admin
    before = admin.get("/users")["users"]
    admin.post("/users", {"user": user}, 400)
    assert admin.get("/users")["users"] == before


def test_a_refusal_never_repeats_a_password(cloud: Cloud) -> None:
    for user in ({"name": "x", "password": {"secret-word": 1}}, {"password": "secret-word", "name": 1}):
        answer = cloud.admin.call("POST", "/users", 400, {"user": user})
        assert "secret-word" not in answer.text
    malformed = by_password("demo", "secret-word")
    malformed["auth"]["identity"]["password"]["user"]["name"] = ["x"]
    assert "secret-word" not in cloud.login(malformed, 400).text


def test_filters_and_pages(cloud: Cloud) -> None:
    admin = cloud.admin
    for name in ("Anna", "annB", "bob_1", "bobx1"):
        admin.make_user(name, enabled=name != "Anna")

    def names(query: str) -> set[str]:
        return {user["name"] for user in admin.get(f"/users?{query}")["users"]}

    assert names("name__startswith=Ann") >= {"Anna"}
    assert names("name__icontains=NN") == {"Anna", "annB"}
    assert names("name__contains=b_1") == {"bob_1"}
    assert names("name__endswith=x1") == {"bobx1"}
    assert names("enabled=false") == {"Anna"}
    assert names("enabled=0&name__istartswith=an") == {"Anna"}
    assert names("domain_id=nowhere") == set()
    assert names("unknown=filter") == {"admin", "demo", "Anna", "annB", "bob_1", "bobx1"}
    seen: list[str] = []
    path = "/users?limit=2"
    while path:
        page = admin.get(path)
        assert len(page["users"]) <= 2
        seen += [user["id"] for user in page["users"]]
        path = (page["links"]["next"] or "").partition("/identity/v3")[2]
    assert seen == sorted(seen)
    assert len(seen) == 6
    admin.get("/users?limit=x", 400)


def test_users_see_themselves_only(cloud: Cloud) -> None:
    demo, own = cloud.demo, cloud.first.user_ids["demo"]
    assert demo.get(f"/users/{own}")["user"]["name"] == "demo"
    assert [one["name"] for one in demo.get(f"/users/{own}/projects")["projects"]] == ["demo"]
    assert demo.get(f"/users/{own}/groups")["groups"] == []
    demo.get("/users", 403)
    demo.patch(f"/users/{own}", {"user": {"name": "x"}}, 403)
    demo.delete(f"/users/{own}", 403)
    demo.post("/users", {"user": {"name": "x"}}, 403)


def test_own_password(cloud: Cloud) -> None:
    own = cloud.first.user_ids["demo"]
    path = f"/identity/v3/users/{own}/password"

    def change(original: object, new: object) -> int:
        body = {"user": {"original_password": original, "password": new}}
        return cloud.http.post(path, json=body).status_code

    assert change("wrong", "new") == 401
    assert change(PASSWORDS["demo"], 3) == 400
    assert change(PASSWORDS["demo"], "x" * 4097) == 400
    cloud.token("demo")
    assert change(PASSWORDS["demo"], "new") == 204
    cloud.login(by_password("demo", PASSWORDS["demo"]), 401)
    cloud.login(by_password("demo", "new"))
    cloud.admin.patch(f"/users/{own}", {"user": {"options": {"lock_password": True}}})
    assert change("new", "newer") == 403


def test_a_user_without_a_password_cannot_log_in(cloud: Cloud) -> None:
    cloud.admin.post("/users", {"user": {"name": "nobody"}})
    cloud.login(by_password("nobody", ""), 401)


def test_groups(cloud: Cloud) -> None:
    admin = cloud.admin
    user, group = admin.make_user("ann"), admin.make("group", name="ops", description="d", colour="red")
    assert group == {
        "id": group["id"],
        "name": "ops",
        "domain_id": "default",
        "description": "d",
        "colour": "red",
        "links": {"self": f"http://cloud.test:8774/identity/v3/groups/{group['id']}"},
    }
    admin.post("/groups", {"group": {"name": "ops"}}, 409)
    member = f"/groups/{group['id']}/users/{user['id']}"
    admin.call("HEAD", member, 404)
    admin.put(member)
    admin.put(member)
    admin.call("HEAD", member, 204)
    assert [one["id"] for one in admin.get(f"/groups/{group['id']}/users")["users"]] == [user["id"]]
    assert [one["id"] for one in admin.get(f"/users/{user['id']}/groups")["groups"]] == [group["id"]]
    admin.delete(member)
    admin.delete(member, 404)
    admin.put(f"/groups/{group['id']}/users/nobody", 404)
    assert admin.patch(f"/groups/{group['id']}", {"group": {"name": "dev"}})["group"]["name"] == "dev"
    admin.delete(f"/groups/{group['id']}")
    admin.get(f"/groups/{group['id']}", 404)
