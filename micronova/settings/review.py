"""What the operator should hear about the files: options that have no effect here, old names, and typing errors."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from micronova.settings.files import ConfigFile
from micronova.settings.option import options_of, split_names
from micronova.settings.settings import groups

_HERE = Path(__file__).parent


@cache
def nova_options() -> frozenset[str]:
    """All options of Nova as "group.name", its deprecated names included (nova_options.txt)."""
    return _names("nova_options.txt")


@cache
def honoured() -> frozenset[str]:
    """The options that code of ours reads, as "group.name" (honoured.txt, made from the code by ``document``)."""
    return _names("honoured.txt")


def _names(file: str) -> frozenset[str]:
    text = (_HERE / file).read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def declared() -> frozenset[str]:
    """The options that a dataclass of ours has, whether something reads them yet or not."""
    return frozenset(f"{group}.{name}" for group, _, kind in groups() for name, _ in options_of(kind))


@cache
def renamed() -> Mapping[str, str]:
    """Deprecated name -> the name of today, both as "group.name"."""
    return {
        f"{old_group}.{old}": f"{group}.{name}"
        for group, _, kind in groups()
        for name, option in options_of(kind)
        for old_group, old in split_names(option.deprecated)
    }


def warnings(files: Sequence[ConfigFile], read: Collection[str] | None = None) -> list[str]:
    """A sentence per group and file for what has no effect, and one per old name and per unknown name.

    ``read`` are the options that have an effect; by default those of honoured.txt.
    """
    effective = honoured() if read is None else read
    return [warning for file in files for group in file.groups for warning in _group(file, group, effective)]


def _group(file: ConfigFile, group: str, effective: Collection[str]) -> Iterator[str]:
    unused: list[str] = []
    for name in file.groups[group]:
        key = f"{group}.{name}"
        today = renamed().get(key, key)
        if today != key:
            yield f"{file.path}: [{group}] {name} is the old name of {_bracketed(today)}: use that"
        if today in effective:
            continue
        if today in declared() or key in nova_options():
            unused.append(name)
        else:
            yield f"{file.path}: [{group}] {name}: there is no such option{_suggestion(group, name)}; ignored"
    if unused:
        verb = "has" if len(unused) == 1 else "have"
        yield f"{file.path}: [{group}] {', '.join(unused)}: {verb} no effect in this version of micronova"


def _suggestion(group: str, name: str) -> str:
    known = declared() | nova_options()
    plain = name.replace("-", "_").lower()
    near_group = _near_group(group, known)
    if f"{near_group}.{plain}" in known:
        return f"; did you mean {plain if near_group == group else _bracketed(f'{near_group}.{plain}')}?"
    elsewhere = sorted(key for key in known if key.partition(".")[2] == plain)
    if elsewhere and len(elsewhere) <= 3:
        return f"; did you mean {' or '.join(_bracketed(key) for key in elsewhere)}?"
    if near_group and near_group != group:
        return f"; did you mean the group [{near_group}]?"
    same_group = [key.partition(".")[2] for key in known if key.startswith(f"{group}.")]
    near = difflib.get_close_matches(plain, same_group, n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ""


def _near_group(group: str, known: Collection[str]) -> str:
    """The group itself if it exists, else the one that was probably meant, else nothing."""
    existing = {key.partition(".")[0] for key in known}
    if group in existing:
        return group
    if group.upper() in existing:
        return group.upper()
    return next(iter(difflib.get_close_matches(group, sorted(existing), n=1, cutoff=0.7)), "")


def _bracketed(key: str) -> str:
    group, _, name = key.partition(".")
    return f"[{group}] {name}"
