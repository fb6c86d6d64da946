"""Credentials: secrets that users keep with the identity service (EC2 keys, certificates), encrypted at rest."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.engine import Connection, Row
from starlette.datastructures import QueryParams

from micronova.db.tables import identity as t
from micronova.identity import projects, users
from micronova.identity.keys import Keys
from micronova.identity.listing import filtered, paged
from micronova.identity.records import dumps, loads, merged, missing, split, unique
from micronova.model.errors import Forbidden, Invalid, OurFault
from micronova.model.ids import new_hex

_COLUMNS = frozenset({"user_id", "project_id", "type", "blob"})
_c = t.credentials.c
MAX_PER_USER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A user's secret of some type."""

    id: str
    user_id: str
    project_id: str | None
    type: str
    blob: str = field(repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict)


class Vault:
    """Encrypts and decrypts blobs."""

    def __init__(self, keys: Keys) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(keys.credentials))

    def lock(self, blob: str) -> str:
        """The text to store."""
        return self._fernet.encrypt(blob.encode()).decode()

    def open(self, stored: str) -> str:
        """The blob.  Raises OurFault if it was stored under other keys."""
        try:
            return self._fernet.decrypt(stored.encode()).decode()
        except InvalidToken as err:
            raise OurFault("A stored credential cannot be decrypted: it was stored under other keys.") from err


def get(conn: Connection, vault: Vault, credential_id: str) -> Credential:
    """The credential with this id.  Raises NotFound."""
    row = conn.execute(sa.select(t.credentials).where(_c.id == credential_id)).one_or_none()
    if row is None:
        raise missing("credential", credential_id)
    return _credential(row, vault)


def search(conn: Connection, vault: Vault, query: QueryParams, *, user_id: str | None) -> Sequence[Credential]:
    """A page of credentials by the filters of ``query``, of one user if given."""
    statement = filtered(sa.select(t.credentials), query, {"user_id": _c.user_id, "type": _c.type})
    if user_id is not None:
        statement = statement.where(_c.user_id == user_id)
    return [_credential(row, vault) for row in conn.execute(paged(statement, query, _c.id))]


def create(conn: Connection, vault: Vault, body: Mapping[str, Any]) -> Credential:
    """Store a credential.  Raises NotFound for an unknown user or project, Conflict for an EC2 key that exists."""
    known, extra = split(body, _COLUMNS)
    users.get(conn, known["user_id"])
    if known.get("project_id") is not None:
        projects.get(conn, known["project_id"])
    count = conn.scalar(sa.select(sa.func.count()).select_from(t.credentials).where(_c.user_id == known["user_id"]))
    if (count or 0) >= MAX_PER_USER:
        raise Forbidden(f"A user may have at most {MAX_PER_USER} credentials.")
    new_id = _ec2_id(known) if known["type"].lower() == "ec2" else new_hex()
    with unique("credential", f"id {new_id}"):
        conn.execute(
            t.credentials.insert().values(
                id=new_id,
                user_id=known["user_id"],
                project_id=known.get("project_id"),
                type=known["type"],
                encrypted_blob=vault.lock(known["blob"]),
                extra=dumps(merged({}, extra)),
            )
        )
    return get(conn, vault, new_id)


def update(conn: Connection, vault: Vault, credential: Credential, body: Mapping[str, Any]) -> Credential:
    """Change a credential; its user stays.  Raises Invalid, NotFound for an unknown project."""
    known, extra = split(body, _COLUMNS)
    if known.get("user_id", credential.user_id) != credential.user_id:
        raise Invalid("Cannot change the user_id of a credential.")
    if known.get("project_id") is not None:
        projects.get(conn, known["project_id"])
    conn.execute(
        t.credentials.update()
        .where(_c.id == credential.id)
        .values(
            project_id=known.get("project_id", credential.project_id),
            type=known.get("type", credential.type),
            encrypted_blob=vault.lock(known.get("blob", credential.blob)),
            extra=dumps(merged(credential.extra, extra)),
        )
    )
    return get(conn, vault, credential.id)


def delete(conn: Connection, credential: Credential) -> None:
    """Delete a credential."""
    conn.execute(t.credentials.delete().where(_c.id == credential.id))


def _ec2_id(known: Mapping[str, Any]) -> str:
    """Keystone's id of an EC2 credential: the SHA-256 of its access key."""
    if known.get("project_id") is None:
        raise Invalid("An EC2 credential needs a project_id.")
    try:
        blob = msgspec.json.decode(known["blob"])
        access = blob["access"]
    except (msgspec.DecodeError, KeyError, TypeError) as err:
        raise Invalid("The blob of an EC2 credential must be JSON with the field access.") from err
    if not isinstance(access, str):
        raise Invalid("The field access of an EC2 credential must be a string.")
    return hashlib.sha256(access.encode()).hexdigest()


def _credential(row: Row[Any], vault: Vault) -> Credential:
    return Credential(
        id=row.id,
        user_id=row.user_id,
        project_id=row.project_id,
        type=row.type,
        blob=vault.open(row.encrypted_blob),
        extra=loads(row.extra),
    )
