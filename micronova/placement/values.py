"""What placement takes and gives: inventories and allocations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from micronova.model.ids import ProviderUuid

MAX_UNIT = 0x7FFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """How much a provider has of one resource class, in the class's unit (MEMORY_MB: MiB, DISK_GB: GiB)."""

    total: int
    reserved: int = 0
    min_unit: int = 1
    max_unit: int = MAX_UNIT
    step_size: int = 1
    allocation_ratio: float = 1.0

    @property
    def limit(self) -> int:
        """What may be allocated in all."""
        return limit_of(self.total, self.reserved, self.allocation_ratio)


def limit_of(total: int, reserved: int, allocation_ratio: float) -> int:
    """(total - reserved) * ratio, rounded down: Placement's rule."""
    return int((total - reserved) * allocation_ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocations:
    """What one consumer holds, by provider and resource class."""

    consumer: str
    generation: int
    project_id: str
    user_id: str
    consumer_type: str
    resources: Mapping[ProviderUuid, Mapping[str, int]]
