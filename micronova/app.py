"""The assembly: the only file that knows all parts.  Settings in, one started and stoppable micronova out."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from starlette.types import ASGIApp

from micronova import wiring
from micronova.bootstrap import bootstrap, host_routes
from micronova.compute import policies as compute_policies
from micronova.compute import routes as compute_routes
from micronova.compute.api import Compute, ServerOperations
from micronova.compute.operations.create_server import create_server
from micronova.compute.operations.delete_server import delete_server
from micronova.compute.reconcile.auditor import Auditor
from micronova.compute.reconcile.hosts import HostReporter
from micronova.compute.reconcile.power_states import PowerStates
from micronova.db.database import Database
from micronova.db.upgrade import upgrade
from micronova.host.interface import Host
from micronova.host.known import KnownHosts
from micronova.host.simulated import simulated_hosts
from micronova.host.simulated_faults import SimulatedSettings
from micronova.identity import policies as identity_policies
from micronova.identity import routes as identity_routes
from micronova.identity.api import Identity
from micronova.identity.keys import Keys, keys_in_database, keys_in_file
from micronova.image import policies as image_policies
from micronova.image import routes as image_routes
from micronova.image.api import Images
from micronova.image.recovery import recover
from micronova.image.store import ImageStore
from micronova.model.errors import MicronovaError
from micronova.model.ids import NetworkId
from micronova.network import policies as network_policies
from micronova.network import routes as network_routes
from micronova.network.api import Networking
from micronova.operations import Engine, Observer
from micronova.settings.settings import Settings
from micronova.state_dir import StateDir
from micronova.web.application import Application
from micronova.web.endpoint import Service
from micronova.web.front import Check, front
from micronova.web.policy import Policy

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """What a micronova is made of.  ``observer`` is for tests that kill or fail at a step."""

    settings: Settings
    state: StateDir
    listen_url: str
    public_url: str | None = None
    simulated_hosts: int = 0
    control_only: bool = False
    policy_file: Path | None = None
    observer: Observer | None = None


def open_database(settings: Settings, state: StateDir) -> Database:
    """``[database] connection``, or the embedded one in the state directory."""
    connection = settings.database.connection
    url = connection.reveal() if connection is not None else f"sqlite:///{state.path / 'micronova.db'}"
    return Database(url, pool_size=settings.database.max_pool_size)


@contextmanager
def opened(assembly: Assembly) -> Iterator[tuple[Database, Sequence[Host]]]:
    """Database and hosts alone, for commands that look at a stopped micronova."""
    database = open_database(assembly.settings, assembly.state)
    upgrade(database)
    hosts = _hosts(assembly, ImageStore(assembly.state.subdir("images")))
    try:
        for host in hosts:
            host.start()
        yield database, hosts
    finally:
        for host in hosts:
            host.close()
        database.close()


class Micronova:
    """All parts, put together.  ``start`` and ``stop`` once each; ``asgi`` answers in between."""

    def __init__(self, assembly: Assembly) -> None:
        settings, state = assembly.settings, assembly.state
        self._closing: list[Callable[[], object]] = []
        self.database = open_database(settings, state)
        self._closing.append(self.database.close)
        upgrade(self.database)
        bootstrap(self.database, settings, state, assembly.public_url or assembly.listen_url)

        store = ImageStore(state.subdir("images"))
        recover(self.database, store, state.id)
        self.hosts = KnownHosts(_hosts(assembly, store))
        self.engine, operations = self._operations(assembly)
        policy_file = assembly.policy_file
        self._identity = Identity.assemble(
            self.database,
            Policy(identity_policies.RULES, policy_file),
            _keys(self.database, state),
            wiring.identity(settings),
            wiring.passwords(settings),
        )
        compute = Compute(
            database=self.database,
            policy=Policy(compute_policies.RULES, policy_file),
            engine=self.engine,
            hosts=self.hosts,
            operations=operations,
            settings=wiring.compute(settings),
        )
        images = Images(
            database=self.database,
            policy=Policy(image_policies.RULES, policy_file),
            store=store,
            node=state.id,
            settings=wiring.image(settings),
        )
        network = Networking(
            database=self.database,
            policy=Policy(network_policies.RULES, policy_file),
            reserved_cidrs=host_routes(),
            network_deleted=self._take_down,
        )
        self.services: Sequence[Service[Any]] = (
            identity_routes.service(self._identity),
            image_routes.service(images),
            compute_routes.service(compute),
            network_routes.service(network),
        )
        self.asgi: ASGIApp = Application(
            self.services,
            self._identity.tokens,
            max_body=settings.micronova.max_request_body,
            threads=settings.micronova.request_threads,
            public_url=assembly.public_url,
            fallback=front(self.services, self.health),
        )
        default = settings.default
        self._reporter = HostReporter(
            self.database,
            self.hosts.all(),
            wiring.ratios(settings),
            float(default.report_interval),
            control=wiring.host_name(settings),
        )
        self._power = PowerStates(self.database, self.hosts.all(), float(max(1, default.sync_power_state_interval)))
        self._auditor = Auditor(self.database, self.hosts.all())

    def _take_down(self, network_id: NetworkId) -> None:
        """Every host's part of a deleted network.  What fails is found by the audit."""
        for host in self.hosts.all():
            try:
                host.remove_network(network_id)
            except MicronovaError as err:
                log.warning("host %s: network %s stays for the audit: %s", host.name, network_id, err)

    def _operations(self, assembly: Assembly) -> tuple[Engine, ServerOperations]:
        compute = wiring.compute(assembly.settings)
        operations = ServerOperations(
            create=create_server(self.database, self.hosts, compute),
            delete=delete_server(self.database, self.hosts),
        )
        engine = Engine(
            self.database,
            [operations.create, operations.delete],
            owner=assembly.state.id,
            label=f"{socket.gethostname()} {assembly.listen_url}",
            workers=assembly.settings.micronova.operation_workers,
            observer=assembly.observer,
        )
        return engine, operations

    def start(self) -> None:
        """Hosts first, then what was under way.  Raises OurFault when this installation cannot work."""
        for host in self.hosts.all():
            host.start()
            self._closing.append(host.close)
            for note in host.facts().notes:
                log.warning("host %s: %s", host.name, note)
        self._reporter.start()
        self._closing.append(self._reporter.stop)
        self._power.start()
        self._closing.append(self._power.stop)
        self._auditor.start()
        self._closing.append(self._auditor.stop)
        if not self.database.is_sqlite:
            self._identity.revocations.start()
            self._closing.append(self._identity.revocations.stop)
        self.engine.start()

    def stop(self, grace_s: float) -> None:
        """Let running steps end, then let go of everything, last first.  Guests keep running."""
        if not self.engine.stop(grace_s):
            log.warning("some steps did not end in %g s; the next start repeats them", grace_s)
        for close in reversed(self._closing):
            try:
                close()
            except MicronovaError as err:
                log.warning("while stopping: %s", err)

    def health(self) -> Mapping[str, Check]:
        """What is well and what is not, for /healthz."""
        checks = {"database": self._database_health()}
        if checks["database"].problems:
            return checks
        counts = self.engine.health()
        stuck = counts.get("stuck", 0)
        checks["operations"] = Check(
            problems=[f"{stuck} operations are stuck: see the log"] if stuck else (), facts={"counts": counts}
        )
        problems = [problem for host in self.hosts.all() for problem in host.health()]
        checks["hosts"] = Check(problems=problems, facts={"count": len(self.hosts.all())})
        left = self._auditor.left
        checks["audit"] = Check([f"{len(left)} things have lost their owner: see the log"] if left else ())
        return checks

    def _database_health(self) -> Check:
        try:
            self.database.ping()
        except (MicronovaError, sa.exc.SQLAlchemyError) as err:
            log.error("health: the database: %s", err)
            return Check(["the database does not answer: see the log"], vital=True)
        return Check(vital=True, facts={"engine": "sqlite" if self.database.is_sqlite else "postgresql"})


def _hosts(assembly: Assembly, store: ImageStore) -> Sequence[Host]:
    if assembly.simulated_hosts:
        settings = SimulatedSettings.of(assembly.settings.micronova)
        return simulated_hosts(assembly.simulated_hosts, assembly.state.subdir("hosts"), store, settings)
    if assembly.control_only:
        return ()
    # Imported here: a control plane without a host of its own needs no libvirt.
    from micronova.host.local import LocalHost

    return (LocalHost(wiring.local_host(assembly.settings), store),)


def _keys(database: Database, state: StateDir) -> Keys:
    if database.is_sqlite:
        return keys_in_file(state.path / "identity.keys")
    return database.transact(keys_in_database)
