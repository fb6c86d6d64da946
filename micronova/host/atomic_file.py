"""Small files that are there whole or not at all, readable by us only."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from micronova.model.errors import OurFault, StorageFull


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside and rename.  Mode 0600.  StorageFull if there is no room."""
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(path)
    except OSError as err:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise storage_error(err, f"write {path}") from err


def storage_error(err: OSError, what: str) -> StorageFull | OurFault:
    """The kind of failure that a file system's error is."""
    if err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull("There is no space left for the server's disks.", detail=f"cannot {what}: {err.strerror}")
    return OurFault("The server's files cannot be written.", detail=f"cannot {what}: {err}")
