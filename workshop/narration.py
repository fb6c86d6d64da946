"""Says what is being done, runs commands where the reader sees them, and keeps the time of each part."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from workshop.serving import ServeFailed

COMMAND_TIMEOUT_S = 180.0


class StepFailed(Exception):
    """A part did not work; the message is for the reader."""


class Narration:
    """The parts of a show, as they run, and a table of them at the end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.took: list[tuple[str, float]] = []
        self.failures: list[tuple[str, str]] = []

    def say(self, text: str) -> None:
        """One line, marked as ours."""
        print(f"{self._name}: {text}", flush=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A part with a title: its time goes into the table, and if it failed, why goes into ``failures``."""
        print(f"\n== {title}", flush=True)
        began = time.monotonic()
        try:
            yield
        except (StepFailed, ServeFailed) as err:
            self.failures.append((title, str(err)))
            raise
        self.took.append((title, time.monotonic() - began))

    def run(
        self, *command: str, shown: str = "", environment: Mapping[str, str] | None = None, quiet: bool = False
    ) -> str:
        """Run a command in the reader's sight; its output.  Raises StepFailed when it fails.

        ``shown`` stands for the command where the real one is long; ``quiet`` leaves out the command and its output.
        """
        line = shown or shlex.join(command)
        if not quiet:
            print(f"$ {line}", flush=True)
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=COMMAND_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired as err:
            raise StepFailed(f"`{line}` did not end within {COMMAND_TIMEOUT_S:.0f} s") from err
        if done.stdout and not quiet:
            print(done.stdout.rstrip(), flush=True)
        if done.returncode != 0:
            raise StepFailed(f"`{line}` ended with status {done.returncode}: {_last_line(done.stdout)}")
        return done.stdout

    def table(self) -> None:
        """The parts and their seconds, and the sum."""
        rows: Sequence[tuple[str, float]] = [*self.took, ("all", sum(seconds for _, seconds in self.took))]
        width = max(len(title) for title, _ in rows)
        print()
        for title, seconds in rows:
            print(f"  {title:<{width}}  {seconds:6.1f} s")
        print(flush=True)


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return lines[-1] if lines else "it said nothing"
