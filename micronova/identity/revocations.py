"""Which tokens are dead before their time.

Whoever takes rights away records an event in the same transaction: a subject ("user:ID", "project:ID", ...) and the
next value of one clock in the database.  A token carries the clock's value from its issue, and all subjects that it
stands on; it is dead when one of them has an event with a larger value.  The clock's row is locked until commit, so
values are in the order of commits, and a token issued after an event, even in the same microsecond, lives.

Every process holds the last value of each subject in memory: ``refresh`` reads what is new (after each change of its
own, and by a thread twice a second for the changes of others).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.database import Database
from micronova.db.tables import identity as t
from micronova.model.clock import utcnow
from micronova.model.errors import MicronovaError, OurFault

log = logging.getLogger(__name__)
_PERIOD_S = 0.5


def user(user_id: str) -> str:
    """All tokens of a user."""
    return f"user:{user_id}"


def project(project_id: str) -> str:
    """All tokens scoped to a project."""
    return f"project:{project_id}"


def domain(domain_id: str) -> str:
    """All tokens of a domain's users, and those scoped to the domain or to its projects."""
    return f"domain:{domain_id}"


def grant(user_id: str, target_id: str | None) -> str:
    """All tokens of a user on one project, one domain or (None) the system."""
    return f"grant:{user_id}:{target_id or 'system'}"


def role(role_id: str) -> str:
    """All tokens that carry a role."""
    return f"role:{role_id}"


def token(audit_id: str) -> str:
    """One token."""
    return f"token:{audit_id}"


def application_credential(credential_id: str) -> str:
    """All tokens got by an application credential."""
    return f"application_credential:{credential_id}"


def record(conn: Connection, subjects: Iterable[str]) -> None:
    """Tokens of ``subjects`` issued until now die when this transaction commits (here, at the next refresh)."""
    chosen = sorted(set(subjects))
    if not chosen:
        return
    advanced = (
        t.revocation_clock.update().values(value=t.revocation_clock.c.value + 1).returning(t.revocation_clock.c.value)
    )
    value: int | None = conn.scalar(advanced)
    if value is None:
        raise OurFault("The identity service was never set up.", detail="identity_revocation_clock is empty")
    now = utcnow()
    conn.execute(
        t.revocation_events.insert(),
        [{"id": value, "subject": subject, "created_at": now} for subject in chosen],
    )


def now(conn: Connection) -> int:
    """The clock: to be read before anything else that goes into a token."""
    value: int | None = conn.scalar(sa.select(t.revocation_clock.c.value))
    if value is None:
        raise OurFault("The identity service was never set up.", detail="identity_revocation_clock is empty")
    return value


class Revocations:
    """The events, in memory.  ``lifetime`` is the longest that a token can live: older events are forgotten."""

    def __init__(self, database: Database, *, lifetime: timedelta) -> None:
        self._database = database
        self._lifetime = lifetime
        self._last: dict[str, int] = {}
        self._seen = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.refresh()

    @property
    def seen(self) -> int:
        """Grows with every event; a verdict reached at this value holds as long as it stays."""
        return self._seen

    def dead(self, subjects: Iterable[str], issued_at: int) -> bool:
        """Whether an event after clock value ``issued_at`` concerns one of ``subjects``."""
        last = self._last
        return any(last.get(subject, -1) > issued_at for subject in subjects)

    def refresh(self) -> None:
        """Read the events that this process has not seen."""
        with self._lock, self._database.read() as conn:
            events = t.revocation_events.c
            new = conn.execute(
                sa.select(events.id, events.subject).where(events.id > self._seen).order_by(events.id)
            ).all()
            for value, subject in new:
                self._last[subject] = value
            if new:
                self._seen = new[-1][0]

    def forget_old(self) -> int:
        """Delete events that no living token can be older than; returns how many."""
        until = utcnow() - self._lifetime - timedelta(hours=1)
        with self._database.write() as conn:
            return conn.execute(t.revocation_events.delete().where(t.revocation_events.c.created_at < until)).rowcount

    def start(self) -> None:
        """Follow other processes' events, twice a second, until ``stop``."""
        self._thread = threading.Thread(target=self._follow, name="revocations", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread of ``start``, if any."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _follow(self) -> None:
        rounds = 0
        while not self._stopping.wait(_PERIOD_S):
            try:
                self.refresh()
                if rounds % 7200 == 0:
                    self.forget_old()
            except MicronovaError as err:  # the database is away: requests fail too; go on when it is back
                log.warning("cannot read revocation events: %s", err)
            except Exception:  # the top of a loop that must live on
                log.exception("cannot read revocation events")
            rounds += 1
