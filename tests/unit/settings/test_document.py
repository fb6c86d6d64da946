"""The files made from the code are as the code would make them."""

from __future__ import annotations

import ast

from micronova.settings.document import DOCUMENT_FILE, HONOURED_FILE, document, honoured_text
from micronova.settings.honour import _reads, options_read
from micronova.settings.option import options_of
from micronova.settings.settings import groups

_AGAIN = "run: python -m micronova.settings.document"


def test_honoured_options_are_those_that_the_code_reads() -> None:
    assert HONOURED_FILE.read_text(encoding="utf-8") == honoured_text(options_read()), _AGAIN


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT_FILE.read_text(encoding="utf-8") == document(options_read()), _AGAIN


def test_every_option_is_documented() -> None:
    text = document(frozenset())
    for group, _, kind in groups():
        assert f"## [{group}]" in text
        for name, option in options_of(kind):
            assert f"| `{name}` |" in text
            assert option.help.endswith((".", ")"))


def test_reads_are_found_by_the_name_of_the_group() -> None:
    names = {attribute: (group, {name for name, _ in options_of(kind)}) for group, attribute, kind in groups()}
    code = "settings.libvirt.virt_type\nself._quota.cores\ndefault.debug\nother.virt_type\nlibvirt.nothing\n"
    assert set(_reads(ast.parse(code), names)) == {"libvirt.virt_type", "quota.cores", "DEFAULT.debug"}
