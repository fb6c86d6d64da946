"""``openstack flavor`` and ``openstack keypair`` against ours."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.compat.client import CommandFailed, OpenStack


def test_flavor_life(admin: OpenStack, cli: OpenStack, name: str) -> None:
    admin = admin.at("2.61")
    made = admin.read(
        *("flavor", "create", "--vcpus", "2", "--ram", "256", "--disk", "3", "--ephemeral", "1", "--swap", "64"),
        *("--property", "hw:cpu_policy=shared", "--description", "for a test", name),
    )
    assert (made["vcpus"], made["ram"], made["disk"]) == (2, 256, 3)
    assert made["properties"] == {"hw:cpu_policy": "shared"}
    seen = cli.read("flavor", "show", name)
    assert (seen["id"], seen["OS-FLV-EXT-DATA:ephemeral"], seen["swap"]) == (made["id"], 1, 64)
    assert name in [row["Name"] for row in cli.read("flavor", "list")]

    admin("flavor", "set", "--property", "hw_rng:allowed=True", "--description", "changed", name)
    admin("flavor", "unset", "--property", "hw:cpu_policy", name)
    shown = admin.read("flavor", "show", name)
    assert (shown["properties"], shown["description"]) == ({"hw_rng:allowed": "True"}, "changed")

    admin("flavor", "delete", name)
    with pytest.raises(CommandFailed, match=r"(?i)no flavor|not be found|no .* found"):
        cli("flavor", "show", name)


def test_flavor_with_an_unknown_extra_spec_is_refused(admin: OpenStack, name: str) -> None:
    admin = admin.at("2.86")
    admin("flavor", "create", "--vcpus", "1", "--ram", "64", "--disk", "1", name)
    with pytest.raises(CommandFailed, match="hw:no_such_thing"):
        admin("flavor", "set", "--property", "hw:no_such_thing=1", name)
    assert admin.read("flavor", "show", name)["properties"] == {}


def test_member_may_not_make_flavors(cli: OpenStack, name: str) -> None:
    with pytest.raises(CommandFailed, match="403"):
        cli("flavor", "create", "--vcpus", "1", "--ram", "64", "--disk", "1", name)


def test_import_and_delete_a_keypair(cli: OpenStack, name: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", key], check=True)
    made = cli.read("keypair", "create", "--public-key", f"{key}.pub", name)
    listed = subprocess.run(["ssh-keygen", "-l", "-E", "md5", "-f", key], check=True, capture_output=True, text=True)
    assert made["fingerprint"] == listed.stdout.split()[1].removeprefix("MD5:")
    assert cli("keypair", "show", "--public-key", name).strip() == key.with_suffix(".pub").read_text().strip()
    assert name in [row["Name"] for row in cli.read("keypair", "list")]
    cli("keypair", "delete", name)
    assert name not in [row["Name"] for row in cli.read("keypair", "list")]


def test_generated_keypair_is_a_pair(cli: OpenStack, name: str, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.touch(mode=0o600)
    private.write_text(cli.at("2.1")("keypair", "create", name))
    derived = subprocess.run(["ssh-keygen", "-y", "-f", private], check=True, capture_output=True, text=True)
    public = cli("keypair", "show", "--public-key", name)
    assert derived.stdout.split()[:2] == public.split()[:2]
    cli("keypair", "delete", name)
