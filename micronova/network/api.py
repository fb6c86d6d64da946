"""What every handler of the network service is handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from micronova.db.database import Database
from micronova.model.ids import NetworkId
from micronova.web.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Networking:
    """The parts that handlers work with.

    ``reserved_cidrs``: routes that the host has besides our networks; no subnet may overlap them.
    ``network_deleted``: told of each network after its deletion is committed, so that hosts take down their part.
    """

    database: Database
    policy: Policy
    reserved_cidrs: Sequence[str] = ()
    network_deleted: Callable[[NetworkId], None] = lambda network_id: None
    max_limit: int = 1000
