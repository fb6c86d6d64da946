"""What every handler of the network service is handed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronova.db.database import Database
from micronova.web.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Networking:
    """The parts that handlers work with.

    ``reserved_cidrs``: routes that the host has besides our networks; no subnet may overlap them.
    """

    database: Database
    policy: Policy
    reserved_cidrs: Sequence[str] = ()
    max_limit: int = 1000
