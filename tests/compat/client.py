"""The unmodified ``openstack`` client, run inside of this process: the command's code without 1.2 s of start."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

from openstackclient import shell
from osc_lib.clientmanager import ClientCache, ClientManager

from workshop.serving import client_environment


class CommandFailed(Exception):
    """The client ended with a status other than 0; the message is what it wrote."""


class OpenStack:
    """``openstack`` as one cloud of a clouds.yaml.  Call it with the command's arguments; it gives what was printed."""

    def __init__(self, clouds_yaml: Path, cloud: str, *options: str) -> None:
        self._environment = client_environment(clouds_yaml, cloud)
        self._clouds_yaml = clouds_yaml
        self._cloud = cloud
        self._options = options

    def at(self, microversion: str) -> OpenStack:
        """The same cloud, at a compute microversion."""
        return OpenStack(self._clouds_yaml, self._cloud, "--os-compute-api-version", microversion)

    def __call__(self, *arguments: str) -> str:
        """Run a command; what it printed.  Raises CommandFailed."""
        _forget_clients()
        out, err = io.StringIO(), io.StringIO()
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        with (
            mock.patch.dict(os.environ, self._environment, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # the client's own, and not ours to mend
            try:
                status = shell.main([*self._options, *arguments])
            finally:
                # The client configures logging of its whole process.
                root.handlers[:], root.level = handlers, level
        if status:
            raise CommandFailed(f"openstack {' '.join(arguments)}: {err.getvalue()}{out.getvalue()}")
        return out.getvalue()

    def read(self, *arguments: str) -> Any:
        """Run a command with ``-f json``; the document."""
        return json.loads(self(*arguments, "-f", "json"))


def _forget_clients() -> None:
    """Clients, with their user and microversion, stay in the manager's class: right for a process of one command."""
    for member in vars(ClientManager).values():
        if isinstance(member, ClientCache):
            member._handle = None
