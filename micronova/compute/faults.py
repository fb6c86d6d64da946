"""Nova's form of an error document: ``{"itemNotFound": {"code": 404, "message": "..."}}``."""

from __future__ import annotations

from micronova.model.errors import MicronovaError

# The name of the document by status; anything else is a computeFault.
_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}


def nova_style(status: int, message: str, error: MicronovaError, request_id: str) -> object:
    """The document for one error (a ``FaultStyle``)."""
    return {_NAMES.get(status, "computeFault"): {"code": status, "message": message}}
