"""Audits by the clock; what is found twice in a row is repaired, what cannot be is shown in /healthz."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from micronova.compute.reconcile.audit import Finding, audit, repair
from micronova.compute.reconcile.loop import Loop
from micronova.db.database import Database
from micronova.host.interface import Host

log = logging.getLogger(__name__)

INTERVAL_S = 300.0


class Auditor:
    """Looks at the hosts of this process and at the database."""

    def __init__(self, database: Database, hosts: Sequence[Host], interval_s: float = INTERVAL_S) -> None:
        self._db = database
        self._hosts = hosts
        self._suspects: frozenset[Finding] = frozenset()
        self._left: Sequence[Finding] = ()
        self._loop = Loop("audit", self.look, interval_s)

    def start(self) -> None:
        """Look now and then by the clock."""
        self._loop.start()
        self._loop.wake()

    def stop(self) -> None:
        """No further looks."""
        self._loop.stop()

    @property
    def left(self) -> Sequence[Finding]:
        """What the last look found and could not repair."""
        return self._left

    def look(self) -> None:
        """One round.  Once is a suspicion (something may have been on its way), twice is a fact."""
        found = audit(self._db, self._hosts)
        facts = [finding for finding in found if finding in self._suspects]
        for finding in found:
            if finding not in self._suspects:
                log.info("audit: %s", finding)
        self._suspects = frozenset(found)
        self._left = tuple(repair(self._db, self._hosts, facts))
        for finding in self._left:
            log.warning("audit: %s: needs a person", finding)
