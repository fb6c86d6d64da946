"""Runs ``nft``: the text of ruleset.py into the kernel, all of it or nothing."""

from __future__ import annotations

import os
import shutil
import subprocess

from micronova.model.errors import OurFault

_TIMEOUT_S = 20


class Nftables:
    """The one door to nft.  Needs root."""

    def __init__(self) -> None:
        found = shutil.which("nft", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if found is None:
            raise OurFault("This host cannot filter its guests' traffic.", detail="install nftables: nft was not found")
        self._nft = found

    def apply(self, commands: str) -> None:
        """Run the commands as one transaction.  OurFault with nft's words if the kernel refuses."""
        done = self._run(["-f", "-"], commands)
        if done.returncode != 0:
            raise OurFault("Cannot set the filter of a port.", detail=f"nft: {done.stderr.strip()[:500]}")

    def has_table(self, table: str) -> bool:
        """Whether ``family name`` is there."""
        return f"table {table}" in self._run(["list", "tables"], "").stdout.splitlines()

    def _run(self, arguments: list[str], text: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - fixed program, our arguments
                [self._nft, *arguments], input=text, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as err:
            raise OurFault("Cannot set the filter of a port.", detail=f"nft: {err}") from err
