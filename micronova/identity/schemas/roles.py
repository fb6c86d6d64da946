"""Roles."""

from __future__ import annotations

from micronova.identity.schemas.parts import ID_OR_NULL, NAME, OPTIONS, TEXT, wrapped

_properties = {"name": NAME, "domain_id": ID_OR_NULL, "description": TEXT, "options": OPTIONS}
CREATE = wrapped("role", _properties, ["name"])
UPDATE = wrapped("role", _properties, least=1)
