"""Guests to domains: golden, and valid by libvirt's own schema."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronova.host.interface import Disk, DiskRole, GuestSpec, NetworkSpec, Nic
from micronova.host.platform import metadata
from micronova.host.platform.domain import domain, domain_name, looks_like_ours, owner
from micronova.host.platform.host_platform import HostPlatform, PlatformSettings
from micronova.host.platform.sources import DiskSource, FileChain
from micronova.libvirtxml.domain import Domain
from micronova.model.errors import Unsupported
from micronova.model.ids import NetworkId, PortId, ServerId
from tests.xml.golden import assert_golden
from tests.xml.schemas import assert_valid

SERVER = ServerId("5f9a4c1e-6f0f-4b0e-8a3e-0c6f2f1f0001")
FOLDER = f"/srv/instances/{SERVER}"
BASE = FileChain(path="/srv/instances/_base/image.qcow2", format="qcow2")

HOST = HostPlatform(
    arch="x86_64",
    emulator="/usr/bin/qemu-system-x86_64",
    virt_type="qemu",
    cpu_modes=frozenset({"host-model", "custom", "maximum"}),
)


def source(role: DiskRole, index: int = 0, form: str = "raw", backing: FileChain | None = None) -> DiskSource:
    """A disk's files."""
    name = "config.iso" if role is DiskRole.CONFIG else f"{role}{index}"
    return DiskSource(role=role, index=index, chain=FileChain(path=f"{FOLDER}/{name}", format=form, backing=backing))


ROOT = source(DiskRole.ROOT, form="qcow2", backing=BASE)
ALL_DISKS = (ROOT, source(DiskRole.EPHEMERAL), source(DiskRole.SWAP), source(DiskRole.CONFIG))


def nic(number: int) -> Nic:
    """A port."""
    network = NetworkSpec(
        id=NetworkId("0d1f7a52-95a5-4a49-9a66-4d0c6a2a0001"), name="n", cidr="10.0.0.0/24", gateway_ip="10.0.0.1"
    )
    return Nic(
        port_id=PortId(f"7c0e2f4a-{number:04x}-4a49-9a66-4d0c6a2a0001"),
        mac_address=f"fa:16:3e:00:00:{number:02x}",
        network=network,
        fixed_ips=(f"10.0.0.{number + 9}",),
    )


def guest(**properties: str) -> GuestSpec:
    """A guest with these image properties."""
    return GuestSpec(
        server_id=SERVER,
        name='web <1> & "co" ]]> ${x}',
        project_id="a" * 32,
        user_name="ann",
        flavor_name="m1.small",
        vcpus=2,
        memory_mib=512,
        disks=tuple(
            Disk(role=s.role, index=s.index, format=s.chain.format, backend="x", location=s.chain.path, size_bytes=1)
            for s in ALL_DISKS
        ),
        nics=(nic(1), nic(2)),
        image_properties=properties,
    )


@dataclass(frozen=True)
class Case:
    """What is asked, where, and with which disks."""

    guest: GuestSpec = field(default_factory=guest)
    host: HostPlatform = HOST
    sources: tuple[DiskSource, ...] = (ROOT,)


def on(**changes: object) -> HostPlatform:
    """HOST, changed."""
    return replace(HOST, **changes)  # type: ignore[arg-type]


def having(**settings: object) -> HostPlatform:
    """HOST with these settings."""
    return on(settings=PlatformSettings(**settings))  # type: ignore[arg-type]


RNG = {"hw_rng_model": "virtio"}

CASES = {
    "plain": Case(),
    "all-disks": Case(sources=ALL_DISKS),
    "kvm": Case(host=on(virt_type="kvm", cpu_modes=frozenset({"host-passthrough", "host-model", "custom"}))),
    "q35-uefi-agent": Case(
        guest=guest(hw_machine_type="q35", hw_firmware_type="uefi", hw_qemu_guest_agent="yes"), sources=ALL_DISKS
    ),
    "scsi-disks": Case(guest=guest(hw_disk_bus="scsi"), sources=ALL_DISKS),
    "ide-disks": Case(guest=guest(hw_disk_bus="ide"), sources=ALL_DISKS),
    "rng": Case(guest=guest(**RNG)),
    "rng-with-rate": Case(guest=replace(guest(**RNG), extra_specs={"hw_rng:rate_bytes": "1024"})),
    "rng-not-allowed": Case(guest=replace(guest(**RNG), extra_specs={"hw_rng:allowed": "False"})),
    "windows": Case(guest=guest(os_type="windows", hw_video_model="qxl")),
    "no-screen-no-statistics": Case(host=having(vnc=False, mem_stats_period_seconds=0)),
    "cpu-none": Case(host=having(cpu_mode="none")),
    "cpu-custom": Case(
        host=having(cpu_mode="custom", cpu_models=("Nehalem",), cpu_model_extra_flags=("+aes", "-vmx", "pcid"))
    ),
    "session-passt": Case(host=on(user_network="passt", private_labels=False, direct_io=False)),
    "session-slirp": Case(host=on(user_network="slirp", private_labels=False)),
}


def made(case: Case) -> Domain:
    """The case's domain."""
    return domain(case.guest, case.sources, f"{FOLDER}/console.log", case.host)


@pytest.mark.parametrize("name", CASES)
def test_domain(name: str) -> None:
    xml = made(CASES[name]).to_xml()
    assert_valid(xml, "domain.rng")
    assert_golden(xml, f"domain-{name}.xml")


@pytest.mark.parametrize("name", CASES)
def test_what_was_written_reads_the_same(name: str) -> None:
    first = made(CASES[name])
    assert Domain.parse(first.to_xml()) == first


@given(st.text(), st.text(), st.text())
def test_t_net2_hostile_names_stay_text(name: str, user: str, flavor: str) -> None:
    hostile = replace(guest(), name=name, user_name=user, flavor_name=flavor)
    made_domain = Domain.parse(made(Case(guest=hostile)).to_xml())
    assert len(made_domain.node.findall("devices")) == 1
    server = metadata.read(made_domain)
    assert server is not None and server.id == SERVER
    assert len(server.node) == 6


@given(st.text())
def test_t_img8_formats_are_always_explicit(name: str) -> None:
    devices = made(Case(guest=replace(guest(), name=name), sources=ALL_DISKS)).devices
    assert devices is not None
    for disk in devices.disks:
        assert disk.driver_type in ("raw", "qcow2")
        assert disk.backing_store is not None


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (Case(guest=guest(hw_disk_bus="carrier-pigeon")), "hw_disk_bus=carrier-pigeon"),
        (Case(host=having(cpu_mode="host-passthrough")), "host-passthrough"),
        (Case(host=having(cpu_mode="custom")), "cpu_models"),
        (Case(sources=tuple(source(DiskRole.EPHEMERAL, n) for n in range(27))), "26 disks"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(case: Case, words: str) -> None:
    with pytest.raises(Unsupported) as caught:
        made(case)
    assert words in str(caught.value)


def test_names_of_domains_tell_their_owner() -> None:
    assert owner(domain_name(SERVER)) == SERVER
    assert owner("micronova-nonsense") is None and looks_like_ours("micronova-nonsense")
    assert owner(SERVER) is None and not looks_like_ours("instance-00000001")
