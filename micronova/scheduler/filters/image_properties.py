"""ImagePropertiesFilter: hw_architecture, img_hv_type, hw_vm_mode and img_hv_requested_version of the image."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence

from micronova.scheduler.decision import Cause, Reason
from micronova.scheduler.filters.check import PASSED, Check
from micronova.scheduler.request import ImageRequirements, Request
from micronova.scheduler.snapshot import HostState, Snapshot

_ARCHITECTURES = {
    "amd64": "x86_64",
    "x64": "x86_64",
    "i386": "i686",
    "i486": "i686",
    "i586": "i686",
    "arm64": "aarch64",
}
_VM_MODES = {"pv": "xen", "hv": "hvm", "xenpv": "xen", "baremetal": "hvm"}
_COMPARISONS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_PREDICATE = re.compile(r"\s*(==|!=|>=|<=|>|<)\s*(\d+(?:\.\d+){0,3})\s*")


def prepare(request: Request, snapshot: Snapshot) -> Check | None:
    """Nothing to check for an image that demands nothing, or while the services are not known."""
    wanted, services = request.image, snapshot.services
    if wanted == ImageRequirements() or services is None:
        return None
    parts = [(name, value) for name, value in _named(wanted) if value is not None]

    def check(host: HostState) -> Sequence[Cause]:
        service = services.get(host.name)
        if service is None:
            return PASSED  # ComputeFilter's to reject
        supported = {tuple(_canonical(*row)) for row in service.supported_instances}
        asked = _canonical(wanted.architecture, wanted.hypervisor_type, wanted.vm_mode)
        fits = not any(asked) or any(
            all(want is None or want == has for want, has in zip(asked, row, strict=True)) for row in supported
        )
        if fits and _version_fits(wanted.hypervisor_version, service.capabilities.get("hypervisor_version")):
            return PASSED
        return (
            Cause(
                Reason.IMAGE_PROPERTIES,
                ", ".join(f"{name}={value}" for name, value in parts),
                {"supported": "; ".join(sorted("/".join(str(part) for part in row) for row in supported))},
            ),
        )

    return check


def _named(image: ImageRequirements) -> Sequence[tuple[str, str | None]]:
    return (
        ("hw_architecture", image.architecture),
        ("img_hv_type", image.hypervisor_type),
        ("hw_vm_mode", image.vm_mode),
        ("img_hv_requested_version", image.hypervisor_version),
    )


def _canonical(arch: str | None, hypervisor: str | None, mode: str | None) -> Sequence[str | None]:
    arch, hypervisor, mode = (None if text is None else text.lower() for text in (arch, hypervisor, mode))
    return (
        None if arch is None else _ARCHITECTURES.get(arch, arch),
        hypervisor,
        None if mode is None else _VM_MODES.get(mode, mode),
    )


def _version_fits(predicates: str | None, version: object) -> bool:
    """``>=6.0,<8.0`` against Nova's number for a version (7002000 for 7.2.0)."""
    if predicates is None:
        return True
    if not isinstance(version, int):
        return False
    has = (version // 1_000_000, version // 1_000 % 1_000, version % 1_000)
    for predicate in predicates.split(","):
        match = _PREDICATE.fullmatch(predicate)
        if match is None:
            return False
        numbers = [int(part) for part in match[2].split(".")][:3]
        want = (*numbers, *[0] * (3 - len(numbers)))
        if not _COMPARISONS[match[1]](has, want):
            return False
    return True
