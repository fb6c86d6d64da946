"""The compute service's policy table: Nova's names, no two alike, each used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import micronova.compute
from micronova.compute.policies import RULES
from micronova.compute.policies_base import BASE_RULES
from micronova.model.caller import Caller
from micronova.model.ids import DomainId, ProjectId, UserId
from micronova.web.policy import Policy


def caller(*roles: str, project: str = "p") -> Caller:
    return Caller(
        user_id=UserId("u"),
        user_name="u",
        user_domain_id=DomainId("d"),
        project_id=ProjectId(project),
        roles=frozenset(roles),
    )


def test_names_are_unique_and_novas() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    base = {rule.name for rule in BASE_RULES}
    assert all(name.startswith(("os_compute_api:", "compute:")) for name in names if name not in base)


def test_rules_that_handlers_name_exist() -> None:
    known = {rule.name for rule in RULES}
    folder = Path(micronova.compute.__file__).parent / "handlers"
    named = {
        name
        for path in folder.rglob("*.py")
        for name in re.findall(r'"(os_compute_api:[^"{]+[^":{])"', path.read_text())
    }
    assert named
    assert named <= known


@pytest.mark.parametrize(
    ("rule", "who", "target", "allowed"),
    [
        ("os_compute_api:os-flavor-manage:create", caller("admin"), {}, True),
        ("os_compute_api:os-flavor-manage:create", caller("manager", "member"), {}, False),
        ("os_compute_api:os-server-groups:create", caller("member"), {"project_id": "p"}, True),
        ("os_compute_api:os-server-groups:create", caller("member"), {"project_id": "other"}, False),
        ("os_compute_api:os-server-groups:create", caller("reader"), {"project_id": "p"}, False),
        ("os_compute_api:os-server-groups:show", caller("reader"), {"project_id": "p"}, True),
        ("os_compute_api:os-server-groups:show", caller("admin"), {"project_id": "other"}, True),
        ("os_compute_api:os-keypairs:show", caller(), {"user_id": "u"}, True),
        ("os_compute_api:os-keypairs:show", caller("member"), {"user_id": "other"}, False),
        ("os_compute_api:os-keypairs:show", caller("admin"), {"user_id": "other"}, True),
        ("os_compute_api:limits", caller(), {}, True),
    ],
)
def test_defaults(rule: str, who: Caller, target: dict[str, object], allowed: bool) -> None:
    assert Policy(RULES).allows(who, rule, target) is allowed


def test_an_operators_file_changes_them(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('"os_compute_api:os-flavor-manage:create": "role:flavor_maker"\n')
    policy = Policy(RULES, file)
    assert policy.allows(caller("flavor_maker"), "os_compute_api:os-flavor-manage:create", {})
    assert not policy.allows(caller("admin"), "os_compute_api:os-flavor-manage:create", {})
