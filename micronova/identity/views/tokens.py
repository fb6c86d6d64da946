"""The token document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from micronova.identity.tokens import Named, Owned, Payload
from micronova.identity.views.links import Document


def token(payload: Payload, catalog: Sequence[Document] | None) -> dict[str, Any]:
    """``{"token": ...}``; ``catalog`` None: without one."""
    document: dict[str, Any] = {
        "methods": payload.methods,
        "user": {**_owned(payload.user), "password_expires_at": time(payload.password_expires_at_us)},
        "audit_ids": payload.audit_ids,
        "expires_at": time(payload.expires_at_us),
        "issued_at": time(payload.issued_at_us),
    }
    if payload.project is not None:
        document["project"] = _owned(payload.project)
        document["is_domain"] = payload.is_domain
    elif payload.domain is not None:
        document["domain"] = _named(payload.domain)
    elif payload.system:
        document["system"] = {"all": True}
    if payload.is_scoped:
        document["roles"] = [_named(role) for role in payload.roles]
        if catalog is not None:
            document["catalog"] = catalog
    used = payload.application_credential
    if used is not None:
        document["application_credential"] = {
            "id": used.id,
            "name": used.name,
            "restricted": not used.unrestricted,
        }
        if used.access_rules is not None:
            document["application_credential"]["access_rules"] = [
                {"id": rule.id, "service": rule.service, "method": rule.method, "path": rule.path}
                for rule in used.access_rules
            ]
    return {"token": document}


def time(when_us: int | None) -> str | None:
    """``2026-11-23T01:02:03.000000Z``."""
    if when_us is None:
        return None
    when = datetime.fromtimestamp(when_us / 1_000_000, UTC).replace(tzinfo=None)
    return when.isoformat(timespec="microseconds") + "Z"


def _named(value: Named) -> dict[str, str]:
    return {"id": value.id, "name": value.name}


def _owned(value: Owned) -> dict[str, Any]:
    return {"domain": _named(value.domain), "id": value.id, "name": value.name}
