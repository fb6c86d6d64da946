"""Login: from a proof (password, token, application credential) and a wanted scope to a token.

Unknown, disabled and wrong are one answer after one hash (T-ID3): nothing is decided before the hash was computed,
and no database connection is held meanwhile.  The revocation clock is read before all else, so that a password or
role that changes during the login kills the token that was made from the old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.engine import Connection

from micronova.identity import application_credentials, projects, revocations, users
from micronova.identity.api import Identity
from micronova.identity.application_credentials import ApplicationCredential
from micronova.identity.login_request import (
    ByApplicationCredential,
    ByPassword,
    ByToken,
    LoginRequest,
    OwnedRef,
)
from micronova.identity.projects import Project
from micronova.identity.scoping import Scoped, find_user, refused, resolve, resolve_credential
from micronova.identity.tokens import Named, Owned, Payload, UsedCredential, new_audit_id, now_us
from micronova.identity.users import User
from micronova.model.clock import utcnow
from micronova.model.errors import Forbidden, NotFound, Unauthenticated


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proven:
    """What a proof gave: the user, and what the token inherits from it."""

    user: User
    methods: tuple[str, ...]
    clock: int
    chain: str | None = None
    expires_at_us: int | None = None
    credential: ApplicationCredential | None = None


def login(api: Identity, request: LoginRequest) -> tuple[str, Payload]:
    """The token, and what it says.

    Raises Unauthenticated for a wrong proof and for a scope on which the user has no role, Forbidden for a token
    that may not be exchanged.
    """
    match request.proof:
        case ByPassword():
            proven = _by_password(api, request.proof)
        case ByToken():
            proven = _by_token(api, request.proof)
        case ByApplicationCredential():
            if request.scope is not None:
                raise Unauthenticated(
                    "Error authenticating with application credential: Application credentials cannot request a scope."
                )
            proven = _by_application_credential(api, request.proof)
    with api.database.read() as conn:
        home = projects.get_domain(conn, proven.user.domain_id)
        if not home.enabled:
            raise refused()
        if proven.credential is not None:
            scoped = resolve_credential(conn, proven.credential)
        else:
            scoped = resolve(conn, proven.user, request.scope)
    payload = _payload(proven, home, scoped, lifetime=api.settings.token_lifetime)
    return api.tokens.sign(payload), payload


def _payload(proven: _Proven, home: Project, scoped: Scoped, *, lifetime: timedelta) -> Payload:
    issued = now_us()
    longest = issued + int(lifetime.total_seconds() * 1_000_000)
    audit_id = new_audit_id()
    credential = proven.credential
    user = proven.user
    return Payload(
        user=Owned(user.id, user.name, Named(home.id, home.name)),
        methods=proven.methods,
        audit_ids=(audit_id,) if proven.chain is None else (audit_id, proven.chain),
        issued_at_us=issued,
        expires_at_us=longest if proven.expires_at_us is None else min(longest, proven.expires_at_us),
        clock=proven.clock,
        project=scoped.project,
        domain=scoped.domain,
        system=scoped.system,
        roles=scoped.roles,
        application_credential=None
        if credential is None
        else UsedCredential(
            credential.id,
            credential.name,
            credential.unrestricted,
            None if credential.access_rules is None else tuple(credential.access_rules),
        ),
        password_expires_at_us=None if user.password_expires_at is None else _us(user.password_expires_at),
    )


def _by_password(api: Identity, proof: ByPassword) -> _Proven:
    with api.database.read() as conn:
        clock = revocations.now(conn)
        user = find_user(conn, proof.user)
    right = api.passwords.matches(user.password_hash if user else None, proof.password)
    if user is None or not right or not user.enabled:
        raise refused()
    if user.password_expires_at is not None and user.password_expires_at <= utcnow():
        raise Unauthenticated("The password is expired and needs to be changed.")
    return _Proven(user=user, methods=("password",), clock=clock)


def _by_token(api: Identity, proof: ByToken) -> _Proven:
    with api.database.read() as conn:
        clock = revocations.now(conn)
    # What another process revoked up to that clock must be known here, or the new token would outlive it.
    api.revocations.refresh()
    old = api.tokens.read(proof.token)
    if old.is_delegated:
        raise Forbidden("A token of an application credential cannot be exchanged for another token.")
    with api.database.read() as conn:
        try:
            user = users.get(conn, old.user.id)
        except NotFound as err:
            raise refused() from err
    if not user.enabled:
        raise refused()
    return _Proven(
        user=user,
        methods=tuple(dict.fromkeys((*old.methods, "token"))),
        clock=clock,
        chain=old.audit_ids[-1],
        expires_at_us=old.expires_at_us,
    )


def _by_application_credential(api: Identity, proof: ByApplicationCredential) -> _Proven:
    with api.database.read() as conn:
        clock = revocations.now(conn)
        credential, user = _credential(conn, proof)
    right = api.passwords.matches(credential.secret_hash if credential else None, proof.secret)
    if credential is None or user is None or not right or not user.enabled:
        raise refused()
    expires_at_us = None
    if credential.expires_at is not None:
        if credential.expires_at <= utcnow():
            raise refused()
        expires_at_us = _us(credential.expires_at)
    return _Proven(
        user=user,
        methods=("application_credential",),
        clock=clock,
        expires_at_us=expires_at_us,
        credential=credential,
    )


def _credential(conn: Connection, proof: ByApplicationCredential) -> tuple[ApplicationCredential | None, User | None]:
    if proof.id is not None:
        try:
            credential = application_credentials.get(conn, proof.id)
        except NotFound:
            return None, None
        return credential, users.get(conn, credential.user_id)
    user = find_user(conn, proof.user or OwnedRef())
    if user is None:
        return None, None
    return application_credentials.find(conn, proof.name or "", user.id), user


def _us(when: datetime) -> int:
    return int(when.replace(tzinfo=UTC).timestamp() * 1_000_000)
