"""``micronova serve``: APIs, operations, and the host of this machine, in one process."""

from __future__ import annotations

import enum
import gc
import logging
from typing import Annotated

import typer

from micronova.cli import logs, start

log = logging.getLogger(__name__)


class Role(enum.StrEnum):
    """What this process is."""

    ALL = "all"
    CONTROL = "control"


def serve(
    state_dir: start.StateDirOption = None,
    listen: Annotated[str, typer.Option(help="HOST:PORT for all APIs.")] = "127.0.0.1:8774",
    config_file: start.ConfigFiles = None,
    simulated_hosts: Annotated[
        int, typer.Option(min=0, max=10000, help="So many simulated hosts instead of libvirt.")
    ] = 0,
    role: Annotated[Role, typer.Option(help="all, or control: no host on this machine.")] = Role.ALL,
    database: start.DatabaseUrl = None,
    public_url: Annotated[
        str | None, typer.Option(help="Address under which clients reach it, when that is a proxy's.")
    ] = None,
) -> None:
    """Serve everything.  SIGTERM ends it in order; guests keep running."""
    # Nothing that a start imports is ever garbage: looking for it costs a tenth of the start.  run() switches it on.
    gc.disable()
    host, port = start.parse_listen(listen)
    loaded = start.read_settings(config_file, state_dir, database)
    with start.complaints():
        logs.configure(loaded.settings.default)
        for warning in loaded.warnings:
            log.warning("%s", warning)
        # Imported late: --help and mistakes answer at once.
        from micronova import wiring
        from micronova.serving import Options, run

        run(
            loaded.settings,
            Options(
                host=host,
                port=port,
                simulated_hosts=simulated_hosts,
                control_only=role is Role.CONTROL,
                policy_file=wiring.policy_file(loaded.settings, config_file or ()),
                public_url=public_url or loaded.settings.micronova.public_url,
            ),
        )
