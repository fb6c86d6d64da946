"""The engine's rows: every query on ``operations``, ``operation_log`` and ``operation_owners``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.operations import ACTIVE_STATES, operation_log, operation_owners, operations
from micronova.model.clock import utcnow
from micronova.model.ids import OperationId
from micronova.operations.definition import Failure
from micronova.operations.plan import Entry, Outcome

# All that may end up in text columns; what is longer says nothing more to anybody.
_MAX_TEXT = 4000


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
        operations.insert().values(
            id=operation_id,
            kind=kind,
            subject=subject,
            state=state,
            project_id=project_id,
            user_id=user_id,
            request_id=request_id,
            data=data,
            created_at=now,
            updated_at=now,
        )
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
    found = c.execute(
        sa.select(operations.c.id).where(operations.c.subject == subject, operations.c.state.in_(ACTIVE_STATES))
    ).scalar()
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
    taken = c.execute(
        operations.update()
        .where(
            operations.c.id == operation_id,
            operations.c.state.in_(ACTIVE_STATES),
            sa.or_(operations.c.owner.is_(None), operations.c.owner == owner),
        )
        .values(
            owner=owner,
            state=sa.case((operations.c.state == "accepted", "running"), else_=operations.c.state),
            updated_at=utcnow(),
        )
        .returning(operations)
    ).first()
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
    rows = c.execute(
        sa.select(operation_log.c.step, operation_log.c.phase, operation_log.c.outcome)
        .where(operation_log.c.operation_id == operation_id)
        .order_by(operation_log.c.n)
    )
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
        operation_log.insert().values(
            operation_id=operation_id,
            n=n,
            step=entry.step,
            phase=entry.phase,
            outcome=entry.outcome,
            started_at=now,
            finished_at=now if entry.outcome else None,
            message=failure.message[:_MAX_TEXT] if failure else None,
            detail=failure.detail[:_MAX_TEXT] if failure else None,
        )
    )


def log_finish(
    c: Connection, operation_id: OperationId, n: int, outcome: Outcome, failure: Failure | None = None
) -> None:
    """An execution ended."""
    c.execute(
        operation_log.update()
        .where(operation_log.c.operation_id == operation_id, operation_log.c.n == n)
        .values(
            outcome=outcome,
            finished_at=utcnow(),
            message=failure.message[:_MAX_TEXT] if failure else None,
            detail=failure.detail[:_MAX_TEXT] if failure else None,
        )
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
        operations.update()
        .where(operations.c.id == operation_id, operations.c.owner == owner)
        .values(**values)
        .returning(operations.c.cancel_requested)
    ).first()
    return None if found is None else bool(found[0])


def promote_waiting(c: Connection, subject: str) -> OperationId | None:
    """Let the oldest operation that waits for this subject begin; gives its id."""
    oldest = c.execute(
        sa.select(operations.c.id)
        .where(operations.c.subject == subject, operations.c.state == "waiting")
        .order_by(operations.c.created_at)
        .limit(1)
    ).scalar()
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
