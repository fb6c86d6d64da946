"""The hosts that this process reaches by itself: this machine's, or simulated ones."""

from __future__ import annotations

from collections.abc import Sequence

from micronova.host.interface import Host
from micronova.model.errors import HostUnreachable
from micronova.model.ids import HostName


class KnownHosts:
    """Implements ``micronova.host.interface.Hosts`` for a fixed set."""

    def __init__(self, hosts: Sequence[Host]) -> None:
        self._hosts = {host.name: host for host in hosts}

    def get(self, name: HostName) -> Host:
        """The host of that name.  Raises HostUnreachable if this process does not have it."""
        host = self._hosts.get(name)
        if host is None:
            raise HostUnreachable("The server's host does not answer.", detail=f"host {name} is not of this process")
        return host

    def names(self) -> Sequence[HostName]:
        """Their names."""
        return tuple(self._hosts)

    def all(self) -> Sequence[Host]:
        """The hosts themselves."""
        return tuple(self._hosts.values())
