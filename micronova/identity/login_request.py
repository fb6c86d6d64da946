"""The body of POST /v3/auth/tokens, typed: who says who they are by what, and what the token shall be for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from micronova.model.errors import Invalid, Unauthenticated

METHODS = ("password", "token", "application_credential")


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRef:
    """A domain, by id or by name."""

    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedRef:
    """A user or project: by id, or by name and domain."""

    id: str | None = None
    name: str | None = None
    domain: DomainRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPassword:
    """A user and a password."""

    user: OwnedRef
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByToken:
    """Another token of the same user."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByApplicationCredential:
    """An application credential: by id, or by name and user; and its secret."""

    id: str | None = None
    name: str | None = None
    user: OwnedRef | None = None
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unscoped:
    """Explicitly for nothing."""


@dataclass(frozen=True, slots=True)
class SystemScope:
    """For the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectScope:
    """For a project."""

    project: OwnedRef


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainScope:
    """For a domain."""

    domain: DomainRef


Proof = ByPassword | ByToken | ByApplicationCredential
Scope = Unscoped | SystemScope | ProjectScope | DomainScope | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """One login.  ``scope`` None: nothing was said, the user's default project if there is one."""

    proof: Proof
    scope: Scope


def parse(body: Mapping[str, Any]) -> LoginRequest:
    """The typed request of a body that fits the schema.  Raises Invalid, Unauthenticated for an unknown method."""
    auth = body["auth"]
    return LoginRequest(proof=_proof(auth["identity"]), scope=_scope(auth.get("scope")))


def _proof(identity: Mapping[str, Any]) -> Proof:
    methods = list(dict.fromkeys(identity["methods"]))
    if len(methods) != 1:
        raise Invalid("Exactly one authentication method must be named; several at once are not supported.")
    method = methods[0]
    if method not in METHODS:
        raise Unauthenticated("Attempted to authenticate with an unsupported method.")
    given = identity.get(method)
    if not isinstance(given, dict):
        raise Invalid(f"Expecting to find {method} in identity.")
    if method == "token":
        return ByToken(token=_text(given, "id", "token"))
    if method == "password":
        user = _object(given, "user", "password")
        return ByPassword(user=_owned(user, "user"), password=_text(user, "password", "user"))
    return ByApplicationCredential(
        id=given.get("id"),
        name=given.get("name") if given.get("id") is None else None,
        user=_owned(_object(given, "user", method), "user") if given.get("id") is None else None,
        secret=_text(given, "secret", method),
    )


def _scope(scope: Any) -> Scope:
    if scope is None:
        return None
    if scope == "unscoped" or (isinstance(scope, dict) and "unscoped" in scope):
        return Unscoped()
    if not isinstance(scope, dict):
        raise Invalid("The scope must be an object or the word unscoped.")
    named = [name for name in ("project", "domain", "system", "OS-TRUST:trust") if scope.get(name) is not None]
    if len(named) != 1:
        raise Invalid("Specify exactly one of project, domain and system as the scope.")
    if named == ["OS-TRUST:trust"]:
        raise Invalid("Trusts are not supported; use an application credential.")
    if named == ["project"]:
        return ProjectScope(project=_owned(_object(scope, "project", "scope"), "project"))
    if named == ["domain"]:
        return DomainScope(domain=_domain(_object(scope, "domain", "scope")))
    if _object(scope, "system", "scope").get("all") is not True:
        raise Invalid('The only system scope is {"all": true}.')
    return SystemScope()


def _owned(value: Mapping[str, Any], noun: str) -> OwnedRef:
    if value.get("id") is not None:
        return OwnedRef(id=_text(value, "id", noun))
    name = _text(value, "name", noun)
    return OwnedRef(name=name, domain=_domain(_object(value, "domain", noun)))


def _domain(value: Mapping[str, Any]) -> DomainRef:
    if value.get("id") is not None:
        return DomainRef(id=_text(value, "id", "domain"))
    return DomainRef(name=_text(value, "name", "domain"))


def _object(value: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    found = value.get(name)
    if not isinstance(found, dict):
        raise Invalid(f"Expecting to find {name} in {where}. The server could not comply with the request.")
    return found


def _text(value: Mapping[str, Any], name: str, where: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise Invalid(f"Expecting to find {name} in {where}. The server could not comply with the request.")
    return found
