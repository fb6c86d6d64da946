"""``POST /servers/{server_id}/action``: finds the action by the body's one key."""

from __future__ import annotations

from micronova.compute import policies_servers as rules
from micronova.compute.api import Compute
from micronova.compute.handlers.actions import ACTIONS, NOT_YET
from micronova.compute.handlers.server_access import server
from micronova.model.errors import Invalid, Unsupported
from micronova.web.request import Request
from micronova.web.response import Response

_BY_NAME = {action.name: action for action in ACTIONS}


def act(api: Compute, req: Request) -> Response:
    """Do it; 400 for what is no action, 501 for one that we do not have yet."""
    body = req.json()
    if not isinstance(body, dict) or len(body) != 1:
        raise Invalid("Malformed request body: it must have exactly one key, the action.")
    name = str(next(iter(body)))
    action = _BY_NAME.get(name)
    if action is not None and action.serves(req.version):
        action.body.check(body, req.version)
        return action.handler(api, req)
    with api.database.read() as c:
        server(c, api, req, rules.SHOW)  # a server that is not there comes first
    if name in NOT_YET:
        raise Unsupported(f"The action '{name}' is not available in this version of micronova.")
    raise Invalid(f"There is no such action: {name[:255]}")
