"""``[key_manager]``: where keys of encrypted disks and vTPMs are."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.model.secret import Secret
from micronova.settings.option import secret, text


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyManager:
    """The key store."""

    backend: str = text(
        "barbican", older=("key_manager.api_class",), help="Key store; micronova knows its own and a fixed key."
    )
    fixed_key: Secret | None = secret(
        pattern="[0-9A-Fa-f]+",
        allowed="hexadecimal digits",
        older=("keymgr.fixed_key",),
        help="One key for everything; for tests only.",
    )
