"""Every rule of the identity service against seven personas, on what is theirs and on what is not (T-ID2).

``policy_matrix.txt`` is the table: a rule that is new, gone or changed fails here until somebody has looked at it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from micronova.identity.policies import RULES
from micronova.model.caller import Caller
from micronova.model.ids import DomainId, ProjectId, UserId
from micronova.web.policy import Policy

_TABLE = Path(__file__).with_name("policy_matrix.txt")


def _caller(*roles: str, project: bool = False, domain: bool = False, system: bool = False) -> Caller:
    return Caller(
        user_id=UserId("me"),
        user_name="me",
        user_domain_id=DomainId("mine"),
        project_id=ProjectId("my-project") if project else None,
        project_domain_id=DomainId("mine") if project else None,
        domain_id=DomainId("mine") if domain else None,
        system_scope="all" if system else None,
        roles=frozenset(roles),
    )


PERSONAS = {
    "admin": _caller("admin", "manager", "member", "reader", project=True),
    "system-reader": _caller("reader", system=True),
    "domain-manager": _caller("manager", "member", "reader", domain=True),
    "domain-reader": _caller("reader", domain=True),
    "member": _caller("member", "reader", project=True),
    "service": _caller("service", project=True),
    "unscoped": _caller(),
}


def _target(user: str, domain: str, project: str) -> dict[str, object]:
    """Everything that any rule looks at, for one owner."""
    return {
        "user_id": user,
        "target.user.id": user,
        "target.user.domain_id": domain,
        "target.group.domain_id": domain,
        "target.project.id": project,
        "target.project.domain_id": domain,
        "target.domain.id": domain,
        "target.domain_id": domain,
        "target.credential.user_id": user,
        "target.token.user_id": user,
        "target.role.name": "member",
        "target.role.domain_id": None,
    }


TARGETS = {"own": _target("me", "mine", "my-project"), "foreign": _target("you", "yours", "your-project"), "absent": {}}


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The default policy."""
    return Policy(RULES)


def _matrix(policy: Policy) -> list[str]:
    lines = []
    for rule in sorted(name for name in policy.rules if name.startswith("identity:")):
        columns = []
        for kind, target in TARGETS.items():
            allowed = [name for name, caller in PERSONAS.items() if policy.allows(caller, rule, target)]
            columns.append(f"{kind}={','.join(allowed) if len(allowed) < len(PERSONAS) else 'everybody'}")
        lines.append(" ".join([rule, *columns]))
    return lines


def test_the_matrix(policy: Policy) -> None:
    assert _matrix(policy) == _TABLE.read_text().splitlines()


def test_only_admins_write_what_is_foreign_or_absent(policy: Policy) -> None:
    """The line that no default may cross, whatever the table says."""
    reading = ("get_", "list_", "check_", "validate_token")
    for rule in policy.rules:
        if not rule.startswith("identity:") or rule.removeprefix("identity:").startswith(reading):
            continue
        for kind in ("foreign", "absent"):
            for name, caller in PERSONAS.items():
                if name != "admin":
                    assert not policy.allows(caller, rule, TARGETS[kind]), (rule, name, kind)


@pytest.mark.parametrize("role", ["admin", "service", "special"])
def test_managers_grant_only_roles_below_admin(policy: Policy, role: str) -> None:
    target = {**TARGETS["own"], "target.role.name": role}
    for rule in ("create_grant", "revoke_grant"):
        assert not policy.allows(PERSONAS["domain-manager"], f"identity:{rule}", target)


def test_nothing_is_allowed_because_both_sides_are_none(policy: Policy) -> None:
    """oslo.policy compares texts: a None in a target would match every token without that scope."""
    unscoped = PERSONAS["unscoped"]
    assert policy.allows(unscoped, "identity:get_domain", {"target.domain.id": None})  # the trap itself
    for target in TARGETS.values():
        assert [name for name, value in target.items() if value is None] in ([], ["target.role.domain_id"])
