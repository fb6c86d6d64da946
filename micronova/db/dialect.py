"""What differs between SQLite and PostgreSQL: how to connect, and how they say what went wrong."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import QueuePool

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # WAL with NORMAL never corrupts; a power cut may lose the last transactions, a killed process none.
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=15000",
    "PRAGMA temp_store=MEMORY",
    # Per connection, and there may be dozens; the kernel keeps the file in memory anyway.
    "PRAGMA cache_size=-2000",
)


class SqliteReader(SQLiteDialect_pysqlite):
    """Reads one consistent state.

    Says BEGIN itself (the driver begins late, or not at all).  A listener for the engine's event "begin" could, too,
    but an engine with such listeners spends a third of the time of each small statement on looking for others.
    """

    supports_statement_cache = True  # is not inherited
    begin = "BEGIN"

    def do_begin(self, dbapi_connection: DBAPIConnection) -> None:
        """Begin a transaction."""
        cursor = dbapi_connection.cursor()
        cursor.execute(self.begin)
        cursor.close()


class SqliteWriter(SqliteReader):
    """Takes its turn to write at once, so that it never has to give up in the middle."""

    supports_statement_cache = True
    begin = "BEGIN IMMEDIATE"


registry.register("sqlite.reader", __name__, SqliteReader.__name__)
registry.register("sqlite.writer", __name__, SqliteWriter.__name__)


def sqlite_engines(url: URL, pool_size: int) -> tuple[Engine, Engine]:
    """A pool of readers (BEGIN) and one of writers (BEGIN IMMEDIATE) on the same file."""
    return _sqlite(url.set(drivername="sqlite+reader"), pool_size), _sqlite(url.set(drivername="sqlite+writer"), 2)


def _sqlite(url: URL, pool_size: int) -> Engine:
    engine = sa.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=48,
        pool_timeout=60,
        connect_args={"check_same_thread": False, "timeout": 15},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    return engine


def postgresql_engine(url: URL, pool_size: int) -> Engine:
    """One pool, psycopg 3."""
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=48,
        pool_timeout=60,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "options": "-c timezone=UTC"},
    )


def lost_to_concurrent(err: sa.exc.DBAPIError) -> bool:
    """Whether the whole transaction may simply be tried again."""
    state = getattr(err.orig, "sqlstate", None)
    if state is not None:
        return state in ("40001", "40P01", "55P03")  # serialization, deadlock, lock not available
    return "database is locked" in str(err.orig)


def is_full(err: sa.exc.OperationalError) -> bool:
    """Whether the disk under the database is full."""
    return getattr(err.orig, "sqlstate", None) == "53100" or "disk is full" in str(err.orig)


def is_unreachable(err: sa.exc.OperationalError) -> bool:
    """Whether the server or file could not be reached at all."""
    state = getattr(err.orig, "sqlstate", "")
    if state is None or (isinstance(state, str) and state[:2] in ("08", "57")):
        return True
    return "unable to open database file" in str(err.orig)
