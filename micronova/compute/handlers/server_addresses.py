"""``/servers/{server_id}/ips``."""

from __future__ import annotations

from micronova.compute import policies_servers as rules
from micronova.compute.api import Compute
from micronova.compute.handlers.server_access import server
from micronova.compute.views.servers import addresses
from micronova.model.errors import NotFound
from micronova.network import ports
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response


def index(api: Compute, req: Request) -> Response:
    """Addresses by network."""
    return JsonResponse({"addresses": _present(api, req, rules.IPS_INDEX)})


def show(api: Compute, req: Request) -> Response:
    """Addresses on one network."""
    label = req.path["label"]
    found = _present(api, req, rules.IPS_SHOW)
    if label not in found:
        raise NotFound("Instance is not a member of specified network")
    return JsonResponse({label: found[label]})


def _present(api: Compute, req: Request, rule: str) -> dict[str, list[dict[str, object]]]:
    with api.database.read() as c:
        found = server(c, api, req, rule)
        return addresses(ports.addresses_of(c, [found.id]).get(found.id, ()), full=False)
