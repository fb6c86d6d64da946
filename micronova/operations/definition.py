"""What an operation is: a kind, a typed state, an ordered list of steps with their undos, and two endings.

A file per user verb declares one (``micronova/compute/operations/create_server.py``), so that a reader sees the whole
plan on one screen.  Rules that every step keeps:

- *Ensure*, never "create again": a step may run twice (after a crash it is repeated), keyed by ids made beforehand.
- An undo may run twice too, and may run when its step did only half of its work, or nothing.
- A step has an undo, or ``no_undo`` says why none is needed.
- What a step learns it returns in a changed copy of the state (a ``msgspec.Struct``); None means unchanged.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec
from sqlalchemy.engine import Connection

from micronova.model.errors import Conflict, MicronovaError
from micronova.model.ids import OperationId

S = TypeVar("S", bound=msgspec.Struct)


class Cancelled(Conflict):
    """Somebody asked for this operation to stop (a delete while the server is being built)."""

    code = "cancelled"


class RewindTo(Exception):
    """Raised by a step: undo back to (and including) step ``step``, then go on from there with ``state``.

    This is how another host is tried: ``raise RewindTo("choose_host", state) from err``.
    """

    def __init__(self, step: str, state: msgspec.Struct) -> None:
        super().__init__(f"rewind to {step}")
        self.step = step
        self.state = state


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an operation ended badly: ``message`` is for the user, ``detail`` for admins, ``code`` is stable."""

    code: str
    message: str
    detail: str
    status: int = 500

    @classmethod
    def of(cls, err: BaseException) -> Failure:
        """From an exception; what is not one of our kinds shows the user no internals (T-API10)."""
        if isinstance(err, MicronovaError):
            chain = err.detail or _causes(err)
            return cls(err.code, err.message, chain, err.status)
        return cls("internal", "An internal error ended the operation.", _causes(err))


def _causes(err: BaseException | None) -> str:
    texts: list[str] = []
    while err is not None and len(texts) < 6:
        texts.append(f"{type(err).__name__}: {err}")
        err = err.__cause__
    return " <- ".join(texts)[:4000]


@dataclass(slots=True)
class StepContext:
    """What a step may know about its run."""

    operation_id: OperationId
    subject: str
    project_id: str
    user_id: str
    request_id: str
    resumed: bool = False
    deadline: float = float("inf")
    _cancel: threading.Event = field(default_factory=threading.Event)

    @property
    def cancelled(self) -> bool:
        """Whether to stop; long steps look at it between chunks of their work."""
        return self._cancel.is_set()

    def cancel(self) -> None:
        """Ask for an end; the step that runs sees it at its next ``check``."""
        self._cancel.set()

    def check_cancelled(self) -> None:
        """Raise Cancelled if somebody asked for an end."""
        if self._cancel.is_set():
            raise Cancelled("The operation was cancelled.")

    def check(self) -> None:
        """Raise Cancelled, or Conflict (code ``timeout``), if this step should not go on."""
        self.check_cancelled()
        if time.monotonic() > self.deadline:
            raise Conflict("The operation took too long.", code="timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[S]):
    """A step whose effect lies outside of our database (a host, a file): logged before and after.

    ``attempts`` counts tries on ``Unavailable``, with ``wait_s`` between them.  ``timeout_s`` becomes the context's
    deadline.
    """

    name: str
    do: Callable[[StepContext, S], S | None]
    undo: Callable[[StepContext, S], None] | None = None
    no_undo: str = ""
    attempts: int = 1
    wait_s: float = 1.0
    timeout_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStep(Generic[S]):
    """A step that only changes our database: its effect and its log entry commit together, so it happens once.

    Must not call a host or wait for anything.  Its undo runs in a transaction too.
    """

    name: str
    do: Callable[[Connection, StepContext, S], S | None]
    undo: Callable[[Connection, StepContext, S], None] | None = None
    no_undo: str = ""


AnyStep = Step[S] | TransactionStep[S]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[S]):
    """A user's verb.

    ``action`` is its name in os-instance-actions ("create", "delete", "reboot").
    ``succeeded`` and ``failed`` run in the transaction that ends the operation; ``failed`` after everything is undone
    (or, when undoing has to wait for a host, before that, so that the user sees the fault at once: idempotent).
    """

    kind: str
    action: str
    state: type[S]
    steps: tuple[Step[S] | TransactionStep[S], ...]
    succeeded: Callable[[Connection, StepContext, S], None]
    failed: Callable[[Connection, StepContext, S, Failure], None]
    # Reads a stored state.  Made here and once: msgspec crashes when two threads meet a new type at the same time.
    decoder: msgspec.json.Decoder[S] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decoder", msgspec.json.Decoder(self.state))
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise ValueError(f"operation {self.kind}: step names must differ: {names}")
        for step in self.steps:
            if (step.undo is None) == (step.no_undo == ""):
                raise ValueError(f"operation {self.kind}: step {step.name} needs an undo, or no_undo saying why not")

    def index(self, step: str) -> int:
        """The place of the step of that name; KeyError if there is none."""
        for i, candidate in enumerate(self.steps):
            if candidate.name == step:
                return i
        raise KeyError(step)
