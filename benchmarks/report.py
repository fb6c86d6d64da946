"""Figures with what they are compared to, and the text table of them."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number.

    ``limit`` is what the project promises, in the same unit; ``at_least`` says that more is better.  ``openstack`` is
    OpenStack 2026.2 on such a machine, measured elsewhere: see docs/benchmarks.md.
    """

    what: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False
    openstack: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """``ok``, or by how much the promise is missed."""
        if self.limit is None:
            return ""
        kept = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "ok" if kept else f"missed by {abs(self.value / self.limit - 1):.0%}"

    @property
    def against_openstack(self) -> str:
        """How many times better than OpenStack."""
        if self.openstack is None or not self.value:
            return ""
        times = self.value / self.openstack if self.at_least else self.openstack / self.value
        return f"{times:.1f}x"

    def cells(self) -> list[str]:
        """The row of the table."""
        return [
            self.what,
            _number(self.value, self.unit),
            "" if self.limit is None else ("≥ " if self.at_least else "≤ ") + _number(self.limit, self.unit),
            self.verdict,
            "" if self.openstack is None else _number(self.openstack, self.unit),
            self.against_openstack,
            self.note,
        ]


_HEADINGS = ["what", "ours", "promised", "", "OpenStack", "ratio", "note"]


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table whose columns also line up as text."""
    rows = [_HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = [
        "| " + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def page(sections: Sequence[tuple[str, Sequence[Figure]]]) -> str:
    """The whole of docs/benchmarks.md."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kvm = (
        "there (whether micronova uses it, its log says)"
        if Path("/dev/kvm").exists()
        else "absent: guests run under TCG"
    )
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {when}: {os.cpu_count()} cores ({_cpu_model()}), {memory_gib:.0f} GiB, "
        f"Linux {platform.release()}, Python {platform.python_version()}, KVM {kvm}.",
        "",
        "*OpenStack*: 2026.2 (Nova, Keystone, Glance, Placement with MariaDB and RabbitMQ), measured once on such a"
        " 2-core machine; *ratio* is how many times better ours is. *Floor*: `qemu-img create -b` and `virsh create` of"
        " the same domain XML, alternating with ours in the same run.",
    ]
    for title, figures in sections:
        text += ["", f"## {title}", "", table(figures)]
    return "\n".join(text) + "\n"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _number(value: float, unit: str) -> str:
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}".strip()
