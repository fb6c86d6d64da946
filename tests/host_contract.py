"""What every host must do, real or simulated: the sentences of ``micronova/host/interface.py`` as tests.

A subclass per kind of host gives the fixtures ``host`` (started, without guests), ``image`` and ``image_source`` (the
source that the host was made with), and may override ``network`` and the sizes.  It is collected under the subclass's
name only, since this class's name does not begin with "Test".
"""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import pytest

from micronova.host.interface import (
    Disk,
    DiskRole,
    DiskSpec,
    GuestSpec,
    Host,
    ImageRef,
    NetworkSpec,
    Nic,
    PowerEvent,
    PowerState,
)
from micronova.model.errors import Conflict, Invalid, MicronovaError, NotFound, OurFault
from micronova.model.ids import ImageId, NetworkId, PortId, ServerId, new_uuid

MIB = 1024 * 1024


class NoCancel:
    """Nobody asks to stop."""

    def check(self) -> None:
        """Go on."""


class CancelNow:
    """Somebody asked to stop before it began."""

    def check(self) -> None:
        """Stop."""
        raise Conflict("cancelled", code="cancelled")


@dataclass
class CountingSource:
    """An ImageSource of bytes in memory that counts its downloads and can pause them."""

    contents: dict[ImageId, bytes] = field(default_factory=dict)
    opened: list[ImageId] = field(default_factory=list)

    def local_path(self, image_id: ImageId) -> Path | None:
        """There are no files."""
        return None

    def open(self, image_id: ImageId) -> BinaryIO:
        """The bytes."""
        if image_id not in self.contents:
            raise NotFound(f"Image {image_id} could not be found.")
        self.opened.append(image_id)
        return io.BytesIO(self.contents[image_id])


def image_of(content: bytes, disk_format: str = "raw", virtual_size: int = 0) -> ImageRef:
    """An image with these bytes; a raw one is as large as its file."""
    return ImageRef(
        id=ImageId(new_uuid()),
        disk_format=disk_format,
        size=len(content),
        virtual_size=virtual_size or len(content),
        hash_algo="sha512",
        hash_value=hashlib.sha512(content).hexdigest(),
    )


def eventually(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "condition did not come true in time"
        time.sleep(0.02)


class HostContract:
    """The tests.  ``memory_mib`` and ``disk_bytes`` are those of each guest."""

    memory_mib = 64
    disk_bytes = 16 * MIB

    @pytest.fixture
    def image_source(self) -> CountingSource:
        """Where the host gets images."""
        return CountingSource()

    @pytest.fixture
    def image(self, image_source: CountingSource) -> ImageRef:
        """A small image that the source has."""
        content = b"micronova contract image".ljust(MIB, b"\0")
        image = image_of(content)
        image_source.contents[image.id] = content
        return image

    @pytest.fixture
    def network(self) -> NetworkSpec:
        """A network for the guests."""
        return NetworkSpec(id=NetworkId(new_uuid()), name="contract", cidr="192.0.2.0/24", gateway_ip="192.0.2.1")

    # Helpers

    def nic(self, network: NetworkSpec, last: int = 10) -> Nic:
        """A port with an address that ends in ``last``."""
        base = network.cidr.rsplit(".", 1)[0]
        return Nic(
            port_id=PortId(new_uuid()),
            mac_address=f"fa:16:3e:00:{last // 256:02x}:{last % 256:02x}",
            network=network,
            fixed_ips=(f"{base}.{last}",),
            hostname=f"guest-{last}",
        )

    def disks(self, host: Host, server_id: ServerId, image: ImageRef) -> Sequence[Disk]:
        """Image and root disk made."""
        host.ensure_image(image, NoCancel())
        return host.ensure_disks(server_id, [self.root(image)], NoCancel())

    def root(self, image: ImageRef | None) -> DiskSpec:
        """A root disk's wish."""
        return DiskSpec(role=DiskRole.ROOT, size_bytes=self.disk_bytes, image=image)

    def guest(self, server_id: ServerId, disks: Sequence[Disk], nics: Sequence[Nic]) -> GuestSpec:
        """A guest with these parts."""
        return GuestSpec(
            server_id=server_id,
            name="contract",
            project_id="0" * 32,
            vcpus=1,
            memory_mib=self.memory_mib,
            disks=disks,
            nics=nics,
        )

    def prepared(self, host: Host, image: ImageRef, network: NetworkSpec, last: int = 10) -> GuestSpec:
        """A guest whose disks and ports are made, not yet running."""
        server_id = ServerId(new_uuid())
        nic = self.nic(network, last)
        host.ensure_nics(server_id, [nic])
        return self.guest(server_id, self.disks(host, server_id, image), [nic])

    @contextmanager
    def running(self, host: Host, image: ImageRef, network: NetworkSpec, last: int = 10) -> Iterator[GuestSpec]:
        """A running guest; gone at the end."""
        guest = self.prepared(host, image, network, last)
        try:
            host.ensure_running(guest)
            yield guest
        finally:
            self.remove(host, guest)

    def remove(self, host: Host, guest: GuestSpec) -> None:
        """Take everything away, in the order of an undo."""
        host.remove_domain(guest.server_id)
        host.remove_nics(guest.server_id, guest.nics)
        host.remove_disks(guest.server_id)

    def assert_nothing_left(self, host: Host, guest: GuestSpec) -> None:
        """The host has nothing of this guest."""
        holdings = host.holdings()
        assert guest.server_id not in holdings.domains
        assert guest.server_id not in holdings.disks
        assert not {nic.port_id for nic in guest.nics} & holdings.ports
        with pytest.raises(NotFound):
            host.power_state(guest.server_id)

    # What a host is

    def test_facts_are_those_of_a_machine(self, host: Host) -> None:
        facts = host.facts()
        assert facts.hostname == host.name
        assert facts.vcpus > 0
        assert facts.memory_mib > 0
        assert facts.disk_gib > 0
        assert facts.hypervisor_version > 1_000_000
        assert facts.virt_type in ("kvm", "qemu")
        assert facts.supported_instances

    def test_traits_are_os_traits(self, host: Host) -> None:
        import os_traits

        assert host.facts().traits <= set(os_traits.get_traits())

    def test_a_started_host_is_healthy(self, host: Host) -> None:
        assert list(host.health()) == []

    def test_starting_twice_is_starting_once(self, host: Host) -> None:
        host.start()
        assert host.facts().hostname == host.name

    # Images

    def test_an_image_is_fetched_once(self, host: Host, image: ImageRef, image_source: CountingSource) -> None:
        host.ensure_image(image, NoCancel())
        host.ensure_image(image, NoCancel())
        assert image_source.opened == [image.id]

    def test_many_who_ask_for_an_image_at_once_cause_one_download(
        self, host: Host, image: ImageRef, image_source: CountingSource
    ) -> None:
        barrier, failures = threading.Barrier(8), list[BaseException]()

        def ask() -> None:
            barrier.wait()
            try:
                host.ensure_image(image, NoCancel())
            except MicronovaError as err:
                failures.append(err)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert image_source.opened == [image.id]

    def test_an_image_with_a_wrong_hash_is_refused_and_not_cached(
        self, host: Host, image: ImageRef, image_source: CountingSource
    ) -> None:
        """T-IMG18."""
        wrong = replace(image, hash_value="0" * 128)
        for _ in range(2):
            with pytest.raises(Invalid):
                host.ensure_image(wrong, NoCancel())
        assert image_source.opened == [image.id, image.id]

    def test_an_image_that_is_cut_short_is_refused(
        self, host: Host, image: ImageRef, image_source: CountingSource
    ) -> None:
        image_source.contents[image.id] = image_source.contents[image.id][:-1]
        with pytest.raises(Invalid):
            host.ensure_image(image, NoCancel())

    def test_an_image_that_is_gone_is_not_found(self, host: Host, image: ImageRef) -> None:
        with pytest.raises(NotFound):
            host.ensure_image(replace(image, id=ImageId(new_uuid())), NoCancel())

    def test_fetching_an_image_stops_when_asked_to(self, host: Host, image: ImageRef) -> None:
        with pytest.raises(Conflict):
            host.ensure_image(image, CancelNow())

    # Disks

    def test_disks_are_made_once(self, host: Host, image: ImageRef) -> None:
        server_id = ServerId(new_uuid())
        try:
            first = self.disks(host, server_id, image)
            assert self.disks(host, server_id, image) == first
            [disk] = first
            assert (disk.role, disk.index, disk.size_bytes) == (DiskRole.ROOT, 0, self.disk_bytes)
            assert disk.format in ("raw", "qcow2")
            assert server_id in host.holdings().disks
        finally:
            host.remove_disks(server_id)
        assert server_id not in host.holdings().disks

    def test_an_empty_disk_and_several_disks(self, host: Host, image: ImageRef) -> None:
        server_id = ServerId(new_uuid())
        try:
            host.ensure_image(image, NoCancel())
            wishes = [
                self.root(image),
                DiskSpec(role=DiskRole.EPHEMERAL, index=0, size_bytes=MIB),
                DiskSpec(role=DiskRole.EPHEMERAL, index=1, size_bytes=MIB),
                DiskSpec(role=DiskRole.SWAP, size_bytes=MIB),
            ]
            made = host.ensure_disks(server_id, wishes, NoCancel())
            assert [(d.role, d.index) for d in made] == [(w.role, w.index) for w in wishes]
            assert len({d.location for d in made}) == len(made)
        finally:
            host.remove_disks(server_id)

    def test_an_image_larger_than_the_disk_is_refused(self, host: Host, image_source: CountingSource) -> None:
        """T-IMG4."""
        content = b"x" * (self.disk_bytes + MIB)
        image = image_of(content)
        image_source.contents[image.id] = content
        server_id = ServerId(new_uuid())
        host.ensure_image(image, NoCancel())
        try:
            with pytest.raises(Invalid):
                host.ensure_disks(server_id, [self.root(image)], NoCancel())
        finally:
            host.remove_disks(server_id)
        assert server_id not in host.holdings().disks

    def test_a_config_drive_is_a_disk_of_its_server(self, host: Host) -> None:
        server_id = ServerId(new_uuid())
        try:
            files = {"openstack/latest/meta_data.json": b"{}"}
            drive = host.ensure_config_drive(server_id, files)
            assert host.ensure_config_drive(server_id, files) == drive
            assert (drive.role, drive.format) == (DiskRole.CONFIG, "raw")
            assert server_id in host.holdings().disks
        finally:
            host.remove_disks(server_id)
        assert server_id not in host.holdings().disks

    # Networks

    def test_nics_are_made_and_taken_back(self, host: Host, network: NetworkSpec) -> None:
        server_id, nic = ServerId(new_uuid()), self.nic(network)
        try:
            host.ensure_nics(server_id, [nic])
            host.ensure_nics(server_id, [nic])
            assert nic.port_id in host.holdings().ports
        finally:
            host.remove_nics(server_id, [nic])
        assert nic.port_id not in host.holdings().ports

    def test_a_network_is_here_from_its_first_port_until_it_is_removed(self, host: Host, network: NetworkSpec) -> None:
        server_id, nic = ServerId(new_uuid()), self.nic(network)
        for _ in range(2):
            assert network.id not in host.holdings().networks
            host.ensure_nics(server_id, [nic])
            assert network.id in host.holdings().networks
            host.remove_nics(server_id, [nic])
            assert network.id in host.holdings().networks
            host.remove_network(network.id)
            host.remove_network(network.id)
        assert network.id not in host.holdings().networks

    def test_a_network_with_a_port_is_not_removed(self, host: Host, network: NetworkSpec) -> None:
        server_id, nic = ServerId(new_uuid()), self.nic(network)
        host.ensure_nics(server_id, [nic])
        try:
            with pytest.raises(OurFault) as refused:
                host.remove_network(network.id)
            assert refused.value.code == "order"
            assert network.id in host.holdings().networks
        finally:
            host.remove_nics(server_id, [nic])

    def test_removing_a_network_that_never_was_is_a_success(self, host: Host) -> None:
        host.remove_network(NetworkId(new_uuid()))

    # Guests

    def test_a_guest_runs_and_goes_without_a_trace(self, host: Host, image: ImageRef, network: NetworkSpec) -> None:
        with self.running(host, image, network) as guest:
            assert host.power_state(guest.server_id) is PowerState.RUNNING
            host.ensure_running(guest)
            assert host.power_state(guest.server_id) is PowerState.RUNNING
            holdings = host.holdings()
            assert holdings.domains[guest.server_id] is PowerState.RUNNING
            assert guest.nics[0].port_id in holdings.ports
            assert host.usage().running_vms >= 1
        self.assert_nothing_left(host, guest)

    def test_removing_twice_or_what_never_was_is_a_success(
        self, host: Host, image: ImageRef, network: NetworkSpec
    ) -> None:
        guest = self.prepared(host, image, network)
        self.remove(host, guest)
        self.remove(host, guest)
        self.remove(host, self.guest(ServerId(new_uuid()), (), [self.nic(network, 77)]))
        self.assert_nothing_left(host, guest)

    def test_a_domain_removed_leaves_disks_and_ports(self, host: Host, image: ImageRef, network: NetworkSpec) -> None:
        with self.running(host, image, network) as guest:
            host.remove_domain(guest.server_id)
            holdings = host.holdings()
            assert guest.server_id not in holdings.domains
            assert guest.server_id in holdings.disks
            host.ensure_running(guest)
            assert host.power_state(guest.server_id) is PowerState.RUNNING

    def test_power_events_tell_of_start_and_end(self, host: Host, image: ImageRef, network: NetworkSpec) -> None:
        events: list[PowerEvent] = []
        host.subscribe(events.append)
        with self.running(host, image, network) as guest:
            server_id = guest.server_id

            def states() -> list[PowerState]:
                return [event.state for event in list(events) if event.server_id == server_id]

            eventually(lambda: PowerState.RUNNING in states())
        eventually(lambda: states()[-1] is not PowerState.RUNNING)
        assert {event.host for event in events} == {host.name}

    def test_the_state_of_no_guest_is_not_found(self, host: Host) -> None:
        with pytest.raises(NotFound):
            host.power_state(ServerId(new_uuid()))

    def test_a_console_that_never_was_is_empty(self, host: Host) -> None:
        assert host.console_log(ServerId(new_uuid()), 1024) == b""

    def test_a_console_is_cut_to_its_tail(self, host: Host, image: ImageRef, network: NetworkSpec) -> None:
        with self.running(host, image, network) as guest:
            assert len(host.console_log(guest.server_id, 10)) <= 10

    def test_two_guests_do_not_touch_each_other(self, host: Host, image: ImageRef, network: NetworkSpec) -> None:
        with self.running(host, image, network, 11) as one:
            with self.running(host, image, network, 12) as two:
                assert host.power_state(two.server_id) is PowerState.RUNNING
            assert host.power_state(one.server_id) is PowerState.RUNNING
            assert one.server_id in host.holdings().disks
            assert one.nics[0].port_id in host.holdings().ports
