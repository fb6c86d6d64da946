"""``python -m benchmarks [PART...]``: measure, print, and, when all was measured, write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks import burst, create, start
from benchmarks.report import Figure, page, table
from workshop.serving import ROOT

Sections = Sequence[tuple[str, Sequence[Figure]]]
PARTS: dict[str, Callable[[], Sections]] = {
    "start": lambda: [("Start and memory", start.measure())],
    "create": lambda: [("Real guests", create.measure())],
    "burst": burst.measure,
}


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}; default: all")
    parts: list[str] = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")
    sections: list[tuple[str, Sequence[Figure]]] = []
    for part in parts:
        print(f"benchmarks: {part} ...", flush=True)
        for title, figures in PARTS[part]():
            sections.append((title, figures))
            print(f"\n{title}\n{table(figures)}\n", flush=True)
    if parts == list(PARTS):
        target = ROOT / "docs/benchmarks.md"
        target.write_text(page(sections))
        print(f"benchmarks: wrote {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
