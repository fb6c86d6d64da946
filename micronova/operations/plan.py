"""What to do next, decided purely from an operation's steps and its log.

The log is a list of executions, each ``(step, phase, outcome)``.  Its meaning, replayed from the start:

    do succeeded      the step's effect is there
    do started        unknown: perhaps nothing, perhaps all (only as the last entry, after a crash, or before undos)
    do failed         perhaps half: its undo must run
    undo succeeded    the effect is gone

Forward: the next step is the first one that is not done.  Backward: undo the done and the half-done, last first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Phase = Literal["do", "undo"]
Outcome = Literal["succeeded", "failed"] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log."""

    step: str
    phase: Phase
    outcome: Outcome


def effects(steps: Sequence[str], log: Iterable[Entry]) -> list[str]:
    """Names of steps whose effect is there or may be there, in the order of ``steps``."""
    present: set[str] = set()
    for entry in log:
        if entry.phase == "do":
            present.add(entry.step)
        elif entry.outcome == "succeeded":
            present.discard(entry.step)
    return [name for name in steps if name in present]


def next_forward(steps: Sequence[str], log: Iterable[Entry]) -> str | None:
    """The first step not done (a started one counts as not done: it is repeated); None when all are."""
    done: set[str] = set()
    for entry in log:
        if entry.phase == "do" and entry.outcome == "succeeded":
            done.add(entry.step)
        elif entry.phase == "undo":
            done.discard(entry.step)
    return next((name for name in steps if name not in done), None)


def to_undo(steps: Sequence[str], log: Iterable[Entry], back_to: str | None = None) -> list[str]:
    """Steps to undo, last first, down to and including ``back_to`` (None: all)."""
    present = effects(steps, log)
    if back_to is not None:
        first = list(steps).index(back_to)
        present = [name for name in present if list(steps).index(name) >= first]
    return present[::-1]
