"""How an option is declared: once, as a field of its group's dataclass, with its type, default, limits and help.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Api:
        max_limit: int = integer(1000, minimum=0, help="Most entries that one page of a list holds.")

From that one declaration come the oslo.config option, the typed attribute, the text of a refusal and the documentation.
The functions below claim to return the value's type, so that mypy compares the annotation with the declaration.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, overload

from oslo_config import cfg, types

from micronova.model.secret import Secret

METADATA_KEY = "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option: what oslo.config needs to read it and what people need to know about it.

    ``deprecated`` are older spellings as "group.name".  ``convert`` turns oslo.config's value into the attribute's.
    ``ours`` marks an option that Nova (of the release in nova_options.txt) does not have.
    """

    type: Callable[[Any], Any]
    default: object
    shown_default: str
    allowed: str
    help: str
    deprecated: tuple[str, ...] = ()
    convert: Callable[[Any], Any]
    multi: bool = False
    secret: bool = False
    ours: bool = False

    def register(self, conf: cfg.ConfigOpts, group: str, name: str) -> None:
        """Make ``conf`` know this option as ``[group] name``."""
        older = [cfg.DeprecatedOpt(old, group=old_group) for old_group, old in split_names(self.deprecated)]
        common: dict[str, Any] = {"default": self.default, "secret": self.secret, "deprecated_opts": older}
        opt: cfg.Opt
        if self.multi:
            opt = cfg.MultiOpt(name, item_type=cast(Any, self.type), **common)
        else:
            opt = cfg.Opt(name, type=cast(Any, self.type), **common)
        conf.register_opt(opt, group=None if group == "DEFAULT" else group)


def split_names(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """("libvirt.cpu_model",) -> ("libvirt", "cpu_model")."""
    for name in names:
        group, _, option = name.partition(".")
        yield group, option


def options_of(group: type[Any]) -> Iterator[tuple[str, Option]]:
    """Name and declaration of each option of a group's dataclass, in the order of the file."""
    for field in dataclasses.fields(group):
        yield field.name, field.metadata[METADATA_KEY]


def _declare(
    *,
    type: Callable[[Any], Any],
    default: object,
    allowed: str,
    help: str,
    older: Sequence[str],
    convert: Callable[[Any], Any] = lambda value: value,
    multi: bool = False,
    secret: bool = False,
    ours: bool = False,
    shown_default: str | None = None,
) -> Any:
    shown = _shown(default) if shown_default is None else shown_default
    option = Option(
        type=type,
        default=default,
        shown_default=shown,
        allowed=allowed,
        help=help,
        deprecated=tuple(older),
        convert=convert,
        multi=multi,
        secret=secret,
        ours=ours,
    )
    if isinstance(default, str) and "$" in default:
        # Only oslo.config can say what $state_path is: an object made by hand must be given the value.
        return dataclasses.field(metadata={METADATA_KEY: option})
    value = None if default is None else convert(default)
    return dataclasses.field(default=value, metadata={METADATA_KEY: option})


def _shown(default: object) -> str:
    if default is None:
        return "(unset)"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list | tuple):
        return ",".join(str(part) for part in default) or "(empty)"
    return str(default) if str(default) else "(empty)"


class _Matching:
    """An oslo.config type: text that matches a pattern completely."""

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    def __call__(self, value: object) -> str:
        text = str(value)
        if not self._pattern.fullmatch(text):
            raise ValueError(f"{text!r} does not match {self._pattern.pattern}")
        return text


def _no_control_characters(value: object) -> str:
    text = str(value)
    if any(ord(char) < 32 and char not in "\t\n" for char in text):
        raise ValueError("control characters are not allowed")
    return text


def switch(default: bool, *, help: str, older: Sequence[str] = (), ours: bool = False) -> bool:
    """True or false."""
    declared = _declare(
        type=types.Boolean(), default=default, allowed="true or false", help=help, older=older, ours=ours
    )
    return cast(bool, declared)


def _range(kind: str, minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f"{kind} from {minimum} to {maximum}"
    if minimum is not None:
        return f"{kind}, {minimum} or more"
    return f"{kind}"


@overload
def integer(
    default: int,
    *,
    help: str,
    minimum: int | None = ...,
    maximum: int | None = ...,
    choices: Sequence[int] = ...,
    older: Sequence[str] = ...,
    ours: bool = ...,
) -> int: ...


@overload
def integer(
    default: None,
    *,
    help: str,
    minimum: int | None = ...,
    maximum: int | None = ...,
    choices: Sequence[int] = ...,
    older: Sequence[str] = ...,
    ours: bool = ...,
) -> int | None: ...


def integer(
    default: int | None,
    *,
    help: str,
    minimum: int | None = None,
    maximum: int | None = None,
    choices: Sequence[int] = (),
    older: Sequence[str] = (),
    ours: bool = False,
) -> int | None:
    """A whole number within limits, or one of ``choices``."""
    declared = _declare(
        type=types.Integer(min=minimum, max=maximum, choices=list(choices) or None),
        default=default,
        allowed=f"one of {', '.join(map(str, choices))}" if choices else _range("a whole number", minimum, maximum),
        help=help,
        older=older,
        ours=ours,
    )
    return cast("int | None", declared)


def _finite(low: float | None, high: float | None) -> Callable[[Any], float | None]:
    parse = types.Float(min=low, max=high)

    def convert(value: Any) -> float | None:
        number = parse(value)
        # "nan" passes every comparison, and no ratio or multiplier means anything when infinite.
        if number is not None and not -1e300 < number < 1e300:
            raise ValueError(f"{value!r} is not a finite number")
        return number

    return convert


@overload
def number(
    default: float,
    *,
    help: str,
    minimum: float | None = ...,
    maximum: float | None = ...,
    older: Sequence[str] = ...,
    ours: bool = ...,
) -> float: ...


@overload
def number(
    default: None,
    *,
    help: str,
    minimum: float | None = ...,
    maximum: float | None = ...,
    older: Sequence[str] = ...,
    ours: bool = ...,
) -> float | None: ...


def number(
    default: float | None,
    *,
    help: str,
    minimum: float | None = None,
    maximum: float | None = None,
    older: Sequence[str] = (),
    ours: bool = False,
) -> float | None:
    """A decimal number, finite."""
    declared = _declare(
        type=_finite(minimum, maximum),
        default=default,
        allowed=_range("a number", minimum, maximum),
        help=help,
        older=older,
        ours=ours,
    )
    return cast("float | None", declared)


@overload
def text(
    default: str,
    *,
    help: str,
    choices: Sequence[str] = ...,
    pattern: str = ...,
    allowed: str = ...,
    older: Sequence[str] = ...,
    ours: bool = ...,
    shown_default: str | None = ...,
) -> str: ...


@overload
def text(
    default: None,
    *,
    help: str,
    choices: Sequence[str] = ...,
    pattern: str = ...,
    allowed: str = ...,
    older: Sequence[str] = ...,
    ours: bool = ...,
    shown_default: str | None = ...,
) -> str | None: ...


def text(
    default: str | None,
    *,
    help: str,
    choices: Sequence[str] = (),
    pattern: str = "",
    allowed: str = "text",
    older: Sequence[str] = (),
    ours: bool = False,
    shown_default: str | None = None,
) -> str | None:
    """Text: any, one of ``choices``, or matching ``pattern`` (then ``allowed`` describes it).

    Where unset is the default, an empty value means unset too: files often have ``name =``.
    """
    kind: Callable[[Any], Any] = _no_control_characters
    optional = default is None
    if choices:
        kind, allowed = types.String(choices=list(choices)), "one of " + ", ".join(c or "(empty)" for c in choices)
    elif pattern:
        kind = _Matching(f"({pattern})?" if optional else pattern)
    declared = _declare(
        type=kind,
        default=default,
        allowed=allowed,
        help=help,
        older=older,
        convert=(lambda value: value or None) if optional else str,
        ours=ours,
        shown_default=shown_default,
    )
    return cast("str | None", declared)


@overload
def words(
    default: Sequence[str],
    *,
    help: str,
    pattern: str = ...,
    allowed: str = ...,
    older: Sequence[str] = ...,
    ours: bool = ...,
) -> tuple[str, ...]: ...


@overload
def words(
    default: None,
    *,
    help: str,
    pattern: str = ...,
    allowed: str = ...,
    older: Sequence[str] = ...,
    ours: bool = ...,
) -> tuple[str, ...] | None: ...


def words(
    default: Sequence[str] | None,
    *,
    help: str,
    pattern: str = "",
    allowed: str = "words separated by commas",
    older: Sequence[str] = (),
    ours: bool = False,
) -> tuple[str, ...] | None:
    """A list separated by commas, each word matching ``pattern``."""
    item: Callable[[Any], Any] = _Matching(pattern) if pattern else _no_control_characters
    declared = _declare(
        type=types.List(item_type=cast(Any, item)),
        default=None if default is None else list(default),
        allowed=allowed,
        help=help,
        older=older,
        convert=tuple,
        ours=ours,
    )
    return cast("tuple[str, ...] | None", declared)


def lines(default: Sequence[str], *, help: str, allowed: str = "text; may be given several times") -> tuple[str, ...]:
    """An option that may be given several times."""
    declared = _declare(
        type=_no_control_characters,
        default=list(default),
        allowed=allowed,
        help=help,
        older=(),
        convert=tuple,
        multi=True,
    )
    return cast("tuple[str, ...]", declared)


def _absolute(value: object) -> str:
    path = str(value)
    if not path.startswith("/") or "\0" in path:
        raise ValueError("not an absolute path")
    return path


@overload
def path(default: str, *, help: str, older: Sequence[str] = ..., shown_default: str | None = ...) -> Path: ...


@overload
def path(default: None, *, help: str, older: Sequence[str] = ..., shown_default: str | None = ...) -> Path | None: ...


def path(
    default: str | None,
    *,
    help: str,
    older: Sequence[str] = (),
    shown_default: str | None = None,
) -> Path | None:
    """An absolute path; ``$state_path`` and the like are filled in."""
    declared = _declare(
        type=_absolute,
        default=default,
        allowed="an absolute path",
        help=help,
        older=older,
        convert=Path,
        shown_default=shown_default,
    )
    return cast("Path | None", declared)


def secret(
    default: None = None,
    *,
    help: str,
    pattern: str = "",
    allowed: str = "text",
    older: Sequence[str] = (),
) -> Secret | None:
    """Text that is never shown: not in an error, not in a log, not by repr()."""
    declared = _declare(
        type=_Matching(pattern) if pattern else _no_control_characters,
        default=default,
        allowed=allowed,
        help=help,
        older=older,
        convert=Secret,
        secret=True,
    )
    return cast("Secret | None", declared)
