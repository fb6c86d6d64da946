"""The base class of XML elements and the properties that they are declared with.

A path is a chain of tags with an optional attribute at its end, seen from the element: ``name``, ``os/type/@arch``,
``@type``; ``.`` is the element's own text.  Setting None removes what the path names; an attribute's owner that is
left empty goes with it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

from micronova.libvirtxml import reading

T = TypeVar("T")
E = TypeVar("E", bound="Element")

# What XML 1.0 cannot hold, however it is escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def printable(text: str) -> str:
    """``text`` with every character that XML cannot carry replaced by U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", text)


def name_prefix(prefix: str, namespace: str) -> None:
    """Write elements of the namespace with this prefix, for people who read them."""
    ET.register_namespace(prefix, namespace)


class Element:
    """One XML element.  Subclasses set ``TAG`` and declare properties."""

    TAG: ClassVar[str]

    def __init__(self, **values: Any) -> None:
        """A new element; ``values`` are its declared properties."""
        self.node = ET.Element(self.TAG)
        self._assign(values)

    def _assign(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            if not isinstance(getattr(type(self), name, None), _Property):
                raise TypeError(f"<{self.TAG}> has no property {name}")
            setattr(self, name, value)

    @classmethod
    def around(cls, node: ET.Element) -> Self:
        """The view of this class on a node that exists."""
        element = cls.__new__(cls)
        element.node = node
        return element

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a document.  ValueError if it is not well-formed, has a DTD, or is another element."""
        node = reading.parse(text)
        if node.tag != cls.TAG:
            raise ValueError(f"expected <{cls.TAG}>, found <{node.tag}>")
        return cls.around(node)

    def to_xml(self) -> str:
        """The element as indented text."""
        ET.indent(self.node)
        return ET.tostring(self.node, encoding="unicode")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Element) and ET.canonicalize(
            ET.tostring(self.node, encoding="unicode"), strip_text=True
        ) == ET.canonicalize(ET.tostring(other.node, encoding="unicode"), strip_text=True)

    __hash__ = None  # type: ignore[assignment]  # mutable


class _Property:
    """What every declared property is, so that constructors can tell them from methods."""


def _split(path: str) -> tuple[list[str], str | None]:
    """``a/b/@c`` as (["a", "b"], "c")."""
    parts = [part for part in re.findall(r"(?:\{[^}]*\}|[^/])+", path) if part != "."]
    if parts and parts[-1].startswith("@"):
        return parts[:-1], parts[-1][1:]
    return parts, None


def _find(node: ET.Element, tags: Iterable[str]) -> ET.Element | None:
    found: ET.Element | None = node
    for tag in tags:
        if found is None:
            return None
        found = found.find(tag)
    return found


def _make(node: ET.Element, tags: Iterable[str]) -> ET.Element:
    for tag in tags:
        child = node.find(tag)
        node = ET.SubElement(node, tag) if child is None else child
    return node


def _prune(root: ET.Element, tags: Sequence[str]) -> None:
    """Remove the element at ``tags`` and its ancestors, from the inside out, as far as they hold nothing."""
    for depth in range(len(tags), 0, -1):
        parent, child = _find(root, tags[: depth - 1]), _find(root, tags[:depth])
        if parent is None or child is None or len(child) or child.attrib or (child.text or "").strip():
            return
        parent.remove(child)


class Value(_Property, Generic[T]):
    """A text or attribute as a typed value; None where it is absent."""

    def __init__(self, path: str, read: Callable[[str], T], write: Callable[[T], str]) -> None:
        self._tags, self._attribute = _split(path)
        self._read, self._write = read, write

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...

    @overload
    def __get__(self, owner: Element, kind: type) -> T | None: ...

    def __get__(self, owner: Element | None, kind: type) -> Self | T | None:
        if owner is None:
            return self
        node = _find(owner.node, self._tags)
        if node is None:
            return None
        text = node.text if self._attribute is None else node.get(self._attribute)
        if text is None:
            return None
        return self._read(text)

    def __set__(self, owner: Element, value: T | None) -> None:
        if value is None:
            self._remove(owner.node)
            return
        text = self._write(value)
        if _FORBIDDEN.search(text):
            raise ValueError(f"{text!r} holds characters that XML cannot carry")
        node = _make(owner.node, self._tags)
        if self._attribute is None:
            node.text = text
        else:
            node.set(self._attribute, text)

    def _remove(self, root: ET.Element) -> None:
        node = _find(root, self._tags)
        if node is None:
            return
        if self._attribute is None:
            node.text = None
        else:
            node.attrib.pop(self._attribute, None)
        _prune(root, self._tags)


def string(path: str) -> Value[str]:
    """A text, as it is."""
    return Value(path, str, str)


def integer(path: str) -> Value[int]:
    """A number; read with any C prefix, written in decimal."""
    return Value(path, lambda text: int(text, 0), str)


def yes_no(path: str) -> Value[bool]:
    """``yes`` or ``no``."""
    return Value(path, lambda text: text == "yes", lambda value: "yes" if value else "no")


def on_off(path: str) -> Value[bool]:
    """``on`` or ``off``."""
    return Value(path, lambda text: text == "on", lambda value: "on" if value else "off")


class Flag(_Property):
    """An element whose presence is the value."""

    def __init__(self, path: str) -> None:
        self._tags, _ = _split(path)

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...

    @overload
    def __get__(self, owner: Element, kind: type) -> bool: ...

    def __get__(self, owner: Element | None, kind: type) -> Self | bool:
        return self if owner is None else _find(owner.node, self._tags) is not None

    def __set__(self, owner: Element, value: bool) -> None:
        if value:
            _make(owner.node, self._tags)
            return
        parent, node = _find(owner.node, self._tags[:-1]), _find(owner.node, self._tags)
        if parent is not None and node is not None:
            parent.remove(node)


class Child(_Property, Generic[E]):
    """One element of class ``kind``; None where it is absent.  ``under`` is the path of its parent."""

    def __init__(self, kind: type[E], under: str = ".") -> None:
        self._kind = kind
        self._parent, _ = _split(under)

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...

    @overload
    def __get__(self, owner: Element, kind: type) -> E | None: ...

    def __get__(self, owner: Element | None, kind: type) -> Self | E | None:
        if owner is None:
            return self
        node = _find(owner.node, [*self._parent, self._kind.TAG])
        return None if node is None else self._kind.around(node)

    def __set__(self, owner: Element, value: E | None) -> None:
        present = _find(owner.node, [*self._parent, self._kind.TAG])
        parent = _find(owner.node, self._parent)
        if present is not None and parent is not None:
            parent.remove(present)
        if value is not None:
            _make(owner.node, self._parent).append(value.node)


class Children(_Property, Generic[E]):
    """All elements of class ``kind`` under ``under``, in order.  Assigning replaces them; others stay."""

    def __init__(self, kind: type[E], under: str = ".") -> None:
        self._kind = kind
        self._parent, _ = _split(under)

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...

    @overload
    def __get__(self, owner: Element, kind: type) -> tuple[E, ...]: ...

    def __get__(self, owner: Element | None, kind: type) -> Self | tuple[E, ...]:
        if owner is None:
            return self
        parent = _find(owner.node, self._parent)
        return () if parent is None else tuple(self._kind.around(n) for n in parent.findall(self._kind.TAG))

    def __set__(self, owner: Element, value: Iterable[E]) -> None:
        new = [element.node for element in value]
        if new:
            parent: ET.Element | None = _make(owner.node, self._parent)
        else:
            parent = _find(owner.node, self._parent)
        if parent is None:
            return
        for node in parent.findall(self._kind.TAG):
            parent.remove(node)
        parent.extend(new)
