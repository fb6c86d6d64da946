"""What the scheduler found: hosts that fit, best first, and why each other one does not."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from micronova.model.ids import HostName, ProviderUuid


class Reason(enum.StrEnum):
    """Stable, machine readable reasons of a rejection."""

    NO_RESOURCE = "no_resource"  # no inventory of that class at all
    NOT_ENOUGH = "not_enough"  # subject: resource class
    UNIT = "unit"  # against min_unit, max_unit or step_size
    TRAIT_MISSING = "trait_missing"
    TRAIT_FORBIDDEN = "trait_forbidden"
    DISABLED = "disabled"
    DOWN = "down"
    NO_SERVICE = "no_service"
    OTHER_ZONE = "other_zone"
    ALREADY_TRIED = "already_tried"
    NOT_THE_FORCED_HOST = "not_the_forced_host"
    CAPABILITY = "capability"
    IMAGE_PROPERTIES = "image_properties"
    NOT_SAME_HOST = "not_same_host"
    NOT_DIFFERENT_HOST = "not_different_host"
    GROUP_AFFINITY = "group_affinity"
    GROUP_ANTI_AFFINITY = "group_anti_affinity"


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason.  ``subject`` is safe for the user (a resource class, a trait or key that the request names);
    ``numbers`` are for admins: ``{"asked": 8192, "free": 4096, "limit": 16384, "ratio": 1.0}``."""

    reason: Reason
    subject: str = ""
    numbers: Mapping[str, int | float | str] = field(default_factory=dict)


class Rejection(NamedTuple):
    """A host and all that speaks against it (at least one cause)."""

    host: HostName
    causes: tuple[Cause, ...]

    @property
    def reason_code(self) -> str:
        """The first cause's stable code."""
        return self.causes[0].reason.value


class Candidate(NamedTuple):
    """A host that fits."""

    host: HostName
    provider: ProviderUuid
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``ranked``: hosts to try, best first.  ``rejected``: each other host.  Together they are the whole snapshot."""

    ranked: Sequence[Candidate]
    rejected: Sequence[Rejection]
