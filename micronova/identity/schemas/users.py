"""Users.  Passwords are looked at by the handler: a refusal must not repeat them."""

from __future__ import annotations

from micronova.identity.schemas.parts import FLAG, ID, ID_OR_NULL, NAME, TEXT, wrapped

_OPTION = {"type": ["boolean", "null"]}
_properties = {
    "name": NAME,
    "domain_id": ID,
    "default_project_id": ID_OR_NULL,
    "description": TEXT,
    "enabled": FLAG,
    "password": {},
    "options": {
        "type": "object",
        "properties": {
            "ignore_change_password_upon_first_use": _OPTION,
            "ignore_password_expiry": _OPTION,
            "ignore_lockout_failure_attempts": _OPTION,
            "ignore_user_inactivity": _OPTION,
            "lock_password": _OPTION,
            "multi_factor_auth_enabled": _OPTION,
            "multi_factor_auth_rules": {
                "type": ["array", "null"],
                "maxItems": 32,
                "items": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 8},
            },
        },
        "additionalProperties": False,
    },
}
CREATE = wrapped("user", _properties, ["name"])
UPDATE = wrapped("user", _properties, least=1)
CHANGE_PASSWORD = wrapped("user", {}, ["original_password", "password"])
