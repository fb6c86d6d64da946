"""What every handler below ``/servers/{server_id}`` begins with: the server, and what the caller may do to it."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from micronova.compute import policies_servers as rules
from micronova.compute import servers
from micronova.compute.api import Compute
from micronova.compute.servers import Server
from micronova.compute.views.links import PREFIX
from micronova.compute.views.servers import ServerViews, Sight
from micronova.web.request import Request


def is_admin(api: Compute, req: Request) -> bool:
    """Whether the caller sees all projects' servers."""
    return api.policy.allows(req.caller, "context_is_admin")


def server(c: Connection, api: Compute, req: Request, rule: str) -> Server:
    """The server of the path, if the caller may do ``rule`` to it.

    NotFound for absent and foreign ones alike (T-PEER7); Forbidden if it is there and policy says no.
    """
    found = servers.get(c, req.path["server_id"], project_id=None if is_admin(api, req) else str(req.caller.project_id))
    authorize(api, req, rule, found)
    return found


def authorize(api: Compute, req: Request, rule: str, found: Server) -> None:
    """Check a rule against the row's own project and user."""
    api.policy.authorize(req.caller, rule, {"project_id": found.project_id, "user_id": found.user_id})


def sight(api: Compute, req: Request) -> Sight:
    """What the caller sees of servers, for all servers of this request."""
    caller = req.caller
    host_status = req.at_least(16) and api.policy.allows(caller, rules.SHOW_HOST_STATUS)
    return Sight(
        extended_attributes=api.policy.allows(caller, rules.EXTENDED_ATTRIBUTES),
        host_status=host_status,
        unknown_host_status=req.at_least(16)
        and (host_status or api.policy.allows(caller, rules.SHOW_HOST_STATUS_UNKNOWN)),
        extra_specs=req.at_least(47) and api.policy.allows(caller, rules.SHOW_FLAVOR_EXTRA_SPECS),
        fault_details=is_admin(api, req),
    )


def views(api: Compute, req: Request, seen: Sight) -> ServerViews:
    """The views of this request."""
    return ServerViews(req.version, req.base_url, PREFIX, seen, api.settings.instance_name_template)
