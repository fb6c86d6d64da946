"""The network cards of guests on this host: on NAT networks with filters, or each with a user-mode network."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from typing import Protocol

from micronova.host.interface import NetworkSpec, Nic
from micronova.host.libvirt.networks import Networks
from micronova.host.locks import KeyedLocks
from micronova.host.network import nat, routing, ruleset
from micronova.host.network.names import network_name
from micronova.host.network.nftables import Nftables
from micronova.host.network.port_records import PortRecord, PortRecords
from micronova.host.storage.layout import Layout
from micronova.model.errors import MicronovaError
from micronova.model.ids import NetworkId, PortId, ServerId

_log = logging.getLogger(__name__)


class PortNetwork(Protocol):
    """What gives guests their network."""

    @property
    def user_backend(self) -> str | None:
        """How user-mode networking is done, or None where networks are the host's."""

    @property
    def notes(self) -> Sequence[str]:
        """For the operator."""

    def start(self) -> None:
        """Make ready; what was promised to ports before a reboot holds again."""

    def ensure(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """Have networks, addresses and filters of these ports ready."""

    def remove(self, nics: Sequence[Nic]) -> None:
        """Take that back."""

    def remove_network(self, network: NetworkSpec) -> None:
        """Take down a network."""

    def ports(self) -> frozenset[PortId]:
        """Ports that have anything here."""

    def complaints(self) -> Sequence[str]:
        """What is wrong, with the remedy."""


class NatNetworks:
    """libvirt's NAT networks and DHCP, with our own filter on every port."""

    user_backend: str | None = None
    notes: Sequence[str] = ()

    def __init__(self, layout: Layout, networks: Networks) -> None:
        self._networks = networks
        self._records = PortRecords(layout.ports)
        self._nft = Nftables()
        self._locks = KeyedLocks()
        self._up: dict[NetworkId, NetworkSpec] = {}

    def start(self) -> None:
        """See PortNetwork."""
        self._records.prepare()
        self._restore_rules()

    def ensure(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """See PortNetwork.  The record comes first, so that nothing is here without an owner; then the filter."""
        if not nics:
            return
        for nic in nics:
            self._records.put(PortRecord(server_id=server_id, nic=nic))
        self._nft.apply("".join(ruleset.allow(nic) for nic in nics))
        for nic in nics:
            with self._locks.holding(nic.network.id):
                self._ensure_addresses(nic)

    def remove(self, nics: Sequence[Nic]) -> None:
        """See PortNetwork."""
        if not nics:
            return
        for nic in nics:
            with self._locks.holding(nic.network.id):
                for host in nat.dhcp_hosts(nic):
                    self._networks.remove_host(network_name(nic.network.id), host)
        self._nft.apply("".join(ruleset.forbid(nic.port_id) for nic in nics))
        for nic in nics:
            self._records.remove(nic.port_id)

    def remove_network(self, network: NetworkSpec) -> None:
        """See PortNetwork."""
        with self._locks.holding(network.id):
            self._up.pop(network.id, None)
            self._networks.remove(network_name(network.id))
            self._nft.apply(routing.forbid(network))

    def ports(self) -> frozenset[PortId]:
        """See PortNetwork."""
        return self._records.ids()

    def complaints(self) -> Sequence[str]:
        """See PortNetwork.  Rules that somebody flushed are put back, and that is said."""
        missing = [table for table in (ruleset.TABLE, routing.TABLE) if not self._nft.has_table(table)]
        if not missing:
            return []
        self._restore_rules()
        return [f"nftables had lost {', '.join(missing)}, now put back: find out what flushes the rule set."]

    def _ensure_addresses(self, nic: Nic) -> None:
        """The network is asked for once, and again only if it does not take the entry: it may have been taken down."""
        if self._up.get(nic.network.id) == nic.network:
            try:
                self._give_addresses(nic)
                return
            except MicronovaError as err:
                _log.warning("network %s: %s; bringing it up again", nic.network.id, err)
        self._networks.ensure_up(nat.network(nic.network))
        self._nft.apply(routing.allow(nic.network))
        self._up[nic.network.id] = nic.network
        self._give_addresses(nic)

    def _give_addresses(self, nic: Nic) -> None:
        for host in nat.dhcp_hosts(nic):
            self._networks.ensure_host(network_name(nic.network.id), host)

    def _restore_rules(self) -> None:
        """The bases, every port's chain and every network's, in one transaction."""
        nics = []
        for port_id, record in self._records.read():
            if record is None:
                _log.error("the record of port %s cannot be read: its guest stays cut off", port_id)
            else:
                nics.append(record.nic)
        networks = {nic.network.id: nic.network for nic in nics}
        commands = [ruleset.BASE, routing.BASE]
        commands += [routing.allow(network) for network in networks.values()]
        commands += [ruleset.allow(nic) for nic in nics]
        self._nft.apply("".join(commands))
        self._up.clear()


class UserNetworks:
    """User-mode networking, for a libvirt that runs as a user: each card has a network of its own."""

    def __init__(self, layout: Layout) -> None:
        self._records = PortRecords(layout.ports)
        self.user_backend: str | None = "passt" if shutil.which("passt") else "slirp"
        self.notes: Sequence[str] = (
            f"Networks are user-mode ({self.user_backend}): guests reach the outside, and nobody reaches them.",
        )

    def start(self) -> None:
        """See PortNetwork."""
        self._records.prepare()

    def ensure(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """See PortNetwork."""
        for nic in nics:
            self._records.put(PortRecord(server_id=server_id, nic=nic))

    def remove(self, nics: Sequence[Nic]) -> None:
        """See PortNetwork."""
        for nic in nics:
            self._records.remove(nic.port_id)

    def remove_network(self, network: NetworkSpec) -> None:
        """See PortNetwork."""

    def ports(self) -> frozenset[PortId]:
        """See PortNetwork."""
        return self._records.ids()

    def complaints(self) -> Sequence[str]:
        """See PortNetwork."""
        return []
