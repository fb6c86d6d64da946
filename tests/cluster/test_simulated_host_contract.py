"""The simulated host keeps the contract of all hosts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from micronova.host.interface import Host
from micronova.host.simulated import SimulatedHost
from micronova.model.ids import HostName
from tests.host_contract import CountingSource, HostContract


class TestSimulatedHost(HostContract):
    """Every test of the contract, on a simulated host."""

    @pytest.fixture
    def host(self, tmp_path: Path, image_source: CountingSource) -> Iterator[Host]:
        """A fresh simulated host."""
        host = SimulatedHost(HostName("simulated-001"), tmp_path, image_source)
        host.start()
        yield host
        host.close()
