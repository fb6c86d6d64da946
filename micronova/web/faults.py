"""Kinds of failure to HTTP answers: the one place.  Each service brings the form of its documents (a FaultStyle)."""

from __future__ import annotations

from collections.abc import Callable

from micronova.model.errors import MicronovaError
from micronova.web.response import JsonResponse, Response

# (status, message, error, request id) -> the JSON document of that service's errors
FaultStyle = Callable[[int, str, MicronovaError, str], object]


def keystone_style(status: int, message: str, error: MicronovaError, request_id: str) -> object:
    """Keystone's form; also what every service gives for 401, as keystonemiddleware does."""
    return {"error": {"code": status, "message": message, "title": TITLES.get(status, "Error")}}


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    410: "Gone",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Requested Range Not Satisfiable",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    507: "Insufficient Storage",
}


def answer(error: MicronovaError, style: FaultStyle, request_id: str, base_url: str) -> Response:
    """The HTTP answer for an error; details never leave (they are in the log, under the request id)."""
    headers: dict[str, str] = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = f'Keystone uri="{base_url}/identity/v3"'
        style = keystone_style
    elif error.status == 503:
        headers["Retry-After"] = "1"
    return JsonResponse(style(error.status, error.message, error, request_id), error.status, headers)
