"""MAC addresses: random ones in OpenStack's range, and the canonical form of given ones."""

from __future__ import annotations

import re
import secrets

from micronova.model.errors import Invalid

_PREFIX = "fa:16:3e"
_FORM = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


def random_mac() -> str:
    """``fa:16:3e:xx:xx:xx``."""
    return ":".join([_PREFIX, *(f"{byte:02x}" for byte in secrets.token_bytes(3))])


def canonical_mac(text: str) -> str:
    """Lower case with colons (T-API4).  Raises Invalid for what no interface can have."""
    mac = text.lower().replace("-", ":")
    if not _FORM.fullmatch(mac) or mac == "00:00:00:00:00:00" or int(mac[:2], 16) & 1:
        raise Invalid(f"Invalid input for mac_address. Reason: '{text[:64]}' is not a valid MAC address.")
    return mac
