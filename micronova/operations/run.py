"""One worker's hold on one operation: take it, do its steps or undo them, end it.

Every change of state and every log entry is one short transaction that also checks that the operation is still ours.
The end of one step and the start of the next share a transaction.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy.engine import Connection

from micronova.db.database import Database
from micronova.model import request_id as current
from micronova.model.errors import Unavailable
from micronova.model.ids import OperationId
from micronova.operations import plan, store
from micronova.operations.definition import Cancelled, Failure, Operation, RewindTo, Step, StepContext, TransactionStep

log = logging.getLogger(__name__)

Moment = Literal["before", "after"]
# Told about every execution (kind, step, phase, moment): "after" is after the effect and before its log entry.
Observer = Callable[[str, str, plan.Phase, Moment], None]

UNDO_ATTEMPTS = 3
MAX_WAIT_S = 30.0
# How soon to look again: at an operation that waits for a cancelled one, and at an undo whose host is away.
WAITING_S = 0.1
AWAY_S = 10.0
# A step with more attempts than this waits for its host without holding a worker.
PATIENT = 10


class Lost(Exception):
    """The operation belongs to another process now: stop at once, write nothing."""


class Stopping(Exception):
    """This process ends: leave the operation as it is; the next start goes on with it."""


class Later(Exception):
    """A host is away and the step is patient: give the worker back and go on with the step after a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run needs of its engine."""

    database: Database
    definitions: Mapping[str, Operation[Any]]
    owner: str
    stop: threading.Event
    observer: Observer | None
    cancel: Callable[[OperationId], None]  # ask a run of this process to stop
    cancel_event: Callable[[OperationId], threading.Event]  # what that sets


class Run:
    """One worker's hold on one operation."""

    def __init__(self, surroundings: Surroundings, operation_id: OperationId) -> None:
        self._around = surroundings
        self._db = surroundings.database
        self._id = operation_id
        self._entries: list[plan.Entry] = []
        self._open: int | None = None  # n of the entry that is started and not finished

    def run(self) -> tuple[float | None, OperationId | None]:
        """Work until the end.  Gives (seconds after which to try again, a promoted operation)."""

        def take(c: Connection) -> tuple[store.Row | None, list[plan.Entry], OperationId | None]:
            row = store.take(c, self._id, self._around.owner)
            if row is None:
                return None, [], store.blocker_of(c, self._id)
            return row, store.log_of(c, self._id), None

        row, self._entries, blocker = self._db.transact(take)
        if row is None:
            if blocker is None:
                return None, None
            self._around.cancel(blocker)
            return WAITING_S, None
        self._row = row
        current.set_request_id(row.request_id or "-")
        self._context = self._make_context(row)
        definition = self._around.definitions.get(row.kind)
        if definition is None:
            return None, self._finish_unreadable(f"operation kind {row.kind} is not known to this version")
        try:
            self._state = self._saved = definition.decoder.decode(row.data)
        except (msgspec.DecodeError, msgspec.ValidationError) as err:
            return None, self._finish_unreadable(f"its data cannot be read: {err}")
        self._definition = definition
        self._names = [step.name for step in definition.steps]
        if row.state == "unwinding":
            return self._unwind(row.failure or Failure("internal", "The operation failed.", ""))
        try:
            return self._forward()
        except Later:
            return AWAY_S, None

    def _make_context(self, row: store.Row) -> StepContext:
        cancel = self._around.cancel_event(self._id)
        if row.cancel_requested:
            cancel.set()
        return StepContext(
            operation_id=self._id,
            subject=row.subject,
            project_id=row.project_id,
            user_id=row.user_id,
            request_id=row.request_id,
            resumed=bool(self._entries),
            _cancel=cancel,
        )

    # -- forward ---------------------------------------------------------------------------------------------------

    def _forward(self) -> tuple[float | None, OperationId | None]:
        while True:
            name = plan.next_forward(self._names, self._entries)
            if name is None:
                return None, self._finish("succeeded", None)
            step = self._definition.steps[self._definition.index(name)]
            try:
                self._context.check_cancelled()
                if isinstance(step, TransactionStep):
                    self._do_transaction(step)
                else:
                    self._do(step)
            except (Lost, Stopping, Later):
                raise
            except RewindTo as rewind:
                log.info("%s %s: back to %s: %s", self._row.kind, self._row.subject, rewind.step, rewind.__cause__)
                self._close("failed", Failure.of(rewind.__cause__ or rewind))
                trouble = self._rewind(rewind)
                if trouble is not None:
                    self._begin_unwinding(trouble)
                    return self._unwind(trouble)
            except Exception as err:  # whatever a step raises becomes the operation's failure
                failure = Failure.of(err)
                if failure.code == "internal":
                    log.exception("%s %s: step %s", self._row.kind, self._row.subject, name)
                elif not isinstance(err, Cancelled):
                    log.warning("%s %s: step %s: %s", self._row.kind, self._row.subject, name, err)
                self._begin_unwinding(failure)
                return self._unwind(failure)

    def _do_transaction(self, step: TransactionStep[Any]) -> None:
        entry = plan.Entry(step.name, "do", "succeeded")

        def work(c: Connection) -> msgspec.Struct:
            self._observe(step.name, "do", "before")
            self._finish_open(c)
            learned = step.do(c, self._context, self._state)
            state: msgspec.Struct = self._state if learned is None else learned
            store.log_start(c, self._id, len(self._entries), entry)
            self._save(c, state)
            self._observe(step.name, "do", "after")
            return state

        try:
            self._state = self._saved = self._db.transact(work)
        except (Lost, Stopping):
            raise
        except Exception as err:
            self._log_failed_transaction(step, err)
            raise
        self._open_done()
        self._entries.append(entry)

    def _log_failed_transaction(self, step: TransactionStep[Any], err: Exception) -> None:
        """Its effect is gone with its transaction, and so is the end of the step before it: write both."""
        entry = plan.Entry(step.name, "do", "failed")
        failure = Failure.of(err.__cause__ or err if isinstance(err, RewindTo) else err)

        def work(c: Connection) -> None:
            self._finish_open(c)
            store.log_start(c, self._id, len(self._entries), entry, failure)
            self._save(c, self._state)

        self._db.transact(work)
        self._saved = self._state
        self._open_done()
        self._entries.append(entry)

    def _do(self, step: Step[Any]) -> None:
        if self._entries and self._entries[-1] == plan.Entry(step.name, "do", None):
            self._open = len(self._entries) - 1  # begun before a crash, or before a long wait: still the same one
        else:
            self._start(step.name, "do")
        learned = self._attempt(step)
        if learned is not None:
            self._state = learned
        # Its end is written together with the start of the next step.
        self._entries[-1] = plan.Entry(step.name, "do", "succeeded")

    def _start(self, name: str, phase: plan.Phase) -> None:
        entry = plan.Entry(name, phase, None)

        def work(c: Connection) -> None:
            self._finish_open(c)
            store.log_start(c, self._id, len(self._entries), entry)
            self._save(c, self._state)

        self._db.transact(work)
        self._saved = self._state
        self._open_done()
        self._open = len(self._entries)
        self._entries.append(entry)

    def _attempt(self, step: Step[Any]) -> msgspec.Struct | None:
        self._context.deadline = time.monotonic() + step.timeout_s
        wait_s = step.wait_s
        attempt = 1
        while True:
            try:
                self._observe(step.name, "do", "before")
                learned: msgspec.Struct | None = step.do(self._context, self._state)
                self._observe(step.name, "do", "after")
                return learned
            except Unavailable as err:
                if attempt >= step.attempts:
                    raise
                if step.attempts > PATIENT and attempt >= UNDO_ATTEMPTS:
                    raise Later from err
                log.info("%s: step %s: attempt %d: %s", self._row.kind, step.name, attempt, err)
            self._pause(wait_s)
            wait_s = min(wait_s * 2, MAX_WAIT_S)
            attempt += 1

    def _pause(self, wait_s: float) -> None:
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            if self._around.stop.wait(min(0.2, wait_s)):
                raise Stopping
            self._context.check()

    # -- backward --------------------------------------------------------------------------------------------------

    def _rewind(self, rewind: RewindTo) -> Failure | None:
        for name in plan.to_undo(self._names, self._entries, rewind.step):
            trouble = self._undo_with_patience(name)
            if trouble is not None:
                return trouble
        self._state = rewind.state
        return None

    def _begin_unwinding(self, failure: Failure) -> None:
        def work(c: Connection) -> None:
            self._finish_open(c, "failed", failure)
            if store.update(c, self._id, self._around.owner, state="unwinding", failure=failure) is None:
                raise Lost

        self._db.transact(work)
        self._open_done("failed")

    def _unwind(self, failure: Failure) -> tuple[float | None, OperationId | None]:
        for name in plan.to_undo(self._names, self._entries):
            trouble = self._undo_with_patience(name)
            if trouble is None:
                continue
            if trouble.status == Unavailable.status and not self._context.cancelled:
                # A host is away: show the fault now, undo when it is back.  (When superseded, the next operation
                # cleans up by itself: do not keep it waiting.)
                self._db.transact(lambda c: self._definition.failed(c, self._context, self._state, failure))
                return AWAY_S, None
            log.error(
                "%s %s is STUCK: undo of %s keeps failing: %s", self._row.kind, self._row.subject, name, trouble.detail
            )
            return None, self._finish("stuck", failure)
        return None, self._finish("failed", failure)

    def _undo_with_patience(self, name: str) -> Failure | None:
        """Undo one step; the reason if that keeps failing."""
        step = self._definition.steps[self._definition.index(name)]
        failure: Failure | None = None
        for attempt in range(1, UNDO_ATTEMPTS + 1):
            if self._around.stop.is_set():
                raise Stopping
            try:
                self._undo(step)
                return None
            except (Lost, Stopping):
                raise
            except Exception as err:  # an undo that fails is told to a person, after some tries
                log.exception("%s %s: undo of %s, attempt %d", self._row.kind, self._row.subject, name, attempt)
                failure = Failure.of(err)
                self._close("failed", failure)
            self._around.stop.wait(0.1 * attempt)
        return failure

    def _undo(self, step: Step[Any] | TransactionStep[Any]) -> None:
        if isinstance(step, Step):
            self._start(step.name, "undo")
            self._observe(step.name, "undo", "before")
            if step.undo is not None:
                step.undo(self._context, self._state)
            self._observe(step.name, "undo", "after")
            self._close("succeeded", None)
            return
        entry = plan.Entry(step.name, "undo", "succeeded")

        def work(c: Connection) -> None:
            self._observe(step.name, "undo", "before")
            if step.undo is not None:
                step.undo(c, self._context, self._state)
            store.log_start(c, self._id, len(self._entries), entry)
            self._save(c, self._state)
            self._observe(step.name, "undo", "after")

        self._db.transact(work)
        self._entries.append(entry)

    # -- log and end -----------------------------------------------------------------------------------------------

    def _save(self, c: Connection, state: msgspec.Struct) -> None:
        """Write what was learned, and see whether the operation is still ours, and still wanted."""
        data = None if state is self._saved else msgspec.json.encode(state).decode()
        cancelled = store.update(c, self._id, self._around.owner, data=data)
        if cancelled is None:
            raise Lost
        if cancelled:
            self._context.cancel()

    def _finish_open(self, c: Connection, outcome: plan.Outcome = "succeeded", failure: Failure | None = None) -> None:
        if self._open is not None:
            store.log_finish(c, self._id, self._open, outcome, failure)

    def _open_done(self, outcome: plan.Outcome = "succeeded") -> None:
        if self._open is not None:
            entry = self._entries[self._open]
            self._entries[self._open] = plan.Entry(entry.step, entry.phase, outcome)
            self._open = None

    def _close(self, outcome: plan.Outcome, failure: Failure | None) -> None:
        """Finish the open entry in a transaction of its own."""
        if self._open is not None:
            self._db.transact(lambda c: self._finish_open(c, outcome, failure))
            self._open_done(outcome)

    def _finish(self, state: str, failure: Failure | None) -> OperationId | None:
        def work(c: Connection) -> OperationId | None:
            self._finish_open(c)
            if failure is None:
                self._definition.succeeded(c, self._context, self._state)
            else:
                self._definition.failed(c, self._context, self._state, failure)
            return self._end(c, state, failure)

        return self._db.transact(work)

    def _finish_unreadable(self, why: str) -> OperationId | None:
        """What cannot be read must not stop the service: it is stuck, loudly, and its subject is free (T-API11)."""
        failure = Failure("unreadable", "The operation cannot be continued.", why)
        log.error("operation %s (%s) of %s is STUCK: %s", self._id, self._row.kind, self._row.subject, why)
        return self._db.transact(lambda c: self._end(c, "stuck", failure))

    def _end(self, c: Connection, state: str, failure: Failure | None) -> OperationId | None:
        if store.update(c, self._id, self._around.owner, state=state, failure=failure, finished=True) is None:
            raise Lost
        return store.promote_waiting(c, self._row.subject)

    def _observe(self, step: str, phase: plan.Phase, moment: Moment) -> None:
        if self._around.stop.is_set() and moment == "before":
            raise Stopping
        if self._around.observer is not None:
            self._around.observer(self._row.kind, step, phase, moment)
