"""What an action of ``POST /servers/{server_id}/action`` is.  A file per action beside this one defines ``ACTION``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from micronova.compute.api import Compute
from micronova.web.microversion import Version
from micronova.web.request import Request
from micronova.web.response import Response
from micronova.web.schemas import Versioned


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """``name`` is the one key of the body; ``body`` the schema of the whole body; the versions that have it."""

    name: str
    handler: Callable[[Compute, Request], Response]
    body: Versioned
    min_version: Version | None = None
    max_version: Version | None = None

    def serves(self, version: Version) -> bool:
        """Whether the action exists at ``version``."""
        return (self.min_version is None or version >= self.min_version) and (
            self.max_version is None or version <= self.max_version
        )
