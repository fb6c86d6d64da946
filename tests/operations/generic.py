"""The three tests that every operation inherits (steno's and omicron's habit).

1. *Twice*: the process stops after each step's effect and before its log entry; the next start repeats the step;
   the end is as if nothing had happened.
2. *Failure everywhere*: each step fails, before and after its effect; everything is undone, nothing is left.  The same
   with each undo cut off after its effect and repeated.
3. *kill -9 everywhere*, on a real process: ``tests/system/test_kill9.py``.

An operation's test gives a Harness: a fresh world for each point.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from micronova.model.errors import OurFault
from micronova.model.ids import OperationId
from micronova.operations import Engine, Observer, Operation
from micronova.operations.plan import Phase
from micronova.operations.run import Moment, Stopping


class World(Protocol):
    """Everything that the operation may touch, fresh."""

    def engine(self, observer: Observer | None) -> Engine:
        """A new engine (a new start of the process) over the same database and hosts."""

    def begin(self, engine: Engine) -> OperationId:
        """Accept the operation as the API does, and kick it."""

    def check_succeeded(self) -> None:
        """Assert that the result is complete and exactly once there."""

    def check_failed(self) -> None:
        """Assert that the subject says so (ERROR with a fault, or as it was before)."""

    def leftovers(self) -> list[str]:
        """Rows, claims, ports, disks, domains ... that should not be there after a failure."""


WorldFactory = Callable[[], AbstractContextManager[World]]


def step_names(operation: Operation[Any]) -> list[str]:
    """Names of all steps, for parametrising."""
    return [step.name for step in operation.steps]


def run_each_step_twice(factory: WorldFactory, step: str) -> None:
    """Stop after the effect of ``step``; start again; the operation ends well and nothing is doubled."""
    with factory() as world:
        cut = _Cut(step, "do")
        first = world.engine(cut)
        first.start()
        operation_id = world.begin(first)
        cut.wait()
        assert first.stop(10)
        second = world.engine(None)
        second.start()
        try:
            assert second.wait(operation_id) == "succeeded"
        finally:
            assert second.stop(10)
        world.check_succeeded()


def fail_at(factory: WorldFactory, step: str, moment: str) -> None:
    """Fail before or after the effect of ``step``: the operation fails and leaves nothing."""
    with factory() as world:
        engine = world.engine(_fail(step, moment))
        engine.start()
        try:
            operation_id = world.begin(engine)
            assert engine.wait(operation_id) == "failed"
        finally:
            assert engine.stop(10)
        world.check_failed()
        assert world.leftovers() == []


def repeat_undo(factory: WorldFactory, failing: str, undone: str) -> bool:
    """Fail after ``failing``; stop after the effect of ``undone``'s undo; start again: nothing is left.

    False when that undo never ran (it comes after the failing step).
    """
    with factory() as world:
        fail, cut = _fail(failing, "after"), _Cut(undone, "undo")

        def both(kind: str, step: str, phase: Phase, moment: Moment) -> None:
            fail(kind, step, phase, moment)
            cut(kind, step, phase, moment)

        first = world.engine(both)
        first.start()
        operation_id = world.begin(first)
        while not cut.fired and first.wait(operation_id, 0.05) != "failed":
            pass
        assert first.stop(10)
        if not cut.fired:
            return False
        second = world.engine(None)
        second.start()
        try:
            assert second.wait(operation_id) == "failed"
        finally:
            assert second.stop(10)
        world.check_failed()
        assert world.leftovers() == []
        return True


def undo_points(operation: Operation[Any]) -> Iterator[tuple[str, str]]:
    """(failing step, undone step) for the last step and every undo."""
    last = operation.steps[-1].name
    for step in operation.steps:
        if step.undo is not None:
            yield last, step.name


class _Cut:
    """An observer that ends the run once, as if the process had died there."""

    def __init__(self, step: str, phase: str) -> None:
        self._at = (step, phase, "after")
        self._event = threading.Event()

    @property
    def fired(self) -> bool:
        return self._event.is_set()

    def wait(self) -> None:
        assert self._event.wait(30), f"step {self._at} was never reached"

    def __call__(self, _kind: str, step: str, phase: str, moment: str) -> None:
        if (step, phase, moment) == self._at and not self.fired:
            self._event.set()
            raise Stopping


def _fail(step: str, moment: str) -> Observer:
    def observer(_kind: str, at: str, phase: str, when: str) -> None:
        if (at, phase, when) == (step, "do", moment):
            raise OurFault("injected", detail="by the test")

    return observer
