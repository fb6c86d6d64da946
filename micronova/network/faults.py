"""Neutron's form of errors."""

from __future__ import annotations

from micronova.model.errors import MicronovaError

_TYPES = {
    400: "HTTPBadRequest",
    403: "PolicyNotAuthorized",
    404: "HTTPNotFound",
    405: "HTTPMethodNotAllowed",
    409: "HTTPConflict",
    413: "HTTPRequestEntityTooLarge",
    415: "HTTPUnsupportedMediaType",
}


def neutron_style(status: int, message: str, error: MicronovaError, request_id: str) -> object:
    """``{"NeutronError": {"type", "message", "detail"}}``; types are Neutron's exception names where we know them."""
    kind = error.code if error.code[:1].isupper() else _TYPES.get(status, "HTTPInternalServerError")
    return {"NeutronError": {"type": kind, "message": message, "detail": ""}}
