"""The small language of extra spec values: ``>= 4``, ``<in> sse``, ``<or> a <or> b`` ...

Contract: Nova's admin guide, "ComputeCapabilitiesFilter": a word without an operator must be equal.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

_NUMBERS: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.ge,  # Nova's rule, surprising as it is
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
}
_TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "s==": operator.eq,
    "s!=": operator.ne,
    "s<": operator.lt,
    "s<=": operator.le,
    "s>": operator.gt,
    "s>=": operator.ge,
}


def matches(value: object, spec: str) -> bool:
    """Whether a host's ``value`` satisfies ``spec``.  A comparison of numbers with something else is false."""
    words = spec.split()
    if not words:
        return value == spec
    first, rest = words[0], words[1:]
    if first in _NUMBERS:
        try:
            return bool(rest) and _NUMBERS[first](float(str(value)), float(rest[0]))
        except ValueError:
            return False
    if first in _TEXTS:
        return bool(rest) and _TEXTS[first](str(value), rest[0])
    if first == "<or>":
        return str(value) in rest[::2]
    if first == "<in>":
        return bool(rest) and _contains(value, rest[0])
    if first == "<all-in>":
        return bool(rest) and all(_contains(value, word) for word in rest)
    return str(value) == spec


def _contains(value: object, word: str) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return word in value
    return word in str(value)
