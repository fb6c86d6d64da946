"""A real guest on the host: it boots, speaks, is reached by ssh, and outlives a killed libvirtd."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from micronova.host.interface import (
    Disk,
    DiskRole,
    DiskSpec,
    GuestSpec,
    HostUsage,
    NetworkSpec,
    Nic,
    PowerEvent,
    PowerState,
)
from micronova.host.local import LocalHost
from micronova.model.errors import HostUnreachable
from micronova.model.ids import NetworkId, PortId, ServerId, new_uuid
from tests.host_contract import NoCancel, eventually
from tests.private_libvirt import PrivateLibvirt
from tests.real_host import FolderImages, bootable_image, make_host, open_folder, private_libvirt

pytestmark = [pytest.mark.system, pytest.mark.slow]

GIB = 1 << 30
BOOT_S = 180.0


@pytest.fixture(scope="module")
def daemons() -> Iterator[PrivateLibvirt]:
    """A libvirtd to kill."""
    with private_libvirt() as daemons:
        yield daemons


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """The host's state."""
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def host(daemons: PrivateLibvirt, folder: Path) -> Iterator[LocalHost]:
    """A started host whose image store is a folder on the same file system."""
    store = folder / "images"
    store.mkdir(mode=0o700)
    host = make_host(daemons, folder, FolderImages(store))
    host.start()
    yield host
    host.close()


@pytest.fixture(scope="module")
def network(host: LocalHost) -> Iterator[NetworkSpec]:
    """A network that goes away with the tests."""
    network = NetworkSpec(id=NetworkId(new_uuid()), name="guest", cidr="100.95.2.0/24", gateway_ip="100.95.2.1")
    yield network
    host.remove_network(network.id)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private ssh key; its public half lies beside."""
    path = tmp_path_factory.mktemp("ssh") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


class Guest:
    """A booted guest."""

    def __init__(self, host: LocalHost, network: NetworkSpec, key: Path, folder: Path) -> None:
        self.host, self.key = host, key
        self.id = ServerId(new_uuid())
        self.address = "100.95.2.20"
        self.nics = (
            Nic(
                port_id=PortId(new_uuid()),
                mac_address="fa:16:3e:bb:00:01",
                network=network,
                fixed_ips=(self.address,),
            ),
        )
        self.spec = self._build(folder)

    def remove(self) -> None:
        self.host.remove_domain(self.id)
        self.host.remove_nics(self.id, self.nics)
        self.host.remove_disks(self.id)

    def says(self, text: bytes) -> bool:
        return text in self.host.console_log(self.id, 1 << 20)

    def ssh(self, command: str) -> str:
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "ConnectTimeout=20"]
        words = ["ssh", "-q", "-i", str(self.key)]
        for option in options:
            words += ["-o", option]
        done = subprocess.run(
            [*words, f"guest@{self.address}", command], capture_output=True, text=True, timeout=90, check=True
        )
        return done.stdout

    def _build(self, folder: Path) -> GuestSpec:
        source, virtual_size = bootable_image()
        image = FolderImages(folder / "images").add(source, "qcow2", virtual_size)
        self.host.ensure_image(image, NoCancel())
        disks: list[Disk] = list(
            self.host.ensure_disks(
                self.id,
                [
                    DiskSpec(role=DiskRole.ROOT, size_bytes=GIB, image=image),
                    DiskSpec(role=DiskRole.EPHEMERAL, size_bytes=64 << 20),
                    DiskSpec(role=DiskRole.SWAP, size_bytes=32 << 20),
                ],
                NoCancel(),
            )
        )
        public = self.key.with_suffix(".pub").read_text().strip()
        document = {
            "uuid": self.id,
            "hostname": "booted",
            "public_keys": {"key": public},
            "keys": [{"name": "key", "type": "ssh", "data": public}],
        }
        files = {"openstack/latest/meta_data.json": json.dumps(document).encode()}
        disks.append(self.host.ensure_config_drive(self.id, files))
        self.host.ensure_nics(self.id, self.nics)
        spec = GuestSpec(
            server_id=self.id,
            name="booted",
            project_id="0" * 32,
            vcpus=1,
            memory_mib=256,
            disks=tuple(disks),
            nics=self.nics,
        )
        self.host.ensure_running(spec)
        return spec


@pytest.fixture(scope="module")
def guest(host: LocalHost, network: NetworkSpec, key: Path, folder: Path) -> Iterator[Guest]:
    """Booted once for all tests here."""
    guest = Guest(host, network, key, folder)
    try:
        eventually(lambda: guest.says(b"mkguest: ready"), BOOT_S)
        yield guest
    finally:
        guest.remove()


def test_the_console_log_has_the_guests_own_lines(guest: Guest) -> None:
    assert guest.says(f"host=booted id={guest.id} source=drive addr={guest.address}".encode())


def test_ssh_with_the_key_of_the_config_drive(guest: Guest) -> None:
    assert guest.ssh("hostname").strip() == "booted"


def test_the_address_came_by_dhcp_with_route_and_name_server(guest: Guest) -> None:
    assert f"inet {guest.address}/24" in guest.ssh("ip -4 addr show eth0")
    assert "default via 100.95.2.1" in guest.ssh("ip route")
    assert "nameserver 100.95.2.1" in guest.ssh("cat /etc/resolv.conf")


def test_swap_and_ephemeral_disks_are_ready_for_use(guest: Guest) -> None:
    assert "vdc" in guest.ssh("swapon /dev/vdc && cat /proc/swaps && swapoff /dev/vdc")
    assert "lost+found" in guest.ssh("mkdir -p /mnt/e && mount /dev/vdb /mnt/e && ls /mnt/e; umount /mnt/e")


def test_the_root_disk_has_the_size_that_was_asked_for(guest: Guest) -> None:
    assert int(guest.ssh("cat /sys/block/vda/size")) * 512 == GIB


_ANSWER = """
import socket
listener = socket.create_server(("100.95.9.2", 7777))
print("listening", flush=True)
connection, (address, _) = listener.accept()
print(address, flush=True)
"""


@pytest.fixture
def outside() -> Iterator[subprocess.Popen[str]]:
    """A machine beyond this one that knows nothing of the guests' network; prints who connects to it."""
    name = "micronova-outside"
    for words in (
        ("netns", "add", name),
        ("link", "add", "mnoutside0", "type", "veth", "peer", "name", "eth0", "netns", name),
        ("addr", "add", "100.95.9.1/24", "dev", "mnoutside0"),
        ("link", "set", "mnoutside0", "up"),
        ("-n", name, "addr", "add", "100.95.9.2/24", "dev", "eth0"),
        ("-n", name, "link", "set", "eth0", "up"),
    ):
        subprocess.run(["ip", *words], check=True)
    machine = subprocess.Popen(
        ["ip", "netns", "exec", name, sys.executable, "-c", _ANSWER], stdout=subprocess.PIPE, text=True
    )
    try:
        yield machine
    finally:
        machine.kill()
        machine.communicate()
        subprocess.run(["ip", "netns", "delete", name], check=True)


def test_guests_get_out_with_the_hosts_address(guest: Guest, outside: subprocess.Popen[str]) -> None:
    assert outside.stdout is not None
    assert outside.stdout.readline() == "listening\n"
    guest.ssh("nc -w 10 100.95.9.2 7777 </dev/null; true")
    assert outside.stdout.readline() == "100.95.9.1\n"


def test_t_img8_formats_are_explicit_down_the_whole_chain(guest: Guest, host: LocalHost) -> None:
    from micronova.libvirtxml.domain import Domain

    xml = host._connection.call("look", lambda c: c.lookupByUUIDString(guest.id).XMLDesc())
    devices = Domain.parse(xml).devices
    assert devices is not None
    for disk in devices.disks:
        assert disk.driver_type in ("raw", "qcow2")
        store = disk.backing_store
        assert store is not None
        while store.type is not None:
            assert store.format in ("raw", "qcow2")
            assert store.next is not None
            store = store.next


def test_t_img6_files_are_closed_to_others(guest: Guest, folder: Path) -> None:
    for path in (folder / "instances").rglob("*"):
        allowed = 0o710 if path.is_dir() else 0o640 if path.parent.name == "_base" else 0o600
        assert path.stat().st_mode & 0o777 & ~allowed == 0, path


def test_the_guest_outlives_a_killed_libvirtd(guest: Guest, host: LocalHost, daemons: PrivateLibvirt) -> None:
    """While it is away calls say so, and when it is back everything goes on, events too."""
    before = guest.ssh("cat /proc/sys/kernel/random/boot_id")
    events: list[PowerEvent] = []
    host.subscribe(events.append)
    daemons.kill_libvirtd()
    try:
        eventually(lambda: any("does not answer" in complaint for complaint in host.health()), 5)
        with pytest.raises(HostUnreachable):
            host.power_state(guest.id)
    finally:
        daemons.start_libvirtd()
    eventually(lambda: list(host.health()) == [], 20)
    assert host.power_state(guest.id) is PowerState.RUNNING
    eventually(lambda: any(e.server_id == guest.id and e.state is PowerState.RUNNING for e in list(events)), 10)
    host.ensure_running(guest.spec)
    host.ensure_nics(guest.id, guest.nics)
    assert guest.ssh("cat /proc/sys/kernel/random/boot_id") == before
    assert isinstance(host.usage(), HostUsage)


def test_the_end_of_a_guest_by_itself_is_heard(guest: Guest, host: LocalHost) -> None:
    """After the restart of libvirtd above: callbacks are registered anew.  And it can be started again."""
    events: list[PowerEvent] = []
    host.subscribe(events.append)
    guest.ssh("poweroff")
    started = time.monotonic()
    eventually(lambda: any(e.server_id == guest.id and e.state is PowerState.SHUTDOWN for e in list(events)), 60)
    assert time.monotonic() - started < 60
    assert host.power_state(guest.id) is PowerState.SHUTDOWN
    host.ensure_running(guest.spec)
    assert host.power_state(guest.id) is PowerState.RUNNING
