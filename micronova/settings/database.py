"""``[database]``: where the control plane keeps its tables."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.model.secret import Secret
from micronova.settings.option import integer, secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """The database."""

    connection: Secret | None = secret(
        pattern=r"(sqlite|postgresql|mysql|mariadb)(\+[a-z0-9]+)?://.*",
        allowed="sqlite:///PATH or postgresql://USER@HOST/NAME",
        help="URL of SQLite or PostgreSQL; unset: SQLite in state_path.  MySQL URLs are ignored with a warning.",
    )
    max_pool_size: int = integer(16, minimum=1, maximum=1000, help="Most connections kept open (PostgreSQL).")
