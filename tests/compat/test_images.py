"""``openstack image`` against ours."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.compat.client import CommandFailed, OpenStack


def test_image_life(cli: OpenStack, name: str, image_file: Path, tmp_path: Path) -> None:
    made = cli.read(
        *("image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", str(image_file)),
        *("--property", "hw_disk_bus=virtio", "--tag", "first", name),
    )
    shown = cli.read("image", "show", name)
    assert (shown["id"], shown["status"], shown["disk_format"]) == (made["id"], "active", "qcow2")
    assert shown["size"] == image_file.stat().st_size
    assert shown["properties"]["os_hash_algo"] == "sha512"
    assert shown["properties"]["os_hash_value"] == hashlib.sha512(image_file.read_bytes()).hexdigest()
    assert shown["properties"]["hw_disk_bus"] == "virtio"
    assert name in [row["Name"] for row in cli.read("image", "list")]

    cli("image", "set", "--property", "os_distro=debian", "--min-ram", "128", "--tag", "second", name)
    cli("image", "unset", "--property", "hw_disk_bus", "--tag", "first", name)
    shown = cli.read("image", "show", name)
    assert shown["properties"]["os_distro"] == "debian"
    assert "hw_disk_bus" not in shown["properties"]
    assert (shown["min_ram"], shown["tags"]) == (128, ["second"])

    saved = tmp_path / "saved.qcow2"
    cli("image", "save", "--file", str(saved), name)
    assert saved.read_bytes() == image_file.read_bytes()

    cli("image", "set", "--protected", name)
    with pytest.raises(CommandFailed):
        cli("image", "delete", name)
    cli("image", "set", "--unprotected", name)
    cli("image", "delete", name)
    with pytest.raises(CommandFailed):
        cli("image", "show", name)


def test_image_that_lies_about_its_format_never_becomes_active(cli: OpenStack, name: str, image_file: Path) -> None:
    with pytest.raises(CommandFailed):
        cli("image", "create", "--disk-format", "vmdk", "--container-format", "bare", "--file", str(image_file), name)
    assert "active" not in [row["Status"] for row in cli.read("image", "list") if row["Name"] == name]
