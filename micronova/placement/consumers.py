"""Who holds anything at all, and what a provider says of itself: for the audit and the reporter."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.placement import consumers


def servers_with_claims(conn: Connection) -> frozenset[str]:
    """Ids of all consumers that are servers."""
    return frozenset(conn.scalars(sa.select(consumers.c.uuid).where(consumers.c.consumer_type == "INSTANCE")))
