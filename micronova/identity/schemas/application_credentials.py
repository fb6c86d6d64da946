"""Application credentials.  The secret is looked at by the handler: a refusal must not repeat it."""

from __future__ import annotations

from micronova.identity.schemas.parts import ID, NAME, TEXT, wrapped

_role = {
    "type": "object",
    "properties": {"id": ID, "name": NAME},
    "minProperties": 1,
}
_rule = {
    "type": "object",
    "properties": {
        "id": ID,
        "service": {"type": "string", "minLength": 1, "maxLength": 64},
        "method": {"type": "string", "pattern": "^(POST|GET|HEAD|PATCH|PUT|DELETE)$"},
        "path": {"type": "string", "pattern": "^/", "maxLength": 128},
    },
    "anyOf": [{"required": ["id"]}, {"required": ["service", "method", "path"]}],
    "additionalProperties": False,
}
CREATE = wrapped(
    "application_credential",
    {
        "name": NAME,
        "description": TEXT,
        "secret": {},
        "expires_at": {"type": ["string", "null"], "maxLength": 64},
        "roles": {"type": ["array", "null"], "items": _role, "maxItems": 64},
        "unrestricted": {"type": ["boolean", "null"]},
        "access_rules": {"type": ["array", "null"], "items": _rule, "maxItems": 64},
    },
    ["name"],
)
