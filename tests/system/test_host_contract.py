"""The host on real libvirt and QEMU keeps the contract of all hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from micronova.host.interface import NetworkSpec
from micronova.host.local import LocalHost
from micronova.model.ids import NetworkId, new_uuid
from tests.host_contract import CountingSource, HostContract
from tests.private_libvirt import PrivateLibvirt
from tests.real_host import make_host, open_folder, private_libvirt

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def daemons() -> Iterator[PrivateLibvirt]:
    """One libvirtd for all tests here."""
    with private_libvirt() as daemons:
        yield daemons


class TestLocalHost(HostContract):
    """Every test of the contract, on qcow2 disks."""

    images_type = "qcow2"

    @pytest.fixture
    def host(self, daemons: PrivateLibvirt, image_source: CountingSource) -> Iterator[LocalHost]:
        """A started host without guests."""
        with open_folder() as folder:
            host = make_host(daemons, folder, image_source, images_type=self.images_type)
            host.start()
            yield host
            host.close()

    @pytest.fixture
    def network(self, host: LocalHost) -> Iterator[NetworkSpec]:
        """A network that goes away with the test."""
        network = NetworkSpec(id=NetworkId(new_uuid()), name="contract", cidr="100.95.1.0/24", gateway_ip="100.95.1.1")
        yield network
        host.remove_network(network.id)


class TestFlatDisks(TestLocalHost):
    """The same on flat disks."""

    images_type = "flat"
