"""The pure parts of a create request: hostnames, block devices, disks, config drive, console lines."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from micronova.compute import config_drive
from micronova.compute.config_drive import InjectedFile
from micronova.compute.handlers.actions.get_console_output import last_lines
from micronova.compute.server_block_devices import LocalDisks, local_disks
from micronova.compute.server_disks import disks_of_flavor
from micronova.compute.server_hostnames import numbered, sanitize
from micronova.compute.servers import Server, ServerFlavor, ServerKey
from micronova.host.interface import DiskRole, ImageRef, NetworkSpec, Nic
from micronova.model.clock import utcnow
from micronova.model.errors import Invalid
from micronova.model.ids import ImageId, NetworkId, PortId

IMAGE = "70a599e0-31e7-49b7-b260-868f441e862b"


@pytest.mark.parametrize(
    ("name", "hostname"),
    [
        ("web", "web"),
        ("My Web.Server_1", "my-web-server-1"),
        ("-a-", "a"),
        ("日本", "server-x"),
        ("Zürich", "zurich"),
        ("a" * 100, "a" * 63),
        ('"; rm -rf /', "rm--rf"),
        ("line\nbreak", "linebreak"),
    ],
)
def test_hostnames(name: str, hostname: str) -> None:
    assert sanitize(name, "server-x") == hostname


def test_numbered_hostnames_stay_within_the_limit() -> None:
    assert numbered("web", 3) == "web-3"
    assert numbered("a" * 63, 12) == "a" * 60 + "-12"


def image_device(**changes: Any) -> dict[str, Any]:
    return {"source_type": "image", "destination_type": "local", "boot_index": 0, "uuid": IMAGE, **changes}


def test_block_devices_that_mean_local_disks() -> None:
    assert local_disks([], [], IMAGE) == LocalDisks()
    assert local_disks([], [image_device()], IMAGE) == LocalDisks(image_id=IMAGE)
    blank = {"source_type": "blank", "destination_type": "local", "boot_index": -1}
    devices = [
        image_device(boot_index="0"),
        {**blank, "volume_size": 2},
        {**blank, "guest_format": "swap", "volume_size": "64"},
    ]
    assert local_disks([], devices, IMAGE) == LocalDisks(image_id=IMAGE, ephemeral_gib=(2,), swap_mib=64)


@pytest.mark.parametrize(
    ("v1", "v2"),
    [
        ([{"volume_id": IMAGE}], []),
        ([], [{"source_type": "volume", "uuid": IMAGE}]),
        ([], [{"volume_id": IMAGE}]),
        ([], [image_device(destination_type="volume")]),
        ([], [image_device(boot_index=1)]),
        ([], [image_device(uuid="b" * 36)]),
        ([], [{"source_type": "blank", "destination_type": "local", "boot_index": 0}]),
        ([], [{"boot_index": 0}]),
        ([{"no_device": True}], [image_device()]),
    ],
)
def test_other_block_devices_are_refused(v1: list[dict[str, Any]], v2: list[dict[str, Any]]) -> None:
    with pytest.raises(Invalid):
        local_disks(v1, v2, IMAGE)


def test_disks() -> None:
    image = ImageRef(
        id=ImageId(IMAGE), disk_format="qcow2", size=1, virtual_size=5 * 1024**3, hash_algo="sha512", hash_value=""
    )
    flavor = ServerFlavor(name="f", vcpus=1, memory_mib=1, root_gib=10, ephemeral_gib=3, swap_mib=64)
    made = disks_of_flavor(flavor, image, None, None)
    assert [(disk.role, disk.index, disk.size_bytes) for disk in made] == [
        (DiskRole.ROOT, 0, 10 * 1024**3),
        (DiskRole.EPHEMERAL, 0, 3 * 1024**3),
        (DiskRole.SWAP, 0, 64 * 1024**2),
    ]
    small = ServerFlavor(name="f", vcpus=1, memory_mib=1, root_gib=0)
    assert [disk.size_bytes for disk in disks_of_flavor(small, image, None, None)] == [5 * 1024**3]
    assert [disk.size_bytes for disk in disks_of_flavor(flavor, image, (1, 2), 0)][1:] == [1024**3, 2 * 1024**3]


def drive(**changes: Any) -> dict[str, bytes]:
    row: dict[str, Any] = dict.fromkeys(Server.__struct_fields__)
    row |= {"id": "s", "project_id": "p", "name": "Web", "hostname": "web", "launch_index": 0, "number": 1}
    row |= {"availability_zone": "nova", "created_at": utcnow()}
    network = NetworkSpec(
        id=NetworkId("n"), name="private", cidr="10.1.0.0/24", gateway_ip="10.1.0.1", dns_servers=("10.1.0.1",)
    )
    nic = Nic(port_id=PortId("12345678-9abc"), mac_address="fa:16:3e:0:0:1", network=network, fixed_ips=("10.1.0.5",))
    arguments: dict[str, Any] = {
        "metadata": {"role": "web"},
        "key": ServerKey(name="k", type="ssh", public_key="ssh-ed25519 AAAA"),
        "user_data": base64.b64encode(b"#!/bin/sh\n").decode(),
        "nics": [nic],
        "tags": {nic.port_id: "nic1"},
        "injected": [InjectedFile(path="/etc/motd", contents=base64.b64encode(b"hi").decode())],
        "dhcp_domain": "novalocal",
        **changes,
    }
    return config_drive.files(Server(**row), **arguments)


def test_config_drive() -> None:
    made = drive()
    latest = json.loads(made["openstack/latest/meta_data.json"])
    assert latest["uuid"] == "s"
    assert latest["hostname"] == "web.novalocal"
    assert latest["meta"] == {"role": "web"}
    assert latest["public_keys"] == {"k": "ssh-ed25519 AAAA"}
    assert latest["keys"] == [{"name": "k", "type": "ssh", "data": "ssh-ed25519 AAAA"}]
    assert latest["devices"][0]["tags"] == ["nic1"]
    assert latest["files"] == [{"path": "/etc/motd", "content_path": "/content/0000"}]
    assert len(base64.b64decode(latest["random_seed"])) == 512
    assert made["openstack/latest/user_data"] == b"#!/bin/sh\n"
    assert made["openstack/content/0000"] == b"hi"
    network = json.loads(made["openstack/latest/network_data.json"])
    assert network["links"][0]["ethernet_mac_address"] == "fa:16:3e:0:0:1"
    assert network["networks"][0]["type"] == "ipv4_dhcp"
    assert network["services"] == [{"type": "dns", "address": "10.1.0.1"}]


def test_config_drive_folders_have_what_their_version_brought() -> None:
    made = drive()
    old = json.loads(made["openstack/2012-08-10/meta_data.json"])
    assert not old.keys() & {"random_seed", "project_id", "devices", "dedicated_cpus"}
    assert "openstack/2012-08-10/network_data.json" not in made
    assert "openstack/2013-10-17/vendor_data.json" in made
    assert "openstack/2015-10-15/network_data.json" in made
    assert "openstack/2016-10-06/vendor_data2.json" in made
    assert json.loads(made["openstack/2015-10-15/meta_data.json"])["project_id"] == "p"


def test_config_drive_without_extras() -> None:
    made = drive(metadata={}, key=None, user_data=None, injected=[], tags={}, nics=[])
    latest = json.loads(made["openstack/latest/meta_data.json"])
    assert not latest.keys() & {"meta", "public_keys", "keys", "files"}
    assert "openstack/latest/user_data" not in made


def test_console_lines() -> None:
    text = "a\nb\x1b[31m\x00\nc"
    assert last_lines(text, None) == "a\nb[31m\nc"
    assert last_lines(text, -1) == "a\nb[31m\nc"
    assert last_lines(text, 0) == ""
    assert last_lines(text, "1") == "c"
    assert last_lines(text, 2) == "b[31m\nc"
