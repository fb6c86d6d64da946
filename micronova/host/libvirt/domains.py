"""Domains of ours: define, start, remove, look at, and hear of."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import libvirt

from micronova.host.interface import PowerState
from micronova.host.libvirt import faults, power
from micronova.host.libvirt.connection import Connection
from micronova.host.platform.domain import domain_name, looks_like_ours, owner
from micronova.libvirtxml.domain import Domain
from micronova.model.errors import NotFound
from micronova.model.ids import ServerId

_log = logging.getLogger(__name__)

# A change of a guest's power state: server, state, reason.
Listener = Callable[[ServerId, PowerState, str], None]

_UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The domains here: ours by server, and names that look like ours without a readable owner."""

    servers: Mapping[ServerId, PowerState] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


class Domains:
    """The domains of micronova's on one libvirt."""

    def __init__(self, connection: Connection) -> None:
        self._libvirt = connection
        self._listeners: list[Listener] = []
        connection.on_connected(self._connected)

    def subscribe(self, listener: Listener) -> None:
        """Call ``listener`` on each change, and for every domain after each (re)connection."""
        self._listeners.append(listener)

    def ensure_running(self, server_id: ServerId, make: Callable[[], Domain]) -> None:
        """Define what ``make`` gives unless the domain is there, and start it unless it runs."""

        def run(connection: libvirt.virConnect) -> None:
            domain = _find(connection, server_id)
            if domain is None:
                domain = connection.defineXML(make().to_xml())
            try:
                domain.create()
            except libvirt.libvirtError as err:
                # Also the answer for a domain that runs already, which saves asking each time.
                if faults.code(err) != libvirt.VIR_ERR_OPERATION_INVALID or not domain.isActive():
                    raise

        self._libvirt.call(f"start the domain of server {server_id}", run)

    def remove(self, server_id: ServerId) -> None:
        """Destroy and undefine; no domain is a success."""

        def run(connection: libvirt.virConnect) -> None:
            domain = _find(connection, server_id)
            if domain is None:
                return
            _unless_absent(domain.destroy, libvirt.VIR_ERR_OPERATION_INVALID)
            _unless_absent(lambda: domain.undefineFlags(_UNDEFINE))

        self._libvirt.call(f"remove the domain of server {server_id}", run)

    def power_state(self, server_id: ServerId) -> PowerState:
        """The state of the server's domain; NotFound without one."""

        def run(connection: libvirt.virConnect) -> PowerState:
            domain = _find(connection, server_id)
            if domain is None:
                raise NotFound("The server does not exist on its host.", detail=f"no domain for server {server_id}")
            return power.power_state(domain.state()[0])

        return self._libvirt.call(f"ask for the state of server {server_id}", run)

    def survey(self) -> Survey:
        """All domains of ours."""
        return self._libvirt.call("list the domains", _survey)

    def _connected(self, connection: libvirt.virConnect) -> None:
        connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._on_event, None)
        # What happened while we were not listening: everybody's state, as news.
        for server_id, state in _survey(connection).servers.items():
            self._tell(server_id, state, "connected")

    def _on_event(
        self, _connection: libvirt.virConnect, domain: libvirt.virDomain, event: int, detail: int, _opaque: object
    ) -> None:
        server_id = owner(domain.name())
        state = power.after_event(event, detail)
        if server_id is not None and state is not None:
            self._tell(server_id, state, power.reason(event, detail))

    def _tell(self, server_id: ServerId, state: PowerState, reason: str) -> None:
        for listener in self._listeners:
            listener(server_id, state, reason)


def _find(connection: libvirt.virConnect, server_id: ServerId) -> libvirt.virDomain | None:
    try:
        return connection.lookupByName(domain_name(server_id))
    except libvirt.libvirtError as err:
        if faults.is_absent(err):
            return None
        raise


def _unless_absent(action: Callable[[], object], *also: int) -> None:
    """Do it; that the domain went away meanwhile, or one of these errors, is as good."""
    try:
        action()
    except libvirt.libvirtError as err:
        if not faults.is_absent(err) and faults.code(err) not in also:
            raise


def _survey(connection: libvirt.virConnect) -> Survey:
    servers: dict[ServerId, PowerState] = {}
    unknown: list[str] = []
    for domain in connection.listAllDomains():
        name = domain.name()
        server_id = owner(name)
        if server_id is None:
            if looks_like_ours(name):
                unknown.append(f"domain {name}")
            continue
        try:
            servers[server_id] = power.power_state(domain.state()[0])
        except libvirt.libvirtError as err:
            if not faults.is_absent(err):
                raise
    return Survey(servers=servers, unknown=tuple(unknown))
