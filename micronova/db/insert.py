"""INSERT ... ON CONFLICT DO NOTHING, which SQLite and PostgreSQL both have and SQLAlchemy spells twice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

T = TypeVar("T")


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


def insert_or_none(conn: Connection, table: sa.Table, row: dict[str, object], column: sa.Column[T]) -> T | None:
    """Insert the row, unless it breaks a unique constraint; the value of ``column`` in it, None if it does."""
    return conn.execute(_returning_statement(table, conn.dialect.name, column), row).scalar_one_or_none()


@cache
def _statement(table: sa.Table, dialect: str) -> sa.Insert:
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return insert.on_conflict_do_nothing().inline()


@cache
def _returning_statement(table: sa.Table, dialect: str, column: sa.Column[T]) -> sa.sql.dml.ReturningInsert[T]:
    return _statement(table, dialect).returning(column)
