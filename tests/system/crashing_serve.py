"""``micronova serve`` that kills itself with SIGKILL at one point of one operation.

    python -m tests.system.crashing_serve KIND STEP PHASE MOMENT serve --state-dir ...

For points of an undo (PHASE undo) the operation is made to fail after its last step.
"""

from __future__ import annotations

import os
import signal
import sys

from micronova import serving
from micronova.cli import app
from micronova.model.errors import OurFault
from micronova.operations import Observer
from micronova.operations.plan import Phase
from micronova.operations.run import Moment
from micronova.settings.settings import Settings

LAST_STEP = {"create_server": "start_guest"}


def kill_at(point: tuple[str, str, str, str]) -> Observer:
    """An observer that ends the process at ``point``: nothing is flushed, closed or told."""
    kind, _step, phase, _moment = point

    def observer(at_kind: str, step: str, at_phase: Phase, moment: Moment) -> None:
        if (at_kind, step, at_phase, moment) == point:
            os.kill(os.getpid(), signal.SIGKILL)
        if phase == "undo" and (at_kind, step, at_phase, moment) == (kind, LAST_STEP.get(kind), "do", "before"):
            raise OurFault("injected", detail="by the test")

    return observer


def main() -> None:
    """Serve with the observer."""
    kind, step, phase, moment = sys.argv[1:5]
    ordinary = serving.run

    def run(settings: Settings, options: serving.Options, observer: Observer | None = None) -> None:
        ordinary(settings, options, observer or kill_at((kind, step, phase, moment)))

    serving.run = run
    sys.argv = ["micronova", *sys.argv[5:]]
    app()


main()
