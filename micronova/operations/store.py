"""The engine's rows: every query on ``operations``, ``operation_log`` and ``operation_owners``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.operations import ACTIVE_STATES, operation_log, operation_owners, operations
from micronova.model.clock import utcnow
from micronova.model.ids import OperationId
from micronova.operations.definition import Failure
from micronova.operations.plan import Entry, Outcome

# All that may end up in text columns; what is longer says nothing more to anybody.
_MAX_TEXT = 4000


# Statements of the hot path are built once: building one costs SQLAlchemy more than running it costs SQLite.
_ID: sa.BindParameter[str] = sa.bindparam("b_id")
_OWNER: sa.BindParameter[str] = sa.bindparam("b_owner")
_SUBJECT: sa.BindParameter[str] = sa.bindparam("b_subject")
_NOW: sa.BindParameter[datetime] = sa.bindparam("b_now")
_N: sa.BindParameter[int] = sa.bindparam("b_n")
_INSERT = operations.insert()
_INSERT_LOG = operation_log.insert()
_ACTIVE_OF = sa.select(operations.c.id).where(operations.c.subject == _SUBJECT, operations.c.state.in_(ACTIVE_STATES))
_TAKE = (
    operations.update()
    .where(
        operations.c.id == _ID,
        operations.c.state.in_(ACTIVE_STATES),
        sa.or_(operations.c.owner.is_(None), operations.c.owner == _OWNER),
    )
    .values(
        owner=_OWNER,
        state=sa.case((operations.c.state == "accepted", "running"), else_=operations.c.state),
        updated_at=_NOW,
    )
    .returning(operations)
)
_LOG_OF = (
    sa.select(operation_log.c.step, operation_log.c.phase, operation_log.c.outcome)
    .where(operation_log.c.operation_id == _ID)
    .order_by(operation_log.c.n)
)
_FINISH_LOG = (
    operation_log.update()
    .where(operation_log.c.operation_id == _ID, operation_log.c.n == _N)
    .values(
        outcome=sa.bindparam("b_outcome"),
        finished_at=_NOW,
        message=sa.bindparam("b_message"),
        detail=sa.bindparam("b_detail"),
    )
)
_OLDEST_WAITING = (
    sa.select(operations.c.id)
    .where(operations.c.subject == _SUBJECT, operations.c.state == "waiting")
    .order_by(operations.c.created_at)
    .limit(1)
)


@cache
def _update_statement(columns: frozenset[str]) -> sa.sql.dml.ReturningUpdate[Any]:
    return (
        operations.update()
        .where(operations.c.id == _ID, operations.c.owner == _OWNER)
        .values({name: sa.bindparam(f"v_{name}") for name in columns})
        .returning(operations.c.cancel_requested)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One operation as the engine works with it."""

    id: OperationId
    kind: str
    subject: str
    state: str
    project_id: str
    user_id: str
    request_id: str
    data: str
    cancel_requested: bool
    failure: Failure | None


def insert(
    c: Connection,
    *,
    operation_id: OperationId,
    kind: str,
    subject: str,
    state: str,
    project_id: str,
    user_id: str,
    request_id: str,
    data: str,
) -> None:
    """A new operation; the database refuses a second active one for the same subject (IntegrityError)."""
    now = utcnow()
    c.execute(
        _INSERT,
        {
            "id": operation_id,
            "kind": kind,
            "subject": subject,
            "state": state,
            "project_id": project_id,
            "user_id": user_id,
            "request_id": request_id,
            "data": data,
            "created_at": now,
            "updated_at": now,
        },
    )


def state_of(c: Connection, operation_id: OperationId) -> str:
    """Its state; "absent" if there is no such operation."""
    found = c.execute(sa.select(operations.c.state).where(operations.c.id == operation_id)).scalar()
    return "absent" if found is None else str(found)


def blocker_of(c: Connection, operation_id: OperationId) -> OperationId | None:
    """For a waiting operation: the active one that it waits for."""
    waiting = operations.alias("waiting")
    found = c.execute(
        sa.select(operations.c.id).where(
            operations.c.subject == waiting.c.subject,
            operations.c.state.in_(ACTIVE_STATES),
            waiting.c.id == operation_id,
            waiting.c.state == "waiting",
        )
    ).scalar()
    return None if found is None else OperationId(found)


def active_of(c: Connection, subject: str) -> OperationId | None:
    """The operation that owns the subject now."""
    found = c.execute(_ACTIVE_OF, {"b_subject": subject}).scalar()
    return None if found is None else OperationId(found)


def waiting_of(c: Connection, subject: str, kind: str) -> OperationId | None:
    """An operation of that kind that waits for the subject."""
    found = c.execute(
        sa.select(operations.c.id).where(
            operations.c.subject == subject, operations.c.state == "waiting", operations.c.kind == kind
        )
    ).scalar()
    return None if found is None else OperationId(found)


def request_cancel(c: Connection, operation_id: OperationId) -> None:
    """Ask whoever runs it to stop and unwind."""
    c.execute(operations.update().where(operations.c.id == operation_id).values(cancel_requested=True))


def take(c: Connection, operation_id: OperationId, owner: str) -> Row | None:
    """Become the owner of an accepted operation, or go on with one that is ours already; None if it is not ours."""
    taken = c.execute(_TAKE, {"b_id": operation_id, "b_owner": owner, "b_now": utcnow()}).first()
    return None if taken is None else _row(taken)


def _row(r: sa.Row[tuple[object, ...]]) -> Row:
    m = r._mapping
    failure = None
    if m["error_code"] is not None:
        failure = Failure(m["error_code"], m["error_message"] or "", m["error_detail"] or "")
    return Row(
        id=OperationId(m["id"]),
        kind=m["kind"],
        subject=m["subject"],
        state=m["state"],
        project_id=m["project_id"],
        user_id=m["user_id"],
        request_id=m["request_id"],
        data=m["data"],
        cancel_requested=bool(m["cancel_requested"]),
        failure=failure,
    )


def log_of(c: Connection, operation_id: OperationId) -> list[Entry]:
    """The log, in order, as the plan reads it."""
    rows = c.execute(_LOG_OF, {"b_id": operation_id})
    return [Entry(r.step, r.phase, r.outcome) for r in rows]


def log_start(
    c: Connection,
    operation_id: OperationId,
    n: int,
    entry: Entry,
    failure: Failure | None = None,
) -> None:
    """An execution begins (or, with an outcome, begins and ends in this transaction)."""
    now = utcnow()
    c.execute(
        _INSERT_LOG,
        {
            "operation_id": operation_id,
            "n": n,
            "step": entry.step,
            "phase": entry.phase,
            "outcome": entry.outcome,
            "started_at": now,
            "finished_at": now if entry.outcome else None,
            **_texts(failure, ""),
        },
    )


def _texts(failure: Failure | None, prefix: str) -> Mapping[str, str | None]:
    return {
        f"{prefix}message": failure.message[:_MAX_TEXT] if failure else None,
        f"{prefix}detail": failure.detail[:_MAX_TEXT] if failure else None,
    }


def log_finish(
    c: Connection, operation_id: OperationId, n: int, outcome: Outcome, failure: Failure | None = None
) -> None:
    """An execution ended."""
    c.execute(
        _FINISH_LOG,
        {"b_id": operation_id, "b_n": n, "b_outcome": outcome, "b_now": utcnow(), **_texts(failure, "b_")},
    )


def update(
    c: Connection,
    operation_id: OperationId,
    owner: str,
    *,
    state: str | None = None,
    data: str | None = None,
    failure: Failure | None = None,
    finished: bool = False,
) -> bool | None:
    """Change an operation that is ours; gives its ``cancel_requested``, or None when it is not ours any more."""
    values: dict[str, object] = {"updated_at": utcnow()}
    if state is not None:
        values["state"] = state
    if data is not None:
        values["data"] = data
    if failure is not None:
        values |= {
            "error_code": failure.code[:64],
            "error_message": failure.message[:_MAX_TEXT],
            "error_detail": failure.detail[:_MAX_TEXT],
        }
    if finished:
        values["finished_at"] = utcnow()
    found = c.execute(
        _update_statement(frozenset(values)),
        {"b_id": operation_id, "b_owner": owner, **{f"v_{name}": value for name, value in values.items()}},
    ).first()
    return None if found is None else bool(found[0])


def promote_waiting(c: Connection, subject: str) -> OperationId | None:
    """Let the oldest operation that waits for this subject begin; gives its id."""
    oldest = c.execute(_OLDEST_WAITING, {"b_subject": subject}).scalar()
    if oldest is None:
        return None
    c.execute(operations.update().where(operations.c.id == oldest).values(state="accepted"))
    return OperationId(oldest)


def stranded(c: Connection) -> list[str]:
    """Subjects with a waiting operation and no active one: a crash fell between an end and the promotion."""
    active = operations.alias("active")
    rows = c.execute(
        sa.select(operations.c.subject)
        .where(
            operations.c.state == "waiting",
            ~sa.exists().where(active.c.subject == operations.c.subject, active.c.state.in_(ACTIVE_STATES)),
        )
        .distinct()
    )
    return [r.subject for r in rows]


def to_run(c: Connection, owner: str) -> list[OperationId]:
    """Active operations that nobody has, or that are ours, oldest first."""
    rows = c.execute(
        sa.select(operations.c.id)
        .where(
            operations.c.state.in_(ACTIVE_STATES),
            sa.or_(operations.c.owner.is_(None), operations.c.owner == owner),
        )
        .order_by(operations.c.created_at)
    )
    return [OperationId(r.id) for r in rows]


def cancelled_of(c: Connection, owner: str) -> list[OperationId]:
    """Our running operations that somebody wants to stop."""
    rows = c.execute(
        sa.select(operations.c.id).where(
            operations.c.owner == owner, operations.c.state == "running", operations.c.cancel_requested
        )
    )
    return [OperationId(r.id) for r in rows]


def heartbeat(c: Connection, owner: str, label: str, started_at: datetime) -> None:
    """Say that this process lives."""
    now = utcnow()
    done = c.execute(operation_owners.update().where(operation_owners.c.id == owner).values(heartbeat_at=now))
    if done.rowcount == 0:
        c.execute(operation_owners.insert().values(id=owner, label=label, started_at=started_at, heartbeat_at=now))


def adopt_orphans(c: Connection, owner: str, dead_after: timedelta) -> int:
    """Take over the operations of processes that were silent for too long; gives how many."""
    limit = utcnow() - dead_after
    alive = sa.select(operation_owners.c.id).where(operation_owners.c.heartbeat_at >= limit)
    adopted = c.execute(
        operations.update()
        .where(
            operations.c.state.in_(ACTIVE_STATES),
            operations.c.owner.is_not(None),
            operations.c.owner != owner,
            operations.c.owner.not_in(alive),
        )
        .values(owner=owner)
    )
    return adopted.rowcount


def counts(c: Connection) -> dict[str, int]:
    """Operations that are not over, by state, and those that are stuck."""
    rows = c.execute(
        sa.select(operations.c.state, sa.func.count())
        .where(operations.c.state.in_((*ACTIVE_STATES, "waiting", "stuck")))
        .group_by(operations.c.state)
    ).all()
    return {str(state): int(count) for state, count in rows}
