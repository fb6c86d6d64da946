"""Which options the code reads: found in the source, so that nothing is called supported that nothing looks at.

The convention that makes it possible: a variable, attribute or parameter that holds a group is called by the group's
name (``settings.libvirt.virt_type``, ``libvirt.virt_type``, ``self._libvirt.virt_type``).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from micronova.settings.option import options_of
from micronova.settings.settings import groups

_PACKAGE = Path(__file__).parent.parent


def options_read() -> frozenset[str]:
    """The options that some module outside of micronova/settings reads, as "group.name"."""
    names = {attribute: (group, {name for name, _ in options_of(kind)}) for group, attribute, kind in groups()}
    found: set[str] = set()
    for path in sorted(_PACKAGE.rglob("*.py")):
        if (_PACKAGE / "settings") not in path.parents:
            found.update(_reads(ast.parse(path.read_text(encoding="utf-8")), names))
    return frozenset(found)


def _reads(tree: ast.AST, names: Mapping[str, tuple[str, set[str]]]) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        holder = node.value
        text = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
        group, options = names.get(text.lstrip("_"), ("", set()))
        if node.attr in options:
            yield f"{group}.{node.attr}"
