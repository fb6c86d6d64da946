"""What the identity service is told: options of keystone.conf, typed and named as there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySettings:
    """``token_lifetime`` is [token] expiration, ``allow_expired_window`` [token] allow_expired_window."""

    token_lifetime: timedelta = timedelta(hours=1)
    allow_expired_window: timedelta = timedelta(hours=48)
    region: str = "RegionOne"
