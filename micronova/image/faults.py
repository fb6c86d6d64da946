"""Glance's form of an error document, WebOb's in JSON: ``{"code": "404 Not Found", "title": ..., "message": ...}``.

Glance answers HTML to clients that ask for nothing in particular, with the text between ``<br />`` tags.  We always
answer JSON with the plain text: the official clients read both, and people read this one.
"""

from __future__ import annotations

from micronova.model.errors import MicronovaError
from micronova.web.faults import TITLES


def glance_style(status: int, message: str, error: MicronovaError, request_id: str) -> object:
    """The document for one error (a ``FaultStyle``)."""
    title = TITLES.get(status, "Error")
    return {"message": message, "code": f"{status} {title}", "title": title}
