"""INSERT ... ON CONFLICT DO NOTHING, which SQLite and PostgreSQL both have and SQLAlchemy spells twice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection


def insert_ignore(conn: Connection, table: sa.Table, rows: Sequence[dict[str, object]]) -> int:
    """Insert the rows (all with the same columns) that break no unique constraint; how many were inserted.

    On PostgreSQL this waits for a concurrent transaction that is inserting the same key.
    """
    statement = _statement(table, conn.dialect.name)
    if len(rows) > 1:
        statement = statement.values(list(rows))
    # SQLAlchemy drops the driver's count of an INSERT unless it is told to keep it.
    result = conn.execute(statement, rows[0] if len(rows) == 1 else None, execution_options={"preserve_rowcount": True})
    return result.rowcount


@cache
def _statement(table: sa.Table, dialect: str) -> sa.Insert:
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return insert.on_conflict_do_nothing().inline()
