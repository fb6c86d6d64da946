"""A thread that does one thing again and again until told to stop, and survives what goes wrong in it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import sqlalchemy as sa

from micronova.model.errors import MicronovaError

log = logging.getLogger(__name__)


class Loop:
    """Calls ``work`` every ``interval_s`` seconds, or sooner when woken.  Errors of hosts and database are logged."""

    def __init__(self, name: str, work: Callable[[], None], interval_s: float) -> None:
        self._name = name
        self._work = work
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first call of ``work`` comes after one interval, or a wake."""
        self._thread.start()

    def wake(self) -> None:
        """Do it now."""
        self._wake.set()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End after the call that is under way."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            self._wake.wait(self._interval_s)
            self._wake.clear()
            if self._stop.is_set():
                return
            try:
                self._work()
            except (MicronovaError, sa.exc.SQLAlchemyError) as err:
                log.warning("%s: %s; trying again in %g s", self._name, err, self._interval_s)
            except Exception:  # a reconciler must live on; what happened is in the log
                log.exception("%s: trying again in %g s", self._name, self._interval_s)
