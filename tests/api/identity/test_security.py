"""The named tests of SECURITY.md for identity: T-ID1 to T-ID5, T-API1, T-PEER7."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from micronova.db.tables import identity as t
from micronova.identity.api import Identity
from micronova.identity.passwords import Passwords
from micronova.identity.routes import ENDPOINTS
from micronova.model.errors import Unauthenticated
from tests.api.identity.conftest import PASSWORDS, Client, Cloud, by_password, to_project

_FORGED = {
    "X-User-Id": "admin",
    "X-User-Name": "admin",
    "X-Roles": "admin",
    "X-Role": "admin",
    "X-Project-Id": "admin",
    "X-Identity-Status": "Confirmed",
    "X-Is-Admin-Project": "True",
    "OpenStack-System-Scope": "all",
    "X-Forwarded-For": "127.0.0.1",
    "Remote-User": "admin",
}


def test_t_id1_identity_headers_mean_nothing(cloud: Cloud) -> None:
    assert cloud.http.get("/identity/v3/users", headers=_FORGED).status_code == 401
    cloud.demo.call("GET", "/users", 403, **_FORGED)
    cloud.demo.call("POST", "/projects", 403, {"project": {"name": "x"}}, **_FORGED)


def test_t_id2_the_body_is_no_policy_target(cloud: Cloud) -> None:
    own, other = cloud.first.user_ids["demo"], cloud.first.user_ids["admin"]
    demo = cloud.demo
    forged = {"id": own, "user_id": own, "domain_id": "default", "target": {"user": {"id": own}}}
    demo.patch(f"/users/{other}", {"user": {"name": "x", **forged}, "target": {"user": {"id": own}}}, 403)
    demo.call("DELETE", f"/users/{other}", 403, {"user": forged})
    demo.post("/credentials", {"credential": {"type": "x", "blob": "b", "user_id": other}, "user_id": own}, 403)
    body = {"application_credential": {"name": "x", "user_id": own}, "user_id": own}
    demo.post(f"/users/{other}/application_credentials", body, 403)


def test_t_id2_there_is_no_ec2_token_path(cloud: Cloud) -> None:
    for path in ("/v3/ec2tokens", "/v3/s3tokens", "/v3/OS-OAUTH1/access_token"):
        assert cloud.http.post(f"/identity{path}", json={}).status_code == 404


def test_t_id3_one_answer_for_unknown_wrong_and_disabled(cloud: Cloud) -> None:
    admin = cloud.admin
    admin.make_user("off", enabled=False)
    other = admin.make("domain", name="other", enabled=False)
    admin.make_user("away", domain_id=other["id"])
    bodies = [
        by_password("demo", "wrong"),
        by_password("nobody", "wrong"),
        by_password("off", "wrong"),
        by_password("off", "off-password"),
        by_password("away", "away-password", domain=other["id"]),
        by_password("demo", "wrong", domain="nowhere"),
    ]
    answers = [cloud.login(body, 401) for body in bodies]
    assert all(answer.json() == answers[0].json() for answer in answers)
    changed = [
        cloud.http.post(
            f"/identity/v3/users/{user_id}/password", json={"user": {"original_password": "wrong", "password": "new"}}
        )
        for user_id in (cloud.first.user_ids["demo"], "nobody")
    ]
    assert {answer.status_code for answer in changed} == {401}
    assert changed[0].json() == changed[1].json()


class _Watched:
    """A real hasher that says what it is asked, and how many ask at once."""

    def __init__(self, real: Any, pause_s: float = 0) -> None:
        self._real = real
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self.verified: list[str] = []
        self.running = self.most = self.hashed = 0

    def hash(self, password: bytes) -> str:
        self.hashed += 1
        return str(self._real.hash(password))

    def verify(self, known: str, given: bytes) -> bool:
        with self._lock:
            self.verified.append(known)
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(self._pause_s)
        try:
            return bool(self._real.verify(known, given))
        finally:
            with self._lock:
                self.running -= 1


def test_t_id3_an_unknown_user_costs_one_hash(quick: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: a machine under load proves little by the clock."""
    stored = quick.hash("right")
    watched = _Watched(quick._hasher)
    monkeypatch.setattr(quick, "_hasher", watched)
    assert not quick.matches(None, "wrong")
    assert not quick.matches(stored, "wrong")
    assert quick.matches(stored, "right")
    assert not quick.matches(None, "a password that nobody has")
    assert len(watched.verified) == 4
    # The same algorithm and cost for the unknown and the known.
    assert watched.verified[0].rsplit("$", 2)[0] == stored.rsplit("$", 2)[0]


def test_t_id3_real_times(cloud: Cloud) -> None:
    """With real parameters, the medians are of one size."""
    real = Passwords()
    stored = real.hash("right")

    def median(known: str | None) -> float:
        times = []
        for _ in range(7):
            started = time.perf_counter()
            real.matches(known, "wrong")
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    assert 0.3 < median(None) / median(stored) < 3


def test_t_id4_limits_before_hashing(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = _Watched(cloud.api.passwords._hasher)
    monkeypatch.setattr(cloud.api.passwords, "_hasher", watched)
    cloud.login(by_password("demo", "x" * 4097), 401)
    cloud.login(by_password("demo", "x" * 70_000), 413)
    cloud.login(by_password("demo", "x" * (2 << 20)), 413)
    assert watched.verified == []
    admin = cloud.admin
    admin.post("/users", {"user": {"name": "x", "password": "x" * 4097}}, 400)
    assert watched.hashed == 0
    for token in ("x" * 100_000, "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\u00e9"):
        headers = {"X-Auth-Token": token.encode()}
        assert cloud.http.get("/identity/v3/auth/projects", headers=headers).status_code == 401  # type: ignore[arg-type]


def test_t_id4_hashes_at_once_are_bounded() -> None:
    passwords = Passwords(time_cost=1, memory_kib=8, parallel=2, patience_s=30)
    watched = _Watched(passwords._hasher, pause_s=0.005)
    passwords._hasher = watched  # type: ignore[assignment]
    threads = [threading.Thread(target=passwords.matches, args=(None, "x")) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (watched.most, len(watched.verified)) == (2, 20)


def _project(cloud: Cloud, field: str, value: object) -> None:
    cloud.admin.patch(f"/projects/{cloud.first.project_ids['demo']}", {"project": {field: value}})


def _grant(cloud: Cloud) -> str:
    return "/projects/{}/users/{}/roles/{}".format(
        cloud.first.project_ids["demo"], cloud.first.user_ids["demo"], cloud.role_id("member")
    )


def _user(cloud: Cloud) -> str:
    return f"/users/{cloud.first.user_ids['demo']}"


_ENDS: dict[str, Callable[[Cloud], object]] = {
    "password set by an admin": lambda cloud: cloud.admin.patch(_user(cloud), {"user": {"password": "new"}}),
    "own password": lambda cloud: cloud.http.post(
        f"/identity/v3{_user(cloud)}/password",
        json={"user": {"original_password": PASSWORDS["demo"], "password": "new"}},
    ),
    "user disabled": lambda cloud: cloud.admin.patch(_user(cloud), {"user": {"enabled": False}}),
    "user deleted": lambda cloud: cloud.admin.delete(_user(cloud)),
    "all tokens revoked": lambda cloud: cloud.admin.delete(f"{_user(cloud)}/tokens"),
    "role removed": lambda cloud: cloud.admin.delete(_grant(cloud)),
    "project disabled": lambda cloud: _project(cloud, "enabled", False),
    "project deleted": lambda cloud: cloud.admin.delete(f"/projects/{cloud.first.project_ids['demo']}"),
    "implied role removed": lambda cloud: cloud.admin.delete(
        f"/roles/{cloud.role_id('member')}/implies/{cloud.role_id('reader')}"
    ),
}


@pytest.mark.parametrize("end", _ENDS)
def test_t_id5_tokens_die_with_what_they_stand_on(
    cloud: Cloud, make_identity: Callable[[], Identity], end: str
) -> None:
    token = cloud.token("demo")
    bystander = cloud.token("admin", "unscoped")
    other = make_identity()  # another replica, which has already seen and kept the token
    other.tokens.verify(token)
    cloud.user(token).get("/auth/projects")
    other.revocations.start()
    try:
        _ENDS[end](cloud)
        # Here at once.
        cloud.user(token).get("/auth/projects", 401)
        # There within a second.
        deadline = time.monotonic() + 1
        while True:
            try:
                other.tokens.verify(token)
            except Unauthenticated:
                break
            assert time.monotonic() < deadline, "the other replica still takes the token"
            time.sleep(0.02)
    finally:
        other.revocations.stop()
    # A process that starts now knows it, too.
    with pytest.raises(Unauthenticated):
        make_identity().tokens.verify(token)
    cloud.user(bystander).get("/auth/projects")


def test_t_id5_domain_disabled(cloud: Cloud) -> None:
    admin = cloud.admin
    domain = admin.make("domain", name="acme")["id"]
    user = admin.make_user("u", domain_id=domain)
    admin.put(f"/domains/{domain}/users/{user['id']}/roles/{cloud.role_id('member')}")
    scopes: tuple[object, ...] = ("unscoped", {"domain": {"id": domain}})
    tokens = [cloud.login(by_password("u", "u-password", scope, domain)).headers["X-Subject-Token"] for scope in scopes]
    admin.patch(f"/domains/{domain}", {"domain": {"enabled": False}})
    for token in tokens:
        cloud.user(token).get("/auth/projects", 401)


def test_t_id5_group_membership_and_group(cloud: Cloud) -> None:
    admin = cloud.admin
    user, project = admin.make_user("u"), admin.make("project", name="p")
    for end in ("member", "group"):
        group = admin.make("group", name=end)["id"]
        admin.put(f"/groups/{group}/users/{user['id']}")
        admin.put(f"/projects/{project['id']}/groups/{group}/roles/{cloud.role_id('reader')}")
        client = cloud.user(cloud.token("u", to_project("p")))
        client.get("/auth/projects")
        admin.delete(f"/groups/{group}/users/{user['id']}" if end == "member" else f"/groups/{group}")
        client.get("/auth/projects", 401)
        cloud.login(by_password("u", "u-password", to_project("p")), 401)


def test_t_id5_a_token_made_right_after_lives(cloud: Cloud) -> None:
    """Not even the same microsecond matters: order is that of the database."""
    for round_ in range(5):
        old = cloud.token("demo")
        cloud.admin.delete(f"{_user(cloud)}/tokens")
        new = cloud.token("demo")
        cloud.user(new).get("/auth/projects")
        cloud.user(old).get("/auth/projects", 401)
        cloud.admin.delete(_grant(cloud))
        cloud.admin.put(_grant(cloud))
        assert cloud.user(cloud.token("demo")).get("/auth/projects")["projects"], round_


def test_t_id5_an_exchanged_token_does_not_outlive_its_parent_elsewhere(
    cloud: Cloud, make_identity: Callable[[], Identity]
) -> None:
    """A replica that has not heard of a revocation must not make a fresh token out of a dead one."""
    from micronova.identity.authentication import login
    from micronova.identity.login_request import parse

    late = make_identity()
    token = cloud.token("demo")
    late.tokens.verify(token)
    cloud.admin.delete(f"{_user(cloud)}/tokens")
    body = {"auth": {"identity": {"methods": ["token"], "token": {"id": token}}, "scope": "unscoped"}}
    with pytest.raises(Unauthenticated):
        login(late, parse(body))


def test_revocation_events_of_dead_tokens_are_forgotten(cloud: Cloud) -> None:
    cloud.admin.delete(f"{_user(cloud)}/tokens")
    assert cloud.api.revocations.forget_old() == 0
    with cloud.api.database.write() as conn:
        conn.execute(sa.update(t.revocation_events).values(created_at=datetime(2020, 1, 1)))
    assert cloud.api.revocations.forget_old() == 1


def test_t_api1_nothing_works_without_a_token(cloud: Cloud) -> None:
    for endpoint in ENDPOINTS:
        if not endpoint.auth:
            continue
        path = "/identity" + endpoint.path
        for name in ("user_id", "project_id", "target_id", "actor_id", "role_id", "group_id"):
            path = path.replace(f"{{{name}}}", "0" * 32)
        answer = cloud.http.request(endpoint.method, path)
        assert answer.status_code == 401, (endpoint.method, endpoint.path)
        assert answer.headers["WWW-Authenticate"].startswith("Keystone uri=")


def _cases() -> list[tuple[str, str]]:
    nouns = ("user_id", "project_id", "group_id", "domain_id", "credential_id")
    return sorted(
        {
            (endpoint.method, endpoint.path)
            for endpoint in ENDPOINTS
            if endpoint.auth and endpoint.path.count("{") == 1 and any(f"{{{noun}}}" in endpoint.path for noun in nouns)
        }
    )


@pytest.mark.parametrize(("method", "path"), _cases())
def test_t_peer7_foreign_and_absent_are_one_answer(cloud: Cloud, method: str, path: str) -> None:
    """To an ordinary user somebody else's user, project, group, domain and credential do not show."""
    admin = cloud.admin
    domain = admin.make("domain", name="theirs")
    credential = {"type": "x", "blob": "b", "user_id": cloud.first.user_ids["admin"]}
    foreign = {
        "user_id": admin.make_user("theirs", domain_id=domain["id"])["id"],
        "project_id": admin.make("project", name="theirs", domain_id=domain["id"])["id"],
        "group_id": admin.make("group", name="theirs", domain_id=domain["id"])["id"],
        "domain_id": domain["id"],
        "credential_id": admin.make("credential", **credential)["id"],
    }
    noun = path.partition("{")[2].partition("}")[0]
    body = _fitting_body(method, path)

    def ask(client: Client, record_id: str) -> tuple[int, str]:
        answer = cloud.http.request(
            method,
            "/identity" + path.replace(f"{{{noun}}}", record_id),
            json=body,
            headers={"X-Auth-Token": client.token},
        )
        return answer.status_code, answer.text.replace(record_id, "ID")

    demo = cloud.demo
    there, absent = ask(demo, foreign[noun]), ask(demo, "0" * 32)
    assert there == absent
    assert there[0] in (403, 404)


def _fitting_body(method: str, path: str) -> object:
    if method not in ("POST", "PATCH", "PUT"):
        return None
    if path.endswith("/tags"):
        return {"tags": []}
    if path.endswith("/application_credentials"):
        return {"application_credential": {"name": "x"}}
    noun = path.partition("{")[2].partition("_id}")[0]
    return {noun: {"type": "x"} if noun == "credential" else {"name": "x"}}
