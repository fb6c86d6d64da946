"""Projects, domains and tags."""

from __future__ import annotations

from micronova.identity.schemas.parts import FLAG, ID, ID_OR_NULL, NAME, OPTIONS, TEXT, wrapped
from micronova.web.schemas import Versioned

TAG = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[^,/]*$"}
_tags = {"type": "array", "items": TAG, "uniqueItems": True, "maxItems": 80}
_project = {
    "name": NAME,
    "domain_id": ID,
    "parent_id": ID_OR_NULL,
    "description": TEXT,
    "enabled": FLAG,
    "is_domain": FLAG,
    "tags": _tags,
    "options": OPTIONS,
}
CREATE = wrapped("project", _project, ["name"])
UPDATE = wrapped("project", _project, least=1)
_domain = {"name": NAME, "description": TEXT, "enabled": FLAG, "tags": _tags, "options": OPTIONS}
CREATE_DOMAIN = wrapped(
    "domain", {**_domain, "explicit_domain_id": {"type": "string", "pattern": "^[a-f0-9]{32}$"}}, ["name"]
)
UPDATE_DOMAIN = wrapped("domain", _domain, least=1)
TAGS = Versioned.always(
    {"type": "object", "properties": {"tags": _tags}, "required": ["tags"], "additionalProperties": False}
)
