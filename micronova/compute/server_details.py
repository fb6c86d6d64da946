"""What belongs to the servers of one answer, read by one query per kind."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.engine import Connection

from micronova.compute import host_registry, server_groups, servers
from micronova.compute.api import ComputeSettings
from micronova.compute.host_registry import ComputeHost
from micronova.compute.servers import Server
from micronova.compute.states import VmState
from micronova.compute.views.servers import Details
from micronova.model.clock import utcnow
from micronova.network import ports

_KNOWN = frozenset(VmState)


def of(
    c: Connection,
    found: Sequence[Server],
    settings: ComputeSettings,
    *,
    user_data: bool = False,
    host_status: bool = False,
    groups: bool = False,
) -> Details:
    """Details of these servers; ``user_data``, ``host_status`` and server ``groups`` only where they are shown."""
    ids = [server.id for server in found]
    if not ids:
        return Details()
    broken = [
        s.id for s in found if s.vm_state == VmState.ERROR or s.deleted_at is not None or s.vm_state not in _KNOWN
    ]
    addresses = ports.addresses_of(c, [s.id for s in found if s.vm_state != VmState.BUILDING])
    return Details(
        metadata=servers.metadata_of(c, ids),
        tags=servers.tags_of(c, ids),
        faults=servers.faults_of(c, broken) if broken else {},
        addresses=addresses,
        user_data=servers.user_data_of(c, ids) if user_data else {},
        # The built-in network has the group "default" only, and each of a server's ports is in it.
        security_groups=dict.fromkeys(addresses, ("default",)),
        host_status=_host_status(c, settings) if host_status else {},
        server_groups=server_groups.of_servers(c, ids) if groups else {},
    )


def _host_status(c: Connection, settings: ComputeSettings) -> dict[str, str]:
    now = utcnow()

    def status(service: ComputeHost) -> str:
        if service.disabled:
            return "MAINTENANCE"
        if service.forced_down:
            return "DOWN"
        return "UP" if service.is_up(now, settings.service_down_time_s) else "UNKNOWN"

    return {service.host: status(service) for service in host_registry.compute_hosts(c)}
