"""Groups."""

from __future__ import annotations

from micronova.identity.schemas.parts import ID, NAME, TEXT, wrapped

_properties = {"name": NAME, "domain_id": ID, "description": TEXT}
CREATE = wrapped("group", _properties, ["name"])
UPDATE = wrapped("group", _properties, least=1)
