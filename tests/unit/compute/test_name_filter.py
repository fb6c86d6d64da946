"""Regular expressions from clients: found anywhere, and never slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronova.compute.name_filter import name_matches
from micronova.model.errors import Invalid


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("m1", "ci.m1.small", True),
        ("^m1", "ci.m1.small", False),
        (r"^m1\.(small|large)$", "m1.large", True),
        (".*small.*", "m1.small", True),
        ("[0-9]{2}", "m12", True),
        ("^web--1$", "web--1", True),  # outside of a set, no operation
    ],
)
def test_matches(pattern: str, name: str, found: bool) -> None:
    assert name_matches(pattern)(name) is found


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "[",
        "*",
        "(a+)+",
        "a?" * 30 + "a" * 30,
        "[[:digit:]]",
        "[a--b]",
        "(a|a)*",
        "a*b*c*d*",
        r"(a)\1",
        "(?P<x>a)",
        "x" * 256,
    ],
)
def test_refused(pattern: str) -> None:
    with pytest.raises(Invalid, match="Invalid filter name"):
        name_matches(pattern)


@given(st.text(alphabet="a.*+?(){}|[]\\^$1,", max_size=30))
def test_nothing_accepted_is_slow(pattern: str) -> None:
    try:
        matches = name_matches(pattern)
    except Invalid:
        return
    started = time.process_time()
    matches("a" * 64 + "!")
    assert time.process_time() - started < 1
