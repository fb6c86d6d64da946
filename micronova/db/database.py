"""One door to the database, for SQLite (WAL) and PostgreSQL alike.

All that differs between the two engines is here and in ``micronova.db.dialect``.  SQLite has a single writer:
writing transactions begin IMMEDIATE and wait their turn in this process, so no thread ever sees SQLITE_BUSY.
Transactions are short and never span a call to a host.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from micronova.db import dialect
from micronova.model.errors import OurFault, StorageFull, Unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

# How often a transaction that lost to a concurrent one is tried again before the caller hears of it.
TRANSACTION_ATTEMPTS = 8


class Database:
    """Connections for one database URL.  Thread safe.

    ``read()`` and ``write()`` are context managers that give a connection inside a transaction;
    ``write()`` commits when the block ends without an exception.  ``transact(work)`` also repeats the work when
    the database says that a concurrent transaction won (deadlock, serialization failure), so ``work`` must have
    no effect outside of the database.
    """

    def __init__(self, url: str, *, pool_size: int = 16) -> None:
        self.url = sa.make_url(url)
        if self.url.get_backend_name() not in ("sqlite", "postgresql"):
            raise OurFault(
                f"--database {self.url.render_as_string(hide_password=True)}: "
                "only sqlite:///PATH and postgresql://USER@HOST/NAME are supported"
            )
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._reader, self._writer = dialect.sqlite_engines(self.url, pool_size)
        else:
            self._writer = dialect.postgresql_engine(self.url, pool_size)
            # READ COMMITTED sees each statement's own moment anyway: BEGIN and ROLLBACK would only be two more trips.
            self._reader = self._writer.execution_options(isolation_level="AUTOCOMMIT")
        self._turn = threading.Lock()

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations."""
        return self._writer

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that only reads; on SQLite it sees one state, on PostgreSQL each statement sees its own."""
        with _explained(self), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a transaction that commits at the end of the block, or leaves nothing."""
        with _explained(self):
            if self.is_sqlite:
                with self._turn, self._writer.begin() as connection:
                    yield connection
            else:
                with self._writer.begin() as connection:
                    yield connection

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a writing transaction; again when a concurrent one won.

        Raises Unavailable when it lost TRANSACTION_ATTEMPTS times.
        """
        for attempt in range(TRANSACTION_ATTEMPTS):
            try:
                with self.write() as connection:
                    return work(connection)
            except sa.exc.DBAPIError as err:
                if not dialect.lost_to_concurrent(err):
                    raise
                log.debug("transaction lost to a concurrent one, attempt %d", attempt + 1)
        raise Unavailable("The database is too busy; try again.", detail="transaction retries exhausted")

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        with self.read() as connection:
            connection.execute(sa.text("SELECT 1"))

    def close(self) -> None:
        """Close all pooled connections."""
        self._reader.dispose()
        self._writer.dispose()


@contextmanager
def _explained(database: Database) -> Iterator[None]:
    """Turn a full disk and a lost connection into errors that say what to do."""
    try:
        yield
    except sa.exc.OperationalError as err:
        where = database.url.render_as_string(hide_password=True)
        if dialect.is_full(err):
            raise StorageFull("The database has no space left; nothing was changed.", detail=where) from err
        if dialect.is_unreachable(err):
            raise Unavailable("The database does not answer; nothing was changed.", detail=where) from err
        raise
