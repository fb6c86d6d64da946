"""Regions, services and endpoints."""

from __future__ import annotations

from micronova.identity.schemas.parts import FLAG, ID, NAME, TEXT, URL, wrapped

_region_id = {"type": ["string", "null"], "minLength": 1, "maxLength": 255}
_region = {
    "id": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^/]+$"},
    "description": TEXT,
    "parent_region_id": _region_id,
}
CREATE_REGION = wrapped("region", _region)
UPDATE_REGION = wrapped("region", _region, least=1)
_service = {"type": NAME, "enabled": FLAG, "name": {"type": "string", "maxLength": 255}, "description": TEXT}
CREATE_SERVICE = wrapped("service", _service, ["type"])
UPDATE_SERVICE = wrapped("service", _service, least=1)
_endpoint = {
    "service_id": ID,
    "region_id": _region_id,
    "region": _region_id,
    "interface": {"type": "string", "enum": ["admin", "internal", "public"]},
    "url": URL,
    "enabled": FLAG,
}
CREATE_ENDPOINT = wrapped("endpoint", _endpoint, ["interface", "service_id", "url"])
UPDATE_ENDPOINT = wrapped("endpoint", _endpoint, least=1)
