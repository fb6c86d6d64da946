"""Credentials.  The blob is looked at by the handler: a refusal must not repeat it."""

from __future__ import annotations

from micronova.identity.schemas.parts import ID, ID_OR_NULL, NAME, wrapped

_properties = {"user_id": ID, "project_id": ID_OR_NULL, "type": NAME, "blob": {}}
CREATE = wrapped("credential", _properties, ["blob", "type", "user_id"])
UPDATE = wrapped("credential", _properties, least=1)
