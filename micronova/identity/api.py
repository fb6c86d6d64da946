"""What every handler of the identity service is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.engine import Connection

from micronova.db.database import Database
from micronova.identity.credentials import Vault
from micronova.identity.keys import Keys
from micronova.identity.passwords import Passwords
from micronova.identity.revocations import Revocations
from micronova.identity.settings import IdentitySettings
from micronova.identity.tokens import Tokens
from micronova.web.policy import Policy

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The identity service's parts."""

    database: Database
    policy: Policy
    tokens: Tokens
    revocations: Revocations
    passwords: Passwords
    vault: Vault
    settings: IdentitySettings = field(default_factory=IdentitySettings)

    @classmethod
    def assemble(
        cls,
        database: Database,
        policy: Policy,
        keys: Keys,
        settings: IdentitySettings | None = None,
        passwords: Passwords | None = None,
    ) -> Identity:
        """Put the parts together, on a database that ``bootstrap`` has seen.

        Start ``revocations`` where other processes use the same database.
        """
        settings = settings or IdentitySettings()
        revoked = Revocations(database, lifetime=settings.token_lifetime + settings.allow_expired_window)
        return cls(
            database=database,
            policy=policy,
            tokens=Tokens(keys, revoked),
            revocations=revoked,
            passwords=passwords or Passwords(),
            vault=Vault(keys),
            settings=settings,
        )

    def change(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a writing transaction; what it revoked is dead here before this returns."""
        result = self.database.transact(work)
        self.revocations.refresh()
        return result
