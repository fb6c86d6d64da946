"""``[scheduler]``: how long the scheduler tries, and what it asks placement beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.settings.option import integer, switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """Limits and pre-filters."""

    max_attempts: int = integer(3, minimum=1, help="Hosts that are tried before a build ends in ERROR.")
    max_placement_results: int = integer(1000, minimum=1, help="Most candidates that are ranked for one server.")
    limit_tenants_to_placement_aggregate: bool = switch(False, help="Honour filter_tenant_id of aggregates.")
    placement_aggregate_required_for_tenants: bool = switch(False, help="Projects without such an aggregate get none.")
    query_placement_for_image_type_support: bool = switch(False, help="Ask for hosts that support the image's format.")
    enable_isolated_aggregate_filtering: bool = switch(False, help="Honour required traits of aggregates.")
    image_metadata_prefilter: bool = switch(False, help="Turn image properties into required traits.")
