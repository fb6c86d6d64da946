"""``os-getConsoleOutput``: the last lines of what the guest wrote to its serial console."""

from __future__ import annotations

from micronova.compute import policies_servers as rules
from micronova.compute.api import Compute
from micronova.compute.handlers.actions.action import Action
from micronova.compute.handlers.server_access import server
from micronova.compute.schemas.server_belongings import CONSOLE_OUTPUT
from micronova.model.errors import Conflict, NotFound
from micronova.model.ids import HostName, ServerId
from micronova.web.request import Request
from micronova.web.response import JsonResponse, Response
from micronova.web.schemas import Versioned

# Nova's MAX_CONSOLE_BYTES; what a guest wrote before that is gone (T-CON6).
_MAX_BYTES = 102400


def get_console_output(api: Compute, req: Request) -> Response:
    """The text, as JSON: nothing in it is ever markup (T-CON7)."""
    length = req.json()["os-getConsoleOutput"].get("length")
    with api.database.read() as c:
        found = server(c, api, req, rules.CONSOLE_OUTPUT)
    if found.host is None:
        raise Conflict(f"Instance {found.id} is not ready")
    try:
        written = api.hosts.get(HostName(found.host)).console_log(ServerId(found.id), _MAX_BYTES)
    except NotFound as err:
        raise NotFound("Unable to get console") from err
    return JsonResponse({"output": last_lines(written.decode("utf-8", "replace"), length)})


def last_lines(text: str, length: int | str | None) -> str:
    """The last ``length`` lines; None or negative: all.  Control characters but tab and line ends are dropped."""
    clean = "".join(ch for ch in text if ch >= " " or ch in "\t\n\r")
    count = -1 if length is None else int(length)
    if count < 0:
        return clean
    if count == 0:
        return ""
    return "\n".join(clean.split("\n")[-count:])


ACTION = Action(name="os-getConsoleOutput", handler=get_console_output, body=Versioned.always(CONSOLE_OUTPUT))
