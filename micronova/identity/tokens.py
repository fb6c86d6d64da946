"""Tokens: signed, self-contained, verified without a query.

A token is a JWS (HS256) of the array-encoded ``Payload``.  HS256 because every process that verifies users' tokens
also shares the database and its key, and it verifies three times faster than EdDSA.  Verified tokens are kept in a
small cache; a revocation event makes the cache check again (``micronova.identity.revocations``).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import jwt
import msgspec

from micronova.identity import revocations
from micronova.identity.keys import Keys
from micronova.identity.revocations import Revocations
from micronova.model.caller import Caller
from micronova.model.errors import Unauthenticated
from micronova.model.ids import DomainId, ProjectId, UserId

_ALGORITHM = "HS256"
_CACHE_SIZE = 4096
# Longer than any token that we make; checked before anything is computed.
MAX_TOKEN_LENGTH = 32768


class Named(msgspec.Struct, frozen=True, array_like=True):
    """An id and the name it had when the token was made."""

    id: str
    name: str


class Owned(msgspec.Struct, frozen=True, array_like=True):
    """An id and a name, in a domain."""

    id: str
    name: str
    domain: Named


class AccessRule(msgspec.Struct, frozen=True, array_like=True):
    """One request that an application credential may make; ``path`` may hold ``*``, ``**`` and ``{name}``."""

    id: str
    service: str
    method: str
    path: str


class UsedCredential(msgspec.Struct, frozen=True, array_like=True):
    """The application credential behind a token.  ``access_rules`` None: any request."""

    id: str
    name: str
    unrestricted: bool
    access_rules: tuple[AccessRule, ...] | None = None


class Payload(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What a token says.  Times are microseconds since the epoch; ``clock`` is that of the revocations.

    At most one of ``project``, ``domain`` and ``system`` is set.
    """

    version: int = 1
    user: Owned
    methods: tuple[str, ...]
    # The token's own audit id, and that of the first in its chain of re-scopings.
    audit_ids: tuple[str, ...]
    issued_at_us: int
    expires_at_us: int
    clock: int
    project: Owned | None = None
    is_domain: bool = False
    domain: Named | None = None
    system: bool = False
    roles: tuple[Named, ...] = ()
    application_credential: UsedCredential | None = None
    password_expires_at_us: int | None = None

    @property
    def is_scoped(self) -> bool:
        """Whether there is anything that its roles are for."""
        return self.project is not None or self.domain is not None or self.system

    @property
    def is_delegated(self) -> bool:
        """Whether it was got by something that a user gave away."""
        return self.application_credential is not None

    def subjects(self) -> tuple[str, ...]:
        """All that this token stands on: an event about any of them kills it."""
        subjects = [
            revocations.user(self.user.id),
            revocations.domain(self.user.domain.id),
            *(revocations.token(audit_id) for audit_id in self.audit_ids[:1]),
            *(revocations.role(role.id) for role in self.roles),
        ]
        if self.project is not None:
            subjects += [
                revocations.project(self.project.id),
                revocations.domain(self.project.domain.id),
                revocations.grant(self.user.id, self.project.id),
            ]
        if self.domain is not None:
            subjects += [revocations.domain(self.domain.id), revocations.grant(self.user.id, self.domain.id)]
        if self.system:
            subjects.append(revocations.grant(self.user.id, None))
        if self.application_credential is not None:
            subjects.append(revocations.application_credential(self.application_credential.id))
        return tuple(subjects)

    def caller(self) -> Caller:
        """The same in the terms of policy."""
        rules = self.application_credential.access_rules if self.application_credential else None
        return Caller(
            user_id=UserId(self.user.id),
            user_name=self.user.name,
            user_domain_id=DomainId(self.user.domain.id),
            user_domain_name=self.user.domain.name,
            project_id=ProjectId(self.project.id) if self.project else None,
            project_name=self.project.name if self.project else None,
            project_domain_id=DomainId(self.project.domain.id) if self.project else None,
            project_domain_name=self.project.domain.name if self.project else None,
            domain_id=DomainId(self.domain.id) if self.domain else None,
            domain_name=self.domain.name if self.domain else None,
            system_scope="all" if self.system else None,
            roles=frozenset(role.name.lower() for role in self.roles),
            delegated=self.is_delegated,
            access_rules=None if rules is None else tuple((rule.service, rule.method, rule.path) for rule in rules),
        )


@dataclass(slots=True)
class _Verified:
    payload: Payload
    caller: Caller
    subjects: tuple[str, ...]
    checked_at: int


class Tokens:
    """Signs and verifies tokens; the web's TokenVerifier.  Thread safe."""

    def __init__(self, keys: Keys, revoked: Revocations) -> None:
        self._key = keys.tokens
        self._revoked = revoked
        self._jws = jwt.PyJWS(algorithms=[_ALGORITHM])
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Payload)
        self._cache: OrderedDict[bytes, _Verified] = OrderedDict()
        self._lock = threading.Lock()

    def sign(self, payload: Payload) -> str:
        """The token that says ``payload``."""
        return self._jws.encode(self._encoder.encode(payload), self._key, algorithm=_ALGORITHM, headers={"typ": None})

    def verify(self, token: str) -> Caller:
        """The caller behind a living token.  Raises Unauthenticated."""
        return self._verified(token).caller

    def read(self, token: str, *, expired_us: int = 0) -> Payload:
        """What a living token says, or one that expired less than ``expired_us`` ago.  Raises Unauthenticated."""
        return self._verified(token, expired_us).payload

    def _verified(self, token: str, expired_us: int = 0) -> _Verified:
        if len(token) > MAX_TOKEN_LENGTH:
            raise _refused()
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        with self._lock:
            known = self._cache.get(digest)
        if known is None:
            payload = self._decode(token)
            known = _Verified(payload, payload.caller(), payload.subjects(), -1)
        if known.payload.expires_at_us + expired_us <= now_us():
            raise _refused()
        seen = self._revoked.seen  # before looking, so that an event meanwhile is looked at next time
        if known.checked_at != seen:
            if self._revoked.dead(known.subjects, known.payload.clock):
                raise _refused()
            known.checked_at = seen
        with self._lock:
            self._cache[digest] = known
            self._cache.move_to_end(digest)
            if len(self._cache) > _CACHE_SIZE:
                self._cache.popitem(last=False)
        return known

    def _decode(self, token: str) -> Payload:
        try:
            raw: bytes = self._jws.decode(token, self._key, algorithms=[_ALGORITHM])
            payload = self._decoder.decode(raw)
        except (jwt.InvalidTokenError, msgspec.DecodeError, ValueError) as err:
            raise _refused() from err
        if payload.version != 1:
            raise _refused()
        return payload


def new_audit_id() -> str:
    """22 characters of random, as Keystone's."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")


def now_us() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


def _refused() -> Unauthenticated:
    return Unauthenticated("The request you have made requires authentication.")
