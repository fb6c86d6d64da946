"""T-API11 and the neighbours: a host starts whatever it finds, finds its own again, and says what is wrong."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libvirt
import pytest

from micronova.host.interface import DiskRole, DiskSpec, GuestSpec, NetworkSpec, Nic, PowerState
from micronova.host.libvirt import kvm_probe
from micronova.host.local import LocalHost, LocalHostConfig
from micronova.host.network import routing, ruleset
from micronova.host.network.names import bridge_name, tap_name
from micronova.host.network.nftables import Nftables
from micronova.host.platform.domain import domain_name
from micronova.model.errors import HostUnreachable, MicronovaError, OurFault
from micronova.model.ids import HostName, NetworkId, PortId, ServerId, new_uuid
from tests.host_contract import CountingSource, NoCancel
from tests.private_libvirt import PrivateLibvirt
from tests.real_host import make_host, open_folder, private_libvirt

pytestmark = pytest.mark.system

NETWORK = NetworkSpec(
    id=NetworkId("5c4a0f3e-30b7-4c39-bb2c-6f8bb81a0003"), name="r", cidr="100.95.3.0/24", gateway_ip="100.95.3.1"
)


@pytest.fixture(scope="module")
def daemons() -> Iterator[PrivateLibvirt]:
    """One libvirtd for all tests here."""
    with private_libvirt() as daemons:
        yield daemons


@pytest.fixture
def folder() -> Iterator[Path]:
    """The host's state."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def host(daemons: PrivateLibvirt, folder: Path) -> Iterator[LocalHost]:
    """A started host."""
    host = make_host(daemons, folder, CountingSource())
    host.start()
    yield host
    host.close()


@pytest.fixture
def guest(host: LocalHost) -> Iterator[GuestSpec]:
    """A running guest that boots nothing."""
    server_id = ServerId(new_uuid())
    nic = Nic(port_id=PortId(new_uuid()), mac_address="fa:16:3e:cc:00:01", network=NETWORK, fixed_ips=("100.95.3.10",))
    [disk] = host.ensure_disks(server_id, [DiskSpec(role=DiskRole.ROOT, size_bytes=1 << 20)], NoCancel())
    host.ensure_nics(server_id, [nic])
    guest = GuestSpec(server_id=server_id, name="g", project_id="p", vcpus=1, memory_mib=64, disks=(disk,), nics=(nic,))
    host.ensure_running(guest)
    yield guest
    host.remove_domain(server_id)
    host.remove_nics(server_id, [nic])
    host.remove_disks(server_id)
    host.remove_network(NETWORK.id)


def again(daemons: PrivateLibvirt, folder: Path) -> LocalHost:
    """Another process's view of the same state."""
    host = make_host(daemons, folder, CountingSource())
    host.start()
    return host


def rules() -> str:
    """The filters in the kernel."""
    return subprocess.check_output(["nft", "list", "table", *ruleset.TABLE.split()], text=True)


def routes() -> str:
    """The routing rules in the kernel."""
    return subprocess.check_output(["nft", "list", "table", *routing.TABLE.split()], text=True)


def test_a_guest_is_found_again(host: LocalHost, guest: GuestSpec, daemons: PrivateLibvirt, folder: Path) -> None:
    host.close()
    second = again(daemons, folder)
    assert second.power_state(guest.server_id) is PowerState.RUNNING
    held = second.holdings()
    assert held.disks == {guest.server_id}
    assert held.ports == {guest.nics[0].port_id}
    second.close()
    host.start()


def test_t_api11_nothing_it_finds_stops_the_start(
    host: LocalHost, guest: GuestSpec, daemons: PrivateLibvirt, folder: Path
) -> None:
    connection = libvirt.open(daemons.uri)
    foreign = f"""<domain type="qemu"><name>micronova-not-an-id</name><memory>65536</memory><vcpu>1</vcpu>
      <metadata><m:server xmlns:m="https://micronova.dev/xmlns/domain/1.0" id="../../etc">junk</m:server></metadata>
      <os><type>hvm</type></os><devices><disk type="file"><source file="{folder}/gone"/><target dev="vda"/></disk>
      </devices></domain>"""
    unreadable = connection.defineXML(foreign)
    ownerless = connection.defineXML(foreign.replace("micronova-not-an-id", domain_name(ServerId(new_uuid()))))
    (folder / "host/ports" / f"{new_uuid()}.json").write_bytes(b"\xff not json")
    (folder / "host/kvm-probe.json").write_bytes(b"\xff not json")
    (folder / "instances" / guest.server_id / "disks.json").write_bytes(b"\xff not json")
    (folder / "instances/stranger").mkdir()
    (folder / "instances/_base/.half.part").write_bytes(b"half")
    host.close()
    second = again(daemons, folder)
    try:
        held = second.holdings()
        assert held.domains[guest.server_id] is PowerState.RUNNING
        assert "domain micronova-not-an-id" in held.unknown
        assert str(folder / "instances/stranger") in held.unknown
        assert not (folder / "instances/_base/.half.part").exists()
        # That one server's trouble is said where it is met, and others go on.
        with pytest.raises(MicronovaError):
            second.ensure_disks(guest.server_id, [DiskSpec(role=DiskRole.SWAP, size_bytes=1 << 20)], NoCancel())
    finally:
        second.close()
        unreadable.undefine()
        ownerless.undefine()
        connection.close()
        host.start()


def test_a_missing_disk_is_that_servers_fault(host: LocalHost, guest: GuestSpec, folder: Path) -> None:
    host.remove_domain(guest.server_id)
    Path(guest.disks[0].location).unlink()
    with pytest.raises(OurFault):
        host.ensure_running(guest)


def test_t_net4_filters_come_back_with_the_host(
    host: LocalHost, guest: GuestSpec, daemons: PrivateLibvirt, folder: Path
) -> None:
    """As after a reboot, when nothing is in the kernel: the same rules as before."""
    before = rules()
    Nftables().apply(ruleset.forbid(guest.nics[0].port_id))
    assert tap_name(guest.nics[0].port_id) not in rules()
    host.close()
    second = again(daemons, folder)
    assert _chain(rules(), guest) == _chain(before, guest)
    second.close()
    host.start()


def _chain(text: str, guest: GuestSpec) -> str:
    start = text.index(f"chain {tap_name(guest.nics[0].port_id)} ")
    return text[start : text.index("}", start)]


def test_an_address_that_moved_is_given_by_dhcp(host: LocalHost, guest: GuestSpec) -> None:
    [nic] = guest.nics
    moved = replace(nic, fixed_ips=("100.95.3.11",))
    host.ensure_nics(guest.server_id, [moved])
    assert "ip='100.95.3.11'" in _network_xml(host) and "ip='100.95.3.10'" not in _network_xml(host)
    host.ensure_nics(guest.server_id, [nic])
    assert "ip='100.95.3.10'" in _network_xml(host)


def _network_xml(host: LocalHost) -> str:
    found: str = host._connection.call("look", lambda c: c.networkLookupByUUIDString(NETWORK.id).XMLDesc())
    return found


def test_networks_come_and_go_twice(host: LocalHost) -> None:
    nic = Nic(port_id=PortId(new_uuid()), mac_address="fa:16:3e:cc:00:09", network=NETWORK, fixed_ips=("100.95.3.9",))
    for _ in range(2):
        host.ensure_nics(ServerId(new_uuid()), [nic])
        host.remove_nics(ServerId(new_uuid()), [nic])
        assert bridge_name(NETWORK.id) in routes()
        host.remove_network(NETWORK.id)
        host.remove_network(NETWORK.id)
    assert bridge_name(NETWORK.id) not in routes()
    assert not Path("/sys/class/net", bridge_name(NETWORK.id)).exists()


def test_a_network_is_removed_by_its_id_alone_whatever_is_left_of_it(
    host: LocalHost, daemons: PrivateLibvirt, folder: Path
) -> None:
    """By another process, after its libvirt network and one of its rules' chains were taken away by hand."""
    server_id = ServerId(new_uuid())
    nic = Nic(port_id=PortId(new_uuid()), mac_address="fa:16:3e:cc:00:08", network=NETWORK, fixed_ips=("100.95.3.8",))
    host.ensure_nics(server_id, [nic])
    host.remove_nics(server_id, [nic])
    host._connection.call("take down", lambda c: c.networkLookupByUUIDString(NETWORK.id).destroy())
    bridge = bridge_name(NETWORK.id)
    Nftables().apply(f'delete element {routing.TABLE} uplinks {{ "{bridge}" }}\n')
    host.close()
    second = again(daemons, folder)
    assert second.holdings().networks == {NETWORK.id}
    second.remove_network(NETWORK.id)
    assert second.holdings().networks == frozenset()
    assert bridge not in routes()
    second.close()
    host.start()


def test_another_micronovas_network_is_neither_counted_nor_removed(host: LocalHost, daemons: PrivateLibvirt) -> None:
    """Two state folders on one libvirt and one kernel."""
    server_id = ServerId(new_uuid())
    nic = Nic(port_id=PortId(new_uuid()), mac_address="fa:16:3e:cc:00:07", network=NETWORK, fixed_ips=("100.95.3.7",))
    host.ensure_nics(server_id, [nic])
    try:
        with open_folder() as folder:
            other = again(daemons, folder)
            assert other.holdings().networks == frozenset()
            other.remove_network(NETWORK.id)
            other.close()
        assert "ip='100.95.3.7'" in _network_xml(host)
        assert bridge_name(NETWORK.id) in routes()
    finally:
        host.remove_nics(server_id, [nic])
        host.remove_network(NETWORK.id)


def test_a_state_folder_that_qemu_cannot_enter_is_refused_with_the_remedy(daemons: PrivateLibvirt) -> None:
    with open_folder() as parent:
        parent.chmod(0o700)
        host = make_host(daemons, parent / "state", CountingSource())
        with pytest.raises(OurFault, match="chmod o\\+x"):
            host.start()
        host.close()


def test_no_libvirt_is_said_with_its_address(folder: Path) -> None:
    host = LocalHost(
        LocalHostConfig(
            name=HostName("h"),
            uri=f"qemu+unix:///system?socket={folder}/nobody",
            state_dir=folder,
            instances_dir=folder / "instances",
        ),
        CountingSource(),
    )
    with pytest.raises(HostUnreachable, match="nobody"):
        host.start()
    assert any("start libvirtd" in complaint for complaint in host.health())
    host.close()


def test_a_wrong_virt_type_is_refused_with_what_there_is(daemons: PrivateLibvirt, folder: Path) -> None:
    host = make_host(daemons, folder, CountingSource(), virt_type="xen")
    with pytest.raises(OurFault, match="offers"):
        host.start()
    host.close()


def test_the_probe_says_yes_where_a_guest_runs(host: LocalHost) -> None:
    """Under emulation, which every machine has: so a no of KVM's is KVM's."""
    verdict = kvm_probe.probe(
        host._connection, host._layout, arch="x86_64", emulator="/usr/bin/qemu-system-x86_64", virt_type="qemu"
    )
    assert verdict == kvm_probe.Verdict(works=True)


@pytest.mark.skipif(not Path("/dev/kvm").exists(), reason="needs /dev/kvm")
def test_unset_virt_type_is_what_the_probe_found_and_says_why(daemons: PrivateLibvirt, folder: Path) -> None:
    host = make_host(daemons, folder, CountingSource(), virt_type=None)
    host.start()
    facts = host.facts()
    kept = (folder / "host/kvm-probe.json").read_text() if (folder / "host/kvm-probe.json").exists() else ""
    if facts.virt_type == "kvm":
        assert '"works":true' in kept and not facts.notes
    else:
        assert any("KVM" in note or "/dev/kvm" in note for note in facts.notes)
    host.close()
