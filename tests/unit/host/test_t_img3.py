"""T-IMG3: the host never mounts, attaches or opens a guest's file system; files get in by config drive only.

Nova did, and guests' symbolic links led it out of the image (CVE-2012-3360, -3361, -3447).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import micronova

SOURCES = sorted(Path(micronova.__file__).parent.rglob("*.py"))

# Programs and devices that bring a guest's file system before the host's kernel or a library.
_ANYWHERE = re.compile(
    r"qemu-nbd|nbd-client|/dev/(nbd|loop)|\b(lib)?guestfs\b|guestfish|guestmount|virt-(copy|customize|cat|edit|tar)"
    r"|losetup|kpartx|partprobe|fusermount|fuse2fs|qemu-storage-daemon"
)
# A common word: a program only as a command's first word, alone, or with its folder.
_MOUNT = re.compile(r"^\s*((/\S*)?/)?u?mount(\.\w+)?(\s|$)")
_MODULES = re.compile(r"^(guestfs|nbd|pyroute2\.nbd|fuse\w*|llfuse|pyfuse3)(\.|$)")
_CALLS = frozenset({"mount", "umount", "umount2", "fsmount", "move_mount"})


def offences(source: str) -> Iterator[str]:
    """What in a module could mount a guest's file system.  Docstrings may speak of it."""
    tree = ast.parse(source)
    spoken = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in spoken:
            text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            if isinstance(text, str) and (_ANYWHERE.search(text) or _MOUNT.match(text)):
                yield f"line {node.lineno}: {text!r}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                modules.append(node.module or "")
            yield from (f"line {node.lineno}: import {module}" for module in modules if _MODULES.match(module))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CALLS:
            yield f"line {node.lineno}: call of {node.func.attr}()"


def test_t_img3_no_code_mounts_a_guests_file_system() -> None:
    assert len(SOURCES) > 100
    found = {str(path): list(offences(path.read_text())) for path in SOURCES}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        'subprocess.run(["mount", "-o", "loop", image, folder])',
        'subprocess.run(["/bin/mount", device, folder])',
        'subprocess.run(("/usr/bin/umount", folder))',
        'os.system("mount -o loop disk /mnt")',
        'os.system(f"mount {device} /mnt")',
        'run([b"qemu-nbd", "-c", device])',
        'PROGRAM = "/usr/sbin/losetup"',
        'run("kpartx", "-a", device)',
        'open("/dev/nbd0", "rb")',
        'run(["sh", "-c", "guestmount -i -a disk /mnt"])',
        "import guestfs",
        "from guestfs import GuestFS",
        "import nbd",
        "libc.mount(source, target, kind, 0, None)",
    ],
)
def test_the_search_finds_what_it_is_for(source: str) -> None:
    assert list(offences(source))


@pytest.mark.parametrize(
    "source",
    ['"""We never mount: no qemu-nbd."""', 'MODES = "(file|block|network|mount)=none"', 'amount = row["amount"]'],
)
def test_the_search_leaves_words_alone(source: str) -> None:
    assert list(offences(source)) == []
