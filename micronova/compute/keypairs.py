"""Keypairs: public keys by user and name, imported or made here."""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute import quotas
from micronova.compute.api import QuotaLimits
from micronova.db.tables.compute_resources import keypairs
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Invalid, NotFound

_NAME_CHARACTERS = frozenset(string.ascii_letters + string.digits + "_- @.")
_ONE = sa.select(keypairs).where(
    keypairs.c.user_id == sa.bindparam("b_user"), keypairs.c.name == sa.bindparam("b_name")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A keypair; the private half is not kept."""

    id: int
    user_id: str
    name: str
    type: str  # ssh | x509
    fingerprint: str
    public_key: str
    created_at: datetime


def get(conn: Connection, user_id: str, name: str) -> KeyPair:
    """A user's keypair.  Raises NotFound."""
    row = conn.execute(_ONE, {"b_user": user_id, "b_name": name}).one_or_none()
    if row is None:
        raise _not_found(user_id, name)
    return _keypair(row)


def list_keypairs(
    conn: Connection, user_id: str, *, marker: str | None = None, limit: int | None = None
) -> list[KeyPair]:
    """A user's keypairs by name; with ``limit``, one more at most, so that the caller sees whether more follow.

    Raises Invalid if there is no keypair ``marker``.
    """
    statement = sa.select(keypairs).where(keypairs.c.user_id == user_id)
    found = [_keypair(row) for row in conn.execute(statement)]
    found.sort(key=lambda pair: pair.name)  # here, so that both databases give one order
    if marker is not None:
        at = next((n for n, pair in enumerate(found) if pair.name == marker), None)
        if at is None:
            raise Invalid(f"Marker {marker[:255]} could not be found.")
        found = found[at + 1 :]
    return found if limit is None else found[: limit + 1]


def create(
    conn: Connection,
    defaults: QuotaLimits,
    *,
    project_id: str,
    user_id: str,
    name: str,
    kind: str,
    public_key: str,
    fingerprint: str,
) -> KeyPair:
    """Keep a public key whose fingerprint was made by key_material.  Raises Invalid, Conflict, QuotaExceeded."""
    check_name(name)
    quotas.check_keypair_quota(conn, defaults, project_id=project_id, user_id=user_id)
    exists = Conflict(f"Key pair '{name}' already exists.")
    if conn.execute(sa.select(keypairs.c.id).where(keypairs.c.user_id == user_id, keypairs.c.name == name)).first():
        raise exists
    values = {
        "user_id": user_id,
        "name": name,
        "type": kind,
        "fingerprint": fingerprint,
        "public_key": public_key,
        "created_at": utcnow(),
    }
    try:
        return _keypair(conn.execute(sa.insert(keypairs).values(values).returning(*keypairs.c)).one())
    except sa.exc.IntegrityError as err:
        raise exists from err


def delete(conn: Connection, user_id: str, name: str) -> None:
    """Forget a keypair; servers keep the key they were built with.  Raises NotFound."""
    done = conn.execute(sa.delete(keypairs).where(keypairs.c.user_id == user_id, keypairs.c.name == name))
    if done.rowcount == 0:
        raise _not_found(user_id, name)


def check_name(name: str) -> None:
    """Raise Invalid for characters that guests could stumble over."""
    if not set(name) <= _NAME_CHARACTERS:
        raise Invalid("Keypair data is invalid: Keypair name contains unsafe characters")


def _not_found(user_id: str, name: str) -> NotFound:
    return NotFound(f"Keypair {name[:255]} not found for user {user_id[:64]}")


def _keypair(row: sa.Row[Any]) -> KeyPair:
    return KeyPair(**row._mapping)
