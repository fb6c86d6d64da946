"""``[filter_scheduler]``: which hosts may take a server, and which of them are liked best."""

from __future__ import annotations

from dataclasses import dataclass

from micronova.settings.option import integer, lines, number, switch, text, words


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterScheduler:
    """Filters and weighers by Nova's names."""

    host_subset_size: int = integer(1, minimum=1, help="Choose at random among so many of the best hosts.")
    max_io_ops_per_host: int = integer(8, minimum=0, help="IoOpsFilter: most builds, resizes and snapshots at once.")
    max_instances_per_host: int = integer(50, minimum=1, help="NumInstancesFilter: most servers on a host.")
    available_filters: tuple[str, ...] = lines(
        ("nova.scheduler.filters.all_filters",), help="Only the built-in filters exist; nothing else is loaded."
    )
    enabled_filters: tuple[str, ...] = words(
        (
            "ComputeFilter",
            "ComputeCapabilitiesFilter",
            "ImagePropertiesFilter",
            "ServerGroupAntiAffinityFilter",
            "ServerGroupAffinityFilter",
            # Beyond Nova's default: a hint that is silently ignored helps nobody.
            "SameHostFilter",
            "DifferentHostFilter",
        ),
        pattern=r"[A-Z][A-Za-z0-9]*",
        allowed="names of filters separated by commas",
        help="Filters that a host must pass; an unknown one stops the start.",
    )
    weight_classes: tuple[str, ...] = words(
        ("nova.scheduler.weights.all_weighers",), help="Only the built-in weighers exist; nothing else is loaded."
    )
    ram_weight_multiplier: float = number(1.0, help="Positive: prefer hosts with much free memory (spread).")
    cpu_weight_multiplier: float = number(1.0, help="Positive: prefer hosts with many free VCPUs.")
    disk_weight_multiplier: float = number(1.0, help="Positive: prefer hosts with much free disk.")
    hypervisor_version_weight_multiplier: float = number(1.0, help="Positive: prefer hosts with newer QEMU.")
    num_instances_weight_multiplier: float = number(0.0, help="Negative: prefer hosts with few servers.")
    io_ops_weight_multiplier: float = number(-1.0, help="Negative: prefer hosts that are not busy building.")
    image_props_weight_multiplier: float = number(0.0, help="Positive: prefer hosts with servers of like images.")
    image_props_weight_setting: tuple[str, ...] = words(
        (), pattern=r"[^=]+=-?[0-9.]+", allowed="property=weight, separated by commas", help="Weight per property."
    )
    pci_weight_multiplier: float = number(1.0, minimum=0.0, help="Keep hosts with PCI devices for those who ask.")
    soft_affinity_weight_multiplier: float = number(1.0, minimum=0.0, help="Strength of soft-affinity groups.")
    soft_anti_affinity_weight_multiplier: float = number(
        1.0, minimum=0.0, help="Strength of soft-anti-affinity groups."
    )
    build_failure_weight_multiplier: float = number(1000000.0, help="How much a host with failed builds is avoided.")
    shuffle_best_same_weighed_hosts: bool = switch(False, help="Choose at random among hosts that are equally good.")
    image_properties_default_architecture: str | None = text(
        None,
        pattern=r"[a-z0-9_]+",
        allowed="an architecture such as x86_64 or aarch64",
        help="Architecture of images that name none.",
    )
    isolated_images: tuple[str, ...] = words((), help="Images that only isolated hosts may run.")
    isolated_hosts: tuple[str, ...] = words((), help="Hosts for those images.")
    restrict_isolated_hosts_to_isolated_images: bool = switch(True, help="Isolated hosts run nothing else.")
    aggregate_image_properties_isolation_namespace: str | None = text(
        None, help="Prefix of the image properties that aggregates isolate by."
    )
    aggregate_image_properties_isolation_separator: str = text(".", help="What follows that prefix.")
