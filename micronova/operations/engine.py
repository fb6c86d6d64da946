"""The engine: runs operations step by step in worker threads, and goes on with them after a crash.

    accepted ──take──> running ──all steps done──────────────> succeeded
                          │ a step failed, or a cancel
                          └──> unwinding ──all undone────────> failed
                                   └── an undo keeps failing > stuck     (for a person; the subject is free)
    waiting ──the active operation of its subject ended──> accepted

Every change of state and every log entry is one short transaction that also checks that the operation is still ours.
The end of one step and the start of the next share a transaction.  A process that dies leaves an operation at a step
that was started: that step is repeated, which is why steps say "ensure".
"""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.db.database import Database
from micronova.model import request_id as current
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, MicronovaError
from micronova.model.ids import OperationId, new_uuid
from micronova.operations import store
from micronova.operations.definition import Operation
from micronova.operations.run import Lost, Observer, Run, Stopping, Surroundings

log = logging.getLogger(__name__)

HEARTBEAT_S = 5.0
# A silent process has lost its operations after this long; it finds out at its next transaction.
DEAD_AFTER = timedelta(seconds=30)


class Engine:
    """Runs the registered operations.

    ``owner`` names this process over restarts: a process that comes back under the same name takes its operations up at
    once (the caller guarantees, by a lock, that the former one is dead).  ``observer`` is for tests that kill or fail.
    """

    def __init__(
        self,
        database: Database,
        definitions: Sequence[Operation[Any]],
        *,
        owner: str,
        label: str = "",
        workers: int = 32,
        observer: Observer | None = None,
    ) -> None:
        self._db = database
        self._owner = owner
        self._label = label or owner
        self._max_workers = workers
        self._queue: queue.SimpleQueue[OperationId | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._known: set[OperationId] = set()  # queued or running here
        self._cancels: dict[OperationId, threading.Event] = {}
        self._ended: dict[OperationId, threading.Event] = {}
        self._later: list[tuple[float, int, OperationId]] = []  # heap of what is tried again later
        self._serial = itertools.count()
        self._workers: list[threading.Thread] = []
        self._idle = 0
        self._started = False
        self._stop = threading.Event()
        self._wake = threading.Event()  # the clock has something new to wait for
        self._clock: threading.Thread | None = None
        self._started_at = utcnow()
        self._surroundings = Surroundings(
            database=database,
            definitions={definition.kind: definition for definition in definitions},
            owner=owner,
            stop=self._stop,
            observer=observer,
            cancel=self._cancel,
            cancel_event=self._cancel_event,
        )

    # -- accepting -------------------------------------------------------------------------------------------------

    def accept(
        self,
        c: Connection,
        definition: Operation[Any],
        state: msgspec.Struct,
        *,
        subject: str,
        project_id: str = "",
        user_id: str = "",
        request_id: str = "",
        supersede: bool = False,
    ) -> OperationId:
        """Write the operation in the caller's transaction; it begins after the commit and a ``kick``.

        With ``supersede`` an active operation of the subject is cancelled, and this one waits for its end; a waiting
        one of the same kind is given back instead of a second.  Without: Conflict when the subject is busy.
        """
        active = store.active_of(c, subject)
        if active is not None:
            if not supersede:
                raise Conflict("Another operation on it is under way.", code="busy")
            same = store.waiting_of(c, subject, definition.kind)
            if same is not None:
                return same
            store.request_cancel(c, active)
        operation_id = OperationId(new_uuid())
        try:
            store.insert(
                c,
                operation_id=operation_id,
                kind=definition.kind,
                subject=subject,
                state="accepted" if active is None else "waiting",
                project_id=project_id,
                user_id=user_id,
                request_id=request_id,
                data=msgspec.json.encode(state).decode(),
            )
        except sa.exc.IntegrityError as err:
            raise Conflict("Another operation on it is under way.", code="busy") from err
        return operation_id

    def kick(self, *operation_ids: OperationId) -> None:
        """After the commit: begin them now (the clock would find them too, a few seconds later)."""
        for operation_id in operation_ids:
            self._enqueue(operation_id)

    # -- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Go on with what was under way, and keep going."""
        self._started = True
        self._tick()
        self._clock = threading.Thread(target=self._run_clock, name="operations-clock", daemon=True)
        self._clock.start()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Begin no further step; wait for the running ones.  True if all workers ended in time."""
        self._stop.set()
        self._wake.set()
        with self._lock:
            workers = list(self._workers)
            for event in self._ended.values():
                event.set()
        for _ in workers:
            self._queue.put(None)
        deadline = time.monotonic() + timeout_s
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        if self._clock is not None:
            self._clock.join(max(0.0, deadline - time.monotonic()) + 1.0)
        return not any(worker.is_alive() for worker in workers)

    def wait(self, operation_id: OperationId, timeout_s: float = 60.0) -> str:
        """Block until the operation has ended here; gives its state.  For tests and command line tools."""
        deadline = time.monotonic() + timeout_s
        while True:
            with self._lock:
                event = self._ended.setdefault(operation_id, threading.Event())
            with self._db.read() as c:
                state = store.state_of(c, operation_id)
            if state not in ("waiting", "accepted", "running", "unwinding") or time.monotonic() > deadline:
                with self._lock:
                    self._ended.pop(operation_id, None)
                return state
            event.wait(min(1.0, max(0.01, deadline - time.monotonic())))

    def health(self) -> dict[str, int]:
        """How many operations are waiting, running, unwinding, stuck."""
        with self._db.read() as c:
            return store.counts(c)

    def _run_clock(self) -> None:
        next_tick = time.monotonic() + HEARTBEAT_S
        while not self._stop.is_set():
            with self._lock:
                due = min(next_tick, self._later[0][0]) if self._later else next_tick
            self._wake.wait(max(0.0, due - time.monotonic()))
            self._wake.clear()
            now = time.monotonic()
            self._enqueue_due(now)
            if now >= next_tick and not self._stop.is_set():
                next_tick = now + HEARTBEAT_S
                try:
                    self._tick()
                except (MicronovaError, sa.exc.SQLAlchemyError):
                    log.exception("the operations' clock could not reach the database; trying again")

    def _enqueue_due(self, now: float) -> None:
        due = []
        with self._lock:
            while self._later and self._later[0][0] <= now:
                due.append(heapq.heappop(self._later)[2])
        for operation_id in due:
            self._enqueue(operation_id)

    def _tick(self) -> None:
        """Heartbeat, adoption, promotion, cancels: everything that another process, or a crash, may have left."""

        def work(c: Connection) -> tuple[list[OperationId], list[OperationId]]:
            store.heartbeat(c, self._owner, self._label, self._started_at)
            adopted = store.adopt_orphans(c, self._owner, DEAD_AFTER)
            if adopted:
                log.warning("took over %d operations of a silent process", adopted)
            for subject in store.stranded(c):
                store.promote_waiting(c, subject)
            return store.to_run(c, self._owner), store.cancelled_of(c, self._owner)

        to_run, cancelled = self._db.transact(work)
        for operation_id in cancelled:
            self._cancel(operation_id)
        for operation_id in to_run:
            self._enqueue(operation_id)

    def _cancel(self, operation_id: OperationId) -> None:
        with self._lock:
            event = self._cancels.get(operation_id)
        if event is not None:
            event.set()

    def _cancel_event(self, operation_id: OperationId) -> threading.Event:
        with self._lock:
            return self._cancels.setdefault(operation_id, threading.Event())

    def _enqueue(self, operation_id: OperationId) -> None:
        with self._lock:
            if operation_id in self._known or not self._started or self._stop.is_set():
                return  # what is not begun now is found by the clock, or at the start
            self._known.add(operation_id)
            if self._idle <= self._queue.qsize() and len(self._workers) < self._max_workers:
                worker = threading.Thread(target=self._work, name=f"operations-{len(self._workers)}", daemon=True)
                self._workers.append(worker)
                worker.start()
        self._queue.put(operation_id)

    def _try_later(self, operation_id: OperationId, wait_s: float) -> None:
        with self._lock:
            heapq.heappush(self._later, (time.monotonic() + wait_s, next(self._serial), operation_id))
        self._wake.set()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            operation_id = self._queue.get()
            with self._lock:
                self._idle -= 1
            if operation_id is None or self._stop.is_set():
                return
            again_s: float | None = None
            promoted: OperationId | None = None
            try:
                again_s, promoted = Run(self._surroundings, operation_id).run()
            except (Lost, Stopping):
                pass
            except Exception:  # a worker must live on; the operation stays as it is
                log.exception("operation %s: the engine failed; trying again", operation_id)
                again_s = HEARTBEAT_S
            finally:
                current.set_request_id("-")
                with self._lock:
                    self._known.discard(operation_id)
                    self._cancels.pop(operation_id, None)
                    ended = self._ended.get(operation_id)
            if again_s is not None:
                self._try_later(operation_id, again_s)
            elif ended is not None:
                ended.set()
            if promoted is not None:
                self._enqueue(promoted)
