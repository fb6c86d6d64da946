"""A deleted network is taken down on every host of the process; a host that is away does not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from micronova.app import Assembly, Micronova
from micronova.host.interface import NetworkSpec, Nic
from micronova.host.simulated import SimulatedHost
from micronova.model.ids import NetworkId, PortId, ServerId, new_uuid
from micronova.network.api import Networking
from micronova.settings import load
from micronova.state_dir import StateDir

NETWORK = NetworkSpec(id=NetworkId(new_uuid()), name="n", cidr="10.0.0.0/24", gateway_ip="10.0.0.1")


@pytest.fixture
def micronova(tmp_path: Path) -> Iterator[Micronova]:
    """One with three simulated hosts."""
    settings = load((), {"DEFAULT.state_path": str(tmp_path / "state")}).settings
    state = StateDir(tmp_path / "state")
    made = Micronova(Assembly(settings=settings, state=state, listen_url="http://127.0.0.1:1", simulated_hosts=3))
    made.start()
    yield made
    made.stop(10)
    state.close()


def test_all_hosts_take_down_their_part(micronova: Micronova, caplog: pytest.LogCaptureFixture) -> None:
    hosts = [host for host in micronova.hosts.all() if isinstance(host, SimulatedHost)]
    assert len(hosts) == 3
    nic = Nic(port_id=PortId(new_uuid()), mac_address="fa:16:3e:00:00:01", network=NETWORK, fixed_ips=())
    server_id = ServerId(new_uuid())
    for host in hosts:
        host.ensure_nics(server_id, [nic])
        host.remove_nics(server_id, [nic])
    [network] = [service.api for service in micronova.services if isinstance(service.api, Networking)]
    away, *others = hosts
    away.set_reachable(False)
    with caplog.at_level(logging.WARNING, logger="micronova.app"):
        network.network_deleted(NETWORK.id)
    assert [host.holdings().networks for host in others] == [frozenset(), frozenset()]
    assert [record for record in caplog.records if away.name in record.message and NETWORK.id in record.message]
    away.set_reachable(True)
    assert away.holdings().networks == {NETWORK.id}
    network.network_deleted(NETWORK.id)
    assert away.holdings().networks == frozenset()
