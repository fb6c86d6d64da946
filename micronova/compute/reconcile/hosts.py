"""Keeps services, hypervisors and resource providers as the hosts of this process are, and says that they live."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from sqlalchemy.engine import Connection

from micronova.compute import host_registry
from micronova.compute.reconcile.loop import Loop
from micronova.db.database import Database
from micronova.host.interface import Host, HostFacts, HostUsage
from micronova.model.errors import HostUnreachable
from micronova.model.ids import HostName
from micronova.placement import providers
from micronova.placement.host_inventory import Ratios, inventories_of

log = logging.getLogger(__name__)

# Facts (CPUs, disk size, traits) change rarely; they are read again this often.
FACTS_INTERVAL_S = 60.0


class HostReporter:
    """Reports the local hosts at start, and then every ``interval_s``.

    A host that does not answer is not reported, so that after service_down_time it is down and gets no servers.
    """

    def __init__(
        self, database: Database, hosts: Sequence[Host], ratios: Ratios, interval_s: float, *, control: HostName
    ) -> None:
        self._db = database
        self._control = control  # this machine: where the control plane's own services are
        self._hosts = hosts
        self._ratios = ratios
        self._facts_at: dict[HostName, float] = {}
        self._loop = Loop("host reporter", self.report, interval_s)

    def start(self) -> None:
        """Report at once, then by the clock."""
        self._db.transact(lambda c: host_registry.register_control(c, self._control))
        self.report()
        self._loop.start()

    def stop(self) -> None:
        """No further reports; the hosts go down by themselves after service_down_time."""
        self._loop.stop()

    def report(self) -> None:
        """One round: facts of those that are due, a sign of life for the others."""
        now = time.monotonic()
        full: list[tuple[HostFacts, HostUsage]] = []
        alive: list[tuple[HostName, HostUsage]] = []
        for host in self._hosts:
            try:
                if now - self._facts_at.get(host.name, -FACTS_INTERVAL_S) >= FACTS_INTERVAL_S:
                    full.append((host.facts(), host.usage()))
                else:
                    alive.append((host.name, host.usage()))
            except HostUnreachable as err:
                self._facts_at.pop(host.name, None)
                log.warning("host %s is not reported: %s", host.name, err)

        def work(c: Connection) -> None:
            host_registry.heartbeat(c, self._control)
            for facts, usage in full:
                self._register(c, facts, usage)
            for name, usage in alive:
                host_registry.heartbeat(c, name, usage)

        self._db.transact(work)
        for facts, _ in full:
            self._facts_at[facts.hostname] = now

    def _register(self, c: Connection, facts: HostFacts, usage: HostUsage) -> None:
        node = host_registry.register(c, facts, usage)
        provider = providers.ensure_provider(c, name=facts.hostname, uuid=node.uuid)
        providers.set_inventories(
            c, provider, inventories_of(facts, self._ratios, providers.inventories_of(c, provider))
        )
        providers.set_traits(c, provider, facts.traits)
