"""Whose a new resource becomes."""

from __future__ import annotations

from collections.abc import Mapping

from micronova.model.errors import Invalid
from micronova.web.request import Request


def owner_of(req: Request, body: Mapping[str, object]) -> str:
    """The project that the body names, else the caller's; policy decides whether the caller may name another.

    This one target is the body's word by its nature: the row does not exist yet.
    """
    named = {str(body[key]) for key in ("project_id", "tenant_id") if key in body}
    if len(named) > 1:
        raise Invalid("'project_id' and 'tenant_id' do not match", code="HTTPBadRequest")
    project_id = named.pop() if named else req.caller.project_id
    if not project_id:
        raise Invalid("Running without project context; log in to a project.", code="HTTPBadRequest")
    return project_id
