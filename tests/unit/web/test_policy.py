"""Policy: verdicts, kept verdicts, and an operator's file."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from micronova.model.caller import Caller
from micronova.model.errors import Forbidden
from micronova.model.ids import DomainId, ProjectId, UserId
from micronova.web.policy import PlainRule, Policy

RULES = [
    PlainRule("owner", "project_id:%(project_id)s"),
    PlainRule("book:read", "role:reader and rule:owner or role:admin"),
    PlainRule("book:write", "role:member and rule:owner"),
]


def caller(*roles: str, project: str = "p", user: str = "u") -> Caller:
    return Caller(
        user_id=UserId(user),
        user_name="n",
        user_domain_id=DomainId("default"),
        project_id=ProjectId(project),
        roles=frozenset(roles),
    )


def test_verdicts_depend_on_roles_project_and_target() -> None:
    policy = Policy(RULES)
    for _ in range(2):  # the second time they are kept
        assert policy.allows(caller("reader"), "book:read")
        assert not policy.allows(caller("reader"), "book:write")
        assert not policy.allows(caller("reader"), "book:read", {"project_id": "q"})
        assert policy.allows(caller("reader", project="q"), "book:read", {"project_id": "q"})
        assert policy.allows(caller("admin", project="x"), "book:read", {"project_id": "q"})
        assert not policy.allows(caller("member"), "book:read", {"project_id": ["p"]})


def test_refusal_names_the_rule() -> None:
    with pytest.raises(Forbidden, match="Policy doesn't allow book:write to be performed"):
        Policy(RULES).authorize(caller("reader"), "book:write")


def test_an_operators_file_wins_and_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('"book:write": "role:reader"\n')
    policy = Policy(RULES, file)
    assert policy.allows(caller("reader"), "book:write")
    file.write_text('"book:write": "!"\n')
    os.utime(file, (time.time() + 5, time.time() + 5))
    deadline = time.monotonic() + 10
    while policy.allows(caller("reader"), "book:write"):
        assert time.monotonic() < deadline
