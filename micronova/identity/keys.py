"""Key material: what signs tokens and what encrypts credentials, from a file or from the database.

One process with a state directory keeps it in a file of mode 0600; control-plane replicas share it through their
database.  Whoever assembles the program decides.
"""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables import identity as t
from micronova.model.clock import utcnow
from micronova.model.errors import OurFault

_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """``tokens`` signs tokens (HS256), ``credentials`` encrypts credentials at rest; 32 random bytes each."""

    tokens: bytes = field(repr=False)
    credentials: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Keys:
        """New random keys."""
        return cls(tokens=secrets.token_bytes(_BYTES), credentials=secrets.token_bytes(_BYTES))

    def encode(self) -> str:
        """As one line of text."""
        return base64.b64encode(self.tokens + self.credentials).decode()

    @classmethod
    def decode(cls, text: str, where: str) -> Keys:
        """From that line; ``where`` it stands is for the error.  Raises OurFault."""
        try:
            raw = base64.b64decode(text.strip(), validate=True)
        except ValueError as err:
            raise OurFault(f"{where} does not hold the identity service's keys.") from err
        if len(raw) != 2 * _BYTES:
            raise OurFault(f"{where} does not hold the identity service's keys.")
        return cls(tokens=raw[:_BYTES], credentials=raw[_BYTES:])


def keys_in_file(path: Path) -> Keys:
    """The keys in ``path``, made (mode 0600) if it does not exist.  Raises OurFault for anything else in it."""
    try:
        return Keys.decode(path.read_text(), str(path))
    except FileNotFoundError:
        keys = Keys.generate()
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(keys.encode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)  # does not overwrite: of two first starts, one wins
    except FileExistsError:
        keys = Keys.decode(path.read_text(), str(path))
    finally:
        beside.unlink()
    return keys


def keys_in_database(conn: Connection) -> Keys:
    """The keys that all replicas share, made by the first.

    Two first replicas at once: one gets an IntegrityError from its transaction and has only to try again.
    """
    text = conn.scalar(sa.select(t.keys.c.value).where(t.keys.c.name == "identity"))
    if text is not None:
        return Keys.decode(text, "The table identity_keys")
    keys = Keys.generate()
    conn.execute(t.keys.insert().values(name="identity", value=keys.encode(), created_at=utcnow()))
    return keys
