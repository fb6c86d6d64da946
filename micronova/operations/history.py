"""What was done to a subject, read from the engine's own record: the source of os-instance-actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.tables.operations import ACTIVE_STATES, operation_log, operations


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One execution of a step (``phase`` do) or of its undo (undo); ``outcome`` None while it runs."""

    step: str
    phase: str
    outcome: str | None
    started_at: datetime
    finished_at: datetime | None
    message: str | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRecord:
    """One operation of a subject.  ``state`` as in micronova.operations.engine; ``message`` says why it failed."""

    id: str
    kind: str
    subject: str
    state: str
    project_id: str
    user_id: str
    request_id: str
    message: str | None
    detail: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    entries: Sequence[LogRecord]


def operations_of(c: Connection, subject: str, *, request_id: str | None = None) -> list[OperationRecord]:
    """All operations of the subject, newest first, with their logs; or those of one request.  Two queries."""
    wanted = sa.select(operations).where(operations.c.subject == subject)
    if request_id is not None:
        wanted = wanted.where(operations.c.request_id == request_id)
    rows = c.execute(wanted.order_by(operations.c.created_at.desc(), operations.c.id)).all()
    logs: dict[str, list[LogRecord]] = {row.id: [] for row in rows}
    if logs:
        entries = c.execute(
            sa.select(operation_log)
            .where(operation_log.c.operation_id.in_(list(logs)))
            .order_by(operation_log.c.operation_id, operation_log.c.n)
        )
        for e in entries:
            logs[e.operation_id].append(
                LogRecord(
                    step=e.step,
                    phase=e.phase,
                    outcome=e.outcome,
                    started_at=e.started_at,
                    finished_at=e.finished_at,
                    message=e.message,
                    detail=e.detail,
                )
            )
    return [
        OperationRecord(
            id=row.id,
            kind=row.kind,
            subject=row.subject,
            state=row.state,
            project_id=row.project_id,
            user_id=row.user_id,
            request_id=row.request_id,
            message=row.error_message,
            detail=row.error_detail,
            created_at=row.created_at,
            updated_at=row.updated_at,
            finished_at=row.finished_at,
            entries=logs[row.id],
        )
        for row in rows
    ]


def active_subjects(c: Connection) -> set[str]:
    """Subjects that an operation is working on, or waits for."""
    rows = c.execute(sa.select(operations.c.subject).where(operations.c.state.in_((*ACTIVE_STATES, "waiting"))))
    return {row.subject for row in rows}
