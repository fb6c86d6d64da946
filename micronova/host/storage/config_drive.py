"""The config drive: an ISO 9660 volume labelled ``config-2``, made in this process."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pycdlib

from micronova.host.atomic_file import write_atomically
from micronova.model.errors import Invalid

_LABEL = "config-2"
_LONGEST_NAME = 64  # Joliet's limit


def write(path: Path, files: Mapping[str, bytes]) -> int:
    """Write the volume with these files (``openstack/latest/meta_data.json`` -> bytes).  Returns its size in bytes.

    Invalid if a name cannot be one of a file.
    """
    content = image(files)
    write_atomically(path, content)
    return len(content)


def image(files: Mapping[str, bytes]) -> bytes:
    """The volume's bytes.  Names are carried by Rock Ridge and Joliet; the plain ISO names are numbers."""
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=1, joliet=3, rock_ridge="1.09", vol_ident=_LABEL, app_ident_str="micronova")
    tree = _Tree(iso)
    for name in sorted(files):
        tree.add(_checked(name), files[name])
    out = io.BytesIO()
    iso.write_fp(out)
    iso.close()
    return out.getvalue()


class _Tree:
    """Adds files, and the folders they need, under numbered ISO names."""

    def __init__(self, iso: pycdlib.PyCdlib) -> None:
        self._iso = iso
        self._folders = {PurePosixPath("/"): ""}
        self._count = 0

    def add(self, path: PurePosixPath, content: bytes) -> None:
        parent = self._folder(path.parent)
        iso_path = f"{parent}/F{self._number()}.;1"
        self._iso.add_fp(
            io.BytesIO(content), len(content), iso_path, rr_name=path.name, joliet_path=str(path), file_mode=0o100444
        )

    def _folder(self, path: PurePosixPath) -> str:
        known = self._folders.get(path)
        if known is not None:
            return known
        iso_path = f"{self._folder(path.parent)}/D{self._number()}"
        self._iso.add_directory(iso_path, rr_name=path.name, joliet_path=str(path))
        self._folders[path] = iso_path
        return iso_path

    def _number(self) -> str:
        self._count += 1
        return f"{self._count:07d}"


def _checked(name: str) -> PurePosixPath:
    """The name as an absolute path in the volume."""
    path = PurePosixPath("/") / name
    parts = path.parts[1:]
    if name.startswith("/") or not parts or any(_is_bad(part) for part in parts):
        raise Invalid(f"{name!r} cannot be a file's name in a config drive.")
    return path


def _is_bad(part: str) -> bool:
    return (
        part in (".", "..") or len(part) > _LONGEST_NAME or not part.isprintable() or any(c in "*:;?\\" for c in part)
    )
