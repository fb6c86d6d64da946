"""What every handler of the image service is handed; put together by ``app.py``."""

from __future__ import annotations

from dataclasses import dataclass, field

from micronova.db.database import Database
from micronova.image.settings import ImageSettings
from micronova.image.store import ImageStore
from micronova.web.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The image service's parts.  ``node`` names this installation: its uploads are cleaned up when it starts again."""

    database: Database
    policy: Policy
    store: ImageStore
    node: str
    settings: ImageSettings = field(default_factory=ImageSettings)
