"""T-IMG11: mutated headers of every format never do anything but be accepted or refused, quickly."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from micronova.imageformat import INSPECTED_FORMATS, Inspector, require_safe
from micronova.imageformat.window import HEAD, HEAD_VHDX, TAIL
from micronova.model.errors import Invalid
from tests.unit.imageformat.conftest import QEMU_IMAGES

# Where a header has its numbers; a mutation far behind them changes nothing.
_AREAS = {"vhdx": [(0, 64), (192 * 1024, 192 * 1024 + 128), (3 * 1024 * 1024, 3 * 1024 * 1024 + 512)]}
_mutation = st.tuples(st.integers(0, 2**16), st.binary(min_size=1, max_size=16))
_spent: dict[str, float] = {}


@pytest.mark.parametrize("name", sorted(set(QEMU_IMAGES) - {"raw"}))
def test_T_IMG11_mutated_headers(images: dict[str, Path], name: str) -> None:
    original = images[name].read_bytes()
    areas = _AREAS.get(name, [(0, 1400)])
    if name == "vhd-fixed":
        areas = [(len(original) - 512, len(original))]
    small = original if name in ("vhdx", "vhd-fixed") else original[: 512 * 1024]
    slowest = 0.0

    @settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(_mutation, min_size=1, max_size=6), st.sampled_from(INSPECTED_FORMATS), st.booleans())
    def run(mutations: list[tuple[int, bytes]], declared: str, honest: bool) -> None:
        nonlocal slowest
        data = bytearray(small)
        for position, new in mutations:
            low, high = areas[position % len(areas)]
            at = low + position % (high - low)
            data[at : at + len(new)] = new
        started = time.perf_counter()
        try:
            info = require_safe(io.BytesIO(data), QEMU_IMAGES[name][0] if honest else declared)
            assert not info.backing_file and not info.data_file and not info.unknown_features
        except Invalid as refusal:
            assert len(refusal.message) < 2000
        slowest = max(slowest, time.perf_counter() - started)

    run()
    assert slowest < 1.0


@settings(max_examples=300, deadline=None, database=None)
@given(
    st.sampled_from([b"", b"QFI\xfb", b"QED\x00", b"KDMV", b"COWD", b"conectix", b"vhdxfile", b"LUKS\xba\xbe", b"#"]),
    st.binary(max_size=2048),
    st.sampled_from(INSPECTED_FORMATS),
)
def test_T_IMG11_random_bytes_behind_a_magic(magic: bytes, rest: bytes, declared: str) -> None:
    with io.BytesIO(magic + rest) as source:
        try:
            assert require_safe(source, declared).safe
        except Invalid:
            assert declared != "raw" or magic or b"conectix" in rest or b"=" in rest


@pytest.mark.parametrize("start", [b"", b"vhdxfile", b"KDMV", b"# Disk DescriptorFile\n", b" \n" * 1000])
def test_T_IMG11_memory_is_bounded(start: bytes) -> None:
    inspector = Inspector()
    inspector.feed(start)
    chunk = b"x=y\n" * (256 * 1024)
    for _ in range(40):
        inspector.feed(chunk)
    window = inspector._window
    assert len(window.head) == (HEAD_VHDX if start == b"vhdxfile" else HEAD) and len(window.tail) == TAIL
    started = time.perf_counter()
    inspector.finish(len(start) + 40 * len(chunk))
    assert time.perf_counter() - started < 1.0
