"""Tokens: what they say comes back, and nothing else is believed."""

from __future__ import annotations

import time
from datetime import timedelta

import jwt
import msgspec
import pytest

from micronova.db.database import Database
from micronova.db.tables import identity as t
from micronova.identity import revocations
from micronova.identity.keys import Keys
from micronova.identity.revocations import Revocations
from micronova.identity.tokens import AccessRule, Named, Owned, Payload, Tokens, UsedCredential, now_us
from micronova.model.errors import Unauthenticated

_DEFAULT = Named("default", "Default")


def _payload(**changes: object) -> Payload:
    payload = Payload(
        user=Owned("u", "Ünï", _DEFAULT),
        methods=("password",),
        audit_ids=("audit", "chain"),
        issued_at_us=now_us(),
        expires_at_us=now_us() + 60_000_000,
        clock=0,
        project=Owned("p", "demo", _DEFAULT),
        roles=(Named("r", "Member"), Named("s", "reader")),
    )
    return msgspec.structs.replace(payload, **changes)


@pytest.fixture
def revoked(database: Database) -> Revocations:
    with database.write() as conn:
        conn.execute(t.revocation_clock.insert().values(id=1, value=0))
    return Revocations(database, lifetime=timedelta(hours=1))


def test_round_trip(revoked: Revocations) -> None:
    tokens = Tokens(Keys.generate(), revoked)
    used = UsedCredential("c", "ci", False, (AccessRule("i", "compute", "GET", "/x"),))
    payload = _payload(application_credential=used)
    token = tokens.sign(payload)
    assert tokens.read(token) == payload
    caller = tokens.verify(token)
    assert (caller.user_id, caller.user_name, caller.project_id) == ("u", "Ünï", "p")
    assert caller.roles == {"member", "reader"}
    assert caller.delegated
    assert caller.access_rules == (("compute", "GET", "/x"),)
    assert caller.system_scope is None


def test_other_keys_algorithms_and_bodies_are_refused(revoked: Revocations) -> None:
    keys = Keys.generate()
    tokens = Tokens(keys, revoked)
    good = tokens.sign(_payload())
    header, body, signature = good.split(".")
    jws = jwt.PyJWS(algorithms=["HS256", "HS512", "none"])
    raw = msgspec.json.encode(_payload())
    long = Keys(tokens=keys.tokens * 2, credentials=b"")
    for bad in (
        "",
        "x",
        "..",
        f"{header}.{body}.",
        f"{header}.{body}.{signature[:-2]}",
        f"{header}.{body[:-2]}.{signature}",
        good + "x",
        Tokens(Keys.generate(), revoked).sign(_payload()),
        jws.encode(raw, long.tokens, algorithm="HS512"),
        jws.encode(raw, "", algorithm="none"),
        jws.encode(b"[]", keys.tokens, algorithm="HS256"),
        jws.encode(b"{}", keys.tokens, algorithm="HS256"),
        jws.encode(b"\xff", keys.tokens, algorithm="HS256"),
        tokens.sign(_payload(version=2)),
        "\ud800",
    ):
        with pytest.raises(Unauthenticated):
            tokens.verify(bad)
    tokens.verify(good)


def test_expiry_is_seen_in_the_cache_too(revoked: Revocations) -> None:
    tokens = Tokens(Keys.generate(), revoked)
    token = tokens.sign(_payload(expires_at_us=now_us() + 100_000))
    tokens.verify(token)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            tokens.verify(token)
        except Unauthenticated:
            break
    with pytest.raises(Unauthenticated):
        tokens.verify(token)
    assert tokens.read(token, expired_us=60_000_000).user.id == "u"


@pytest.mark.parametrize(
    "subject",
    [
        revocations.user("u"),
        revocations.project("p"),
        revocations.domain("default"),
        revocations.grant("u", "p"),
        revocations.role("r"),
        revocations.token("audit"),
        revocations.application_credential("c"),
    ],
)
def test_each_subject_kills(database: Database, revoked: Revocations, subject: str) -> None:
    tokens = Tokens(Keys.generate(), revoked)
    payload = _payload(application_credential=UsedCredential("c", "ci", False))
    token = tokens.sign(payload)
    tokens.verify(token)
    with database.write() as conn:
        revocations.record(conn, [subject, "user:somebody-else"])
    tokens.verify(token)  # not yet heard of
    revoked.refresh()
    with pytest.raises(Unauthenticated):
        tokens.verify(token)
    tokens.verify(tokens.sign(msgspec.structs.replace(payload, clock=1)))


def test_others_live(database: Database, revoked: Revocations) -> None:
    tokens = Tokens(Keys.generate(), revoked)
    token = tokens.sign(_payload())
    with database.write() as conn:
        others = [revocations.grant("u", "other"), revocations.grant("u", None), revocations.token("chain")]
        revocations.record(conn, [*others, revocations.project("u"), revocations.user("p")])
    revoked.refresh()
    tokens.verify(token)


def test_a_rolled_back_change_revokes_nothing(database: Database, revoked: Revocations) -> None:
    tokens = Tokens(Keys.generate(), revoked)
    token = tokens.sign(_payload())
    with pytest.raises(ZeroDivisionError), database.write() as conn:
        revocations.record(conn, [revocations.user("u")])
        raise ZeroDivisionError
    revoked.refresh()
    tokens.verify(token)
