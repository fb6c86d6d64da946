"""XML text to a tree, with document types and so entities refused (SECURITY.md T-API7)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import NoReturn
from xml.parsers import expat


class _Reader:
    """expat's events into a tree builder.  Comments outside of the root have no place in a tree and are left out."""

    def __init__(self) -> None:
        self.builder = ET.TreeBuilder(insert_comments=True)
        self._depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self.builder.start(_clark(tag), {_clark(name): value for name, value in attributes.items()})

    def end(self, tag: str) -> None:
        self._depth -= 1
        self.builder.end(_clark(tag))

    def comment(self, text: str) -> None:
        if self._depth:
            self.builder.comment(text)


def parse(text: str) -> ET.Element:
    """The root of the document.  ValueError if it is not well-formed or has a DTD."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.builder.data
    parser.CommentHandler = reader.comment
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as err:
        raise ValueError(f"not well-formed XML: {err}") from err
    return reader.builder.close()


def _clark(name: str) -> str:
    """expat's ``uri}tag`` as ElementTree's ``{uri}tag``."""
    return "{" + name if "}" in name else name


def _refuse_doctype(*_: object) -> NoReturn:
    raise ValueError("XML with a document type is refused")
