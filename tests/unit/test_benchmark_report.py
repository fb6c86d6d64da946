"""The published numbers: verdicts and ratios of benchmarks.report."""

from __future__ import annotations

import pytest

from benchmarks.api import percentile
from benchmarks.report import Figure, table


@pytest.mark.parametrize(
    ("figure", "verdict", "ratio"),
    [
        (Figure(what="s", value=1.0, unit="s", limit=1.5, openstack=27), "ok", "27.0x"),
        (Figure(what="s", value=1.8, unit="s", limit=1.5, openstack=27), "missed by 20%", "15.0x"),
        (Figure(what="r", value=50, unit="per s", limit=40, at_least=True, openstack=1), "ok", "50.0x"),
        (Figure(what="r", value=30, unit="per s", limit=40, at_least=True, openstack=1), "missed by 25%", "30.0x"),
        (Figure(what="m", value=3, unit="ms"), "", ""),
    ],
)
def test_verdict_and_ratio(figure: Figure, verdict: str, ratio: str) -> None:
    assert (figure.verdict, figure.against_openstack) == (verdict, ratio)


def test_table_lines_up() -> None:
    lines = table([Figure(what="a", value=1, unit="s"), Figure(what="longer", value=0.123, unit="s")]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "0.12 s" in lines[3]


def test_percentile_is_the_nearest_rank() -> None:
    samples = [float(n) for n in range(1, 101)]
    assert (percentile(samples, 50), percentile(samples, 99), percentile([7.0], 99)) == (50.0, 99.0, 7.0)
