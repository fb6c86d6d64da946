"""``openstack token``, ``project``, ``user``, ``role``, ``catalog`` against ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.compat.client import CommandFailed, OpenStack
from workshop.serving import Serving


def test_token_issue_gives_a_scoped_token(cli: OpenStack) -> None:
    token = cli.read("token", "issue")
    assert token["id"] and token["project_id"] and token["user_id"] and token["expires"]


def test_users_are_told_apart(cli: OpenStack, admin: OpenStack) -> None:
    ours, theirs = cli.read("token", "issue"), admin.read("token", "issue")
    assert ours["user_id"] != theirs["user_id"] and ours["project_id"] != theirs["project_id"]


def test_catalog_names_every_service_that_clients_look_for(cli: OpenStack) -> None:
    types = {row["Type"] for row in cli.read("catalog", "list")}
    assert {"identity", "compute", "image", "network", "placement"} <= types


def test_a_wrong_password_is_refused_as_keystone_does(simulated_serving: Serving, tmp_path: Path) -> None:
    broken = tmp_path / "clouds.yaml"
    broken.write_text(re.sub(r'(password: )"(.*)"', r'\1"\2-wrong"', simulated_serving.clouds_yaml.read_text()))
    with pytest.raises(CommandFailed, match="401"):
        OpenStack(broken, "micronova")("token", "issue")


def test_revoked_token_is_dead(cli: OpenStack) -> None:
    token = cli.read("token", "issue")["id"]
    cli("token", "revoke", token)
    with pytest.raises(CommandFailed):
        cli("token", "revoke", token)


def test_admin_makes_a_project_and_a_user_who_can_log_in(admin: OpenStack, name: str) -> None:
    project = admin.read("project", "create", "--description", "for a test", name)
    user = admin.read("user", "create", "--project", name, "--password", "secret-of-test", name)
    admin("role", "add", "--project", name, "--user", name, "member")
    assert name in [row["Name"] for row in admin.read("project", "list")]
    assert name in [row["Name"] for row in admin.read("user", "list")]
    assert admin.read("user", "show", name)["id"] == user["id"]
    assigned = admin.read("role", "assignment", "list", "--user", name, "--project", name, "--names")
    assert [row["Role"].split("@")[0] for row in assigned] == ["member"]

    token = admin.read(
        *("--os-username", name, "--os-password", "secret-of-test", "--os-project-name", name, "token", "issue")
    )
    assert (token["user_id"], token["project_id"]) == (user["id"], project["id"])

    admin("user", "delete", name)
    admin("project", "delete", name)
    assert name not in [row["Name"] for row in admin.read("user", "list")]


def test_member_may_not_make_users(cli: OpenStack, name: str) -> None:
    with pytest.raises(CommandFailed, match="403"):
        cli("user", "create", "--password", "x", name)


def test_application_credential_logs_in(cli: OpenStack, simulated_serving: Serving, tmp_path: Path, name: str) -> None:
    made = cli.read("application", "credential", "create", "--secret", "hush", name)
    auth_url = next(
        line.split("auth_url:")[1].strip()
        for line in simulated_serving.clouds_yaml.read_text().splitlines()
        if "auth_url:" in line
    )
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(
        "clouds:\n  app:\n    auth_type: v3applicationcredential\n    identity_api_version: 3\n"
        "    region_name: RegionOne\n"
        f"    auth:\n      auth_url: {auth_url}\n      application_credential_id: {made['ID']}\n"
        "      application_credential_secret: hush\n"
    )
    assert OpenStack(clouds, "app").read("token", "issue")["project_id"] == made["Project ID"]
    cli("application", "credential", "delete", name)
    with pytest.raises(CommandFailed, match=r"40[14]"):
        OpenStack(clouds, "app")("token", "issue")
