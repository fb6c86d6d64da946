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
from micronova.host.network.records import PortRecord, Records
from micronova.host.storage.layout import Layout
from micronova.model.errors import MicronovaError, OurFault
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

    def remove_network(self, network_id: NetworkId) -> None:
        """Take down a network that has no ports here."""

    def ports(self) -> frozenset[PortId]:
        """Ports that have anything here."""

    def networks(self) -> frozenset[NetworkId]:
        """Networks that have anything here."""

    def complaints(self) -> Sequence[str]:
        """What is wrong, with the remedy."""


class NatNetworks:
    """libvirt's NAT networks and DHCP, with our own filter on every port."""

    user_backend: str | None = None
    notes: Sequence[str] = ()

    def __init__(self, layout: Layout, networks: Networks) -> None:
        self._networks = networks
        self._ports = Records(layout.ports, PortRecord, PortId)
        self._made = Records(layout.networks, NetworkSpec, NetworkId)
        self._nft = Nftables()
        self._locks = KeyedLocks()
        self._up: dict[NetworkId, NetworkSpec] = {}

    def start(self) -> None:
        """See PortNetwork."""
        self._ports.prepare()
        self._made.prepare()
        self._restore_rules()

    def ensure(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """See PortNetwork.  The record comes first, so that nothing is here without an owner; then the filter."""
        if not nics:
            return
        for nic in nics:
            self._ports.put(nic.port_id, PortRecord(server_id=server_id, nic=nic))
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
            self._ports.remove(nic.port_id)

    def remove_network(self, network_id: NetworkId) -> None:
        """See PortNetwork.  The record goes last; a network without one was not made by this micronova, and stays."""
        with self._locks.holding(network_id):
            if not self._made.has(network_id):
                return
            for port_id, record in self._ports.read():
                if record is not None and record.nic.network.id == network_id:
                    raise OurFault(
                        "The host could not do its work.",
                        detail=f"remove_network of {network_id} before remove_nics of port {port_id}",
                        code="order",
                    )
            self._up.pop(network_id, None)
            self._networks.remove(network_name(network_id))
            self._nft.apply(routing.forbid(network_id))
            self._made.remove(network_id)

    def ports(self) -> frozenset[PortId]:
        """See PortNetwork."""
        return self._ports.ids()

    def networks(self) -> frozenset[NetworkId]:
        """See PortNetwork."""
        return self._made.ids()

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
        element = nat.network(nic.network)
        self._made.put(nic.network.id, nic.network)
        self._networks.ensure_up(element)
        self._nft.apply(routing.allow(nic.network))
        self._up[nic.network.id] = nic.network
        self._give_addresses(nic)

    def _give_addresses(self, nic: Nic) -> None:
        for host in nat.dhcp_hosts(nic):
            self._networks.ensure_host(network_name(nic.network.id), host)

    def _restore_rules(self) -> None:
        """The bases, every port's chain and every network's, in one transaction."""
        nics = []
        for port_id, record in self._ports.read():
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
        self._ports = Records(layout.ports, PortRecord, PortId)
        self.user_backend: str | None = "passt" if shutil.which("passt") else "slirp"
        self.notes: Sequence[str] = (
            f"Networks are user-mode ({self.user_backend}): guests reach the outside, and nobody reaches them.",
        )

    def start(self) -> None:
        """See PortNetwork."""
        self._ports.prepare()

    def ensure(self, server_id: ServerId, nics: Sequence[Nic]) -> None:
        """See PortNetwork."""
        for nic in nics:
            self._ports.put(nic.port_id, PortRecord(server_id=server_id, nic=nic))

    def remove(self, nics: Sequence[Nic]) -> None:
        """See PortNetwork."""
        for nic in nics:
            self._ports.remove(nic.port_id)

    def remove_network(self, network_id: NetworkId) -> None:
        """See PortNetwork.  A card's network goes with the card."""

    def ports(self) -> frozenset[PortId]:
        """See PortNetwork."""
        return self._ports.ids()

    def networks(self) -> frozenset[NetworkId]:
        """See PortNetwork.  The host has none."""
        return frozenset()

    def complaints(self) -> Sequence[str]:
        """See PortNetwork."""
        return []
