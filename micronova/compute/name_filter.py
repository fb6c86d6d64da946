"""Filters that take a regular expression from a client, without letting it burn our processor time."""

from __future__ import annotations

import re
from collections.abc import Callable

from micronova.model.errors import Invalid

_MAX_LENGTH = 255
# Each repeat multiplies the worst case by the length of the name, a repeated group can make it exponential.
_MAX_REPEATS = 3
_REPEAT = re.compile(r"[*+?{]")
_REPEATED_GROUP = re.compile(r"\)[*+{?]")
# Set operations and nested sets, which Python only promises to have one day; outside of a set they are plain text.
_SET_OPERATION = re.compile(r"\[\^?\]?[^\]]*(?:\[|--|&&|~~|\|\|)")
_BACK_REFERENCE = re.compile(r"\\[1-9]|\(\?")


def name_matches(pattern: str) -> Callable[[str], bool]:
    """Whether a name contains a match of ``pattern``.  Raises Invalid for one that is wrong, or that could be slow."""
    if (
        len(pattern) > _MAX_LENGTH
        or len(_REPEAT.findall(pattern)) > _MAX_REPEATS
        or _REPEATED_GROUP.search(pattern)
        or _SET_OPERATION.search(pattern)
        or _BACK_REFERENCE.search(pattern)
    ):
        raise Invalid(
            f"Invalid filter name: at most {_MAX_LENGTH} characters and {_MAX_REPEATS} repeats, "
            "none of a group; no sets in sets."
        )
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as err:
        raise Invalid(f"Invalid filter name: '{pattern}' is not a regular expression.") from err
    return lambda name: compiled.search(name) is not None
