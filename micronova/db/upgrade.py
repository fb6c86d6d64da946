"""Bring a database to the schema of this version, with Alembic; cheap when there is nothing to do.

Migrations are ``migrations/versions/NNNN_what.py``, small and linear; the revision id is NNNN.  A test holds that they
add up to the tables in ``micronova.db.tables``.
"""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.database import Database
from micronova.model.errors import OurFault

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number that no other program takes; PostgreSQL lets one replica at a time upgrade.
_ADVISORY_LOCK = 0x6D696372


def head() -> str:
    """The newest revision that this version knows."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def revision_of(c: Connection) -> str | None:
    """The database's revision; None when it is empty."""
    if not sa.inspect(c).has_table("alembic_version"):
        return None
    found = c.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def upgrade(database: Database) -> bool:
    """Upgrade to ``head()`` in one transaction; True if something was done.

    Raises OurFault when the database was made by a newer micronova: nothing is touched then.
    """
    with database.read() as c:
        present = revision_of(c)
    if present == head():
        return False
    if present is not None and present > head():
        raise OurFault(
            f"The database is at revision {present}, this micronova knows {head()} at most: "
            "start the newer version again, or restore a backup from before its upgrade."
        )
    with database.write() as c:
        if not database.is_sqlite:
            c.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK})
        _run(c)
    log.info("database upgraded from %s to %s", present or "nothing", head())
    return True


def _run(c: Connection) -> None:
    # Imported here: an ordinary start has nothing to upgrade and should not pay for Alembic.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = c
    command.upgrade(config, "head")
