"""Who may do what to which row: policy targets made of rows, and one answer for what is absent or not yours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from micronova.identity.api import Identity
from micronova.identity.groups import Group
from micronova.identity.projects import DEFAULT_DOMAIN_ID, Project
from micronova.identity.roles import Role
from micronova.identity.users import User
from micronova.model.caller import Caller
from micronova.model.errors import Forbidden, NotFound
from micronova.web.request import Request

T = TypeVar("T")
Target = Mapping[str, object]


def fetched(api: Identity, caller: Caller, rule: str, load: Callable[[], T], target: Callable[[T], Target]) -> T:
    """The record that ``load`` gives, if ``caller`` may do ``rule`` to it.

    Raises Forbidden to whoever may not, also when there is no record: they cannot tell (T-PEER7).
    """
    try:
        record = load()
    except NotFound:
        api.policy.authorize(caller, f"identity:{rule}", {})
        raise
    api.policy.authorize(caller, f"identity:{rule}", target(record))
    return record


def of_user(user: User) -> Target:
    """A user as a target."""
    return {"target.user.id": user.id, "target.user.domain_id": user.domain_id, "user_id": user.id}


def of_group(group: Group) -> Target:
    """A group as a target."""
    return {"target.group.id": group.id, "target.group.domain_id": group.domain_id}


def of_project(project: Project) -> Target:
    """A project as a target; a domain counts as its own."""
    return {"target.project.id": project.id, "target.project.domain_id": project.domain_id or project.id}


def of_domain(domain: Project) -> Target:
    """A domain as a target."""
    return {"target.domain.id": domain.id}


def of_role(role: Role) -> Target:
    """A role as a target; the one kind whose domain may be None, which the grant rules ask for."""
    return {"target.role.id": role.id, "target.role.name": role.name, "target.role.domain_id": role.domain_id}


def of_caller_domain(caller: Caller) -> Target:
    """What lists are about: the domain that the token is scoped to, if it is."""
    return {} if caller.domain_id is None else {"target.domain_id": caller.domain_id}


def home_domain(caller: Caller, asked: str | None) -> str:
    """The domain of something new: the one asked for, else the one of the token's scope."""
    return asked or caller.domain_id or caller.project_domain_id or DEFAULT_DOMAIN_ID


def refuse_delegated(api: Identity, req: Request) -> None:
    """Refuse tokens of application credentials, unless unrestricted in every way (T-ID2).  Raises Forbidden."""
    used = api.tokens.read(req.headers.get("x-auth-token", "")).application_credential
    if used is not None and (not used.unrestricted or used.access_rules is not None):
        raise Forbidden(
            "Using method 'application_credential' is not allowed for managing additional credentials; "
            "log in by password, or use an unrestricted application credential."
        )
