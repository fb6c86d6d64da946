"""What every command that opens a micronova shares: options, settings, complaints."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from micronova.model.errors import MicronovaError
from micronova.settings.errors import SettingsError
from micronova.settings.load import LoadedSettings, load

log = logging.getLogger(__name__)

ConfigFiles = Annotated[
    list[Path] | None, typer.Option("--config-file", help="A nova.conf; may be given again, later ones win.")
]
StateDirOption = Annotated[
    Path | None, typer.Option("--state-dir", help="Where everything is kept.  [default: by user]")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database", help="sqlite:///PATH or postgresql://USER@HOST/NAME.  [default: in the state dir]"),
]


def read_settings(config_files: Sequence[Path] | None, state_dir: Path | None, database: str | None) -> LoadedSettings:
    """The settings of files and command line; ends the program with a complaint if they are wrong."""
    overrides: dict[str, str | int | float | bool] = {}
    if state_dir is not None:
        overrides["DEFAULT.state_path"] = str(state_dir.absolute())
    if database is not None:
        overrides["database.connection"] = database
    try:
        return load(config_files or (), overrides)
    except SettingsError as err:
        complain(str(err))


def parse_listen(text: str) -> tuple[str, int]:
    """``HOST:PORT`` or ``[V6]:PORT``; ends the program with a complaint otherwise."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\s]+)):(\d{1,5})", text)
    if match is None or not 0 <= int(match[3]) <= 65535:
        complain(f"--listen {text}: give HOST:PORT, for example 127.0.0.1:8774")
    return match[1] or match[2], int(match[3])


def complain(message: str) -> NoReturn:
    """Say what is wrong on standard error, and end with status 2."""
    print(f"micronova: {message}", file=sys.stderr)
    raise typer.Exit(2)


@contextmanager
def complaints() -> Iterator[None]:
    """Errors of ours become one line on standard error; everything else is a defect and keeps its traceback."""
    try:
        yield
    except MicronovaError as err:
        log.debug("ending", exc_info=err)
        complain(str(err))
