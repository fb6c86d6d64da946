"""POST /v3/auth/tokens: the frame; micronova.identity.login_request reads the rest."""

from __future__ import annotations

from micronova.web.schemas import Versioned

ISSUE = Versioned.always(
    {
        "type": "object",
        "properties": {
            "auth": {
                "type": "object",
                "properties": {
                    "identity": {
                        "type": "object",
                        "properties": {
                            "methods": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 8}
                        },
                        "required": ["methods"],
                    },
                    "scope": {"type": ["object", "string", "null"]},
                },
                "required": ["identity"],
            }
        },
        "required": ["auth"],
    }
)
