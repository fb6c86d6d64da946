"""How a simulated host misbehaves: what it offers, how long its verbs take, and which of them fail."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from micronova.host.interface import Cancel
from micronova.model.errors import OurFault
from micronova.settings.errors import SettingsError
from micronova.settings.micronova import Micronova

# The verbs that take time and may fail: those with an effect.  Questions are answered at once.
VERBS = frozenset(
    {
        "ensure_image",
        "ensure_disks",
        "ensure_config_drive",
        "remove_disks",
        "ensure_nics",
        "remove_nics",
        "remove_network",
        "ensure_running",
        "remove_domain",
    }
)
_SLICE_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSettings:
    """Capacity, delays (seconds) and failures of a simulated host.

    A call of a verb in ``fail_verbs`` (empty: of any) fails if it is each ``fail_every``-th such call, or by the
    probability ``fail_share``; if neither is set, every call of a verb in ``fail_verbs`` fails.  Failures happen before
    the effect and after it in turn, as a real host's do.  ``enforce_capacity`` refuses what goes beyond the host's own
    memory and disk, whatever ratios promised: for tests of claims.
    """

    vcpus: int = 64
    memory_mib: int = 262144
    disk_gib: int = 10240
    enforce_capacity: bool = False
    delay_s: float = 0.0
    delays_s: Mapping[str, float] = field(default_factory=dict)
    fail_verbs: frozenset[str] = frozenset()
    fail_every: int = 0
    fail_share: float = 0.0
    seed: int = 0

    @classmethod
    def of(cls, micronova: Micronova) -> SimulatedSettings:
        """From ``[micronova] simulated_*``.  Raises SettingsError for a verb that no host has."""
        delays = {verb: float(delay) for verb, _, delay in (d.partition("=") for d in micronova.simulated_delays)}
        _check_verbs("simulated_delays", delays)
        _check_verbs("simulated_fail_verbs", micronova.simulated_fail_verbs)
        return cls(
            vcpus=micronova.simulated_vcpus,
            memory_mib=micronova.simulated_memory_mib,
            disk_gib=micronova.simulated_disk_gib,
            delay_s=micronova.simulated_delay,
            delays_s=delays,
            fail_verbs=frozenset(micronova.simulated_fail_verbs),
            fail_every=micronova.simulated_fail_every,
            fail_share=micronova.simulated_fail_share,
            seed=micronova.simulated_seed,
        )


def _check_verbs(option: str, verbs: Mapping[str, float] | Sequence[str]) -> None:
    for verb in verbs:
        if verb not in VERBS:
            raise SettingsError(f"[micronova] {option} = {verb!r}: allowed: {', '.join(sorted(VERBS))}")


class Misbehaviour:
    """Delays and failures as the settings say; the same seed and order of calls give the same failures."""

    def __init__(self, settings: SimulatedSettings, host: str) -> None:
        self._settings = settings
        self._random = random.Random(f"{settings.seed}/{host}")  # noqa: S311  reproducible, guards nothing
        self._calls = itertools.count(1)
        self._failures = itertools.count()
        self._lock = threading.Lock()

    @contextmanager
    def around(self, verb: str, cancel: Cancel | None = None) -> Iterator[None]:
        """Do the block as ``verb``: late, and failing before or after it if it is its turn."""
        self._wait(self._settings.delays_s.get(verb, self._settings.delay_s), cancel)
        turn = self._failure(verb)
        if turn == 0:
            raise _simulated(verb, "before")
        yield
        if turn == 1:
            raise _simulated(verb, "after")

    def _wait(self, delay_s: float, cancel: Cancel | None) -> None:
        end = time.monotonic() + delay_s
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_S))
            if cancel is not None:
                cancel.check()

    def _failure(self, verb: str) -> int | None:
        """None: this call succeeds; 0: it fails before its effect; 1: after it."""
        settings = self._settings
        if not (settings.fail_verbs or settings.fail_every or settings.fail_share):
            return None
        if settings.fail_verbs and verb not in settings.fail_verbs:
            return None
        with self._lock:
            call = next(self._calls)
            by_chance = settings.fail_share > 0 and self._random.random() < settings.fail_share
            by_turn = settings.fail_every > 0 and call % settings.fail_every == 0
            always = not settings.fail_every and not settings.fail_share
            return next(self._failures) % 2 if by_chance or by_turn or always else None


def _simulated(verb: str, when: str) -> OurFault:
    return OurFault(
        "The host could not do its work.",
        detail=f"simulated failure of {verb}, {when} its effect",
        code="simulated_failure",
    )
