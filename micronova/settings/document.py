"""Write what follows from the code: honoured.txt (the options that something reads) and docs/settings.md.

    python -m micronova.settings.document

A test fails when either is not as this would write it.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from pathlib import Path

from micronova.settings.honour import options_read
from micronova.settings.option import options_of
from micronova.settings.review import honoured
from micronova.settings.settings import groups

_HERE = Path(__file__).parent
HONOURED_FILE = _HERE / "honoured.txt"
DOCUMENT_FILE = _HERE.parent.parent / "docs" / "settings.md"

_INTRODUCTION = """# Settings

<!-- Made from the code by: python -m micronova.settings.document -->

micronova reads Nova's `nova.conf` as it is: the same options, groups, defaults and deprecated names, by
`--config-file` (repeatable; a later file wins, and the command line wins over all files). None is needed. A wrong value
stops the start with the file, the option, the value and what is allowed. What has no effect is named at start.

Options marked *no effect yet* are understood and checked, but nothing in this version acts on them. Options marked
*ours* are not Nova's. `$name` and `$group.name` stand for the value of another option; `$$` is a dollar sign.
"""


def honoured_text(read: Collection[str]) -> str:
    """The content of honoured.txt."""
    head = (
        "# The options that code of micronova reads; all others are named in a warning at start.\n"
        "# Made from the code by: python -m micronova.settings.document\n"
    )
    return head + "".join(f"{key}\n" for key in sorted(read))


def document(read: Collection[str]) -> str:
    """The content of docs/settings.md."""
    return _INTRODUCTION + "".join(_group_text(read))


def _group_text(read: Collection[str]) -> Iterator[str]:
    for group, _, kind in groups():
        note = (inspect.getdoc(kind) or "").splitlines()[0]
        yield f"\n## [{group}]\n\n{note}\n\n"
        yield "| option | default | allowed | what it does |\n|---|---|---|---|\n"
        for name, option in options_of(kind):
            marks = []
            if option.ours:
                marks.append("*ours*")
            if f"{group}.{name}" not in read:
                marks.append("*no effect yet*")
            if option.deprecated:
                marks.append("old name: " + ", ".join(f"`{old}`" for old in option.deprecated))
            text = option.help + "".join(f" ({mark})" for mark in marks)
            cells = (f"`{name}`", f"`{option.shown_default}`", option.allowed, text)
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def main() -> None:
    """Write both files."""
    read = options_read()
    HONOURED_FILE.write_text(honoured_text(read), encoding="utf-8")
    honoured.cache_clear()
    DOCUMENT_FILE.parent.mkdir(exist_ok=True)
    DOCUMENT_FILE.write_text(document(read), encoding="utf-8")


if __name__ == "__main__":
    main()
