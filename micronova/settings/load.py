"""From configuration files and the command line to typed Settings, or a SettingsError that says what to change."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg

from micronova.settings import check, review
from micronova.settings.errors import SettingsError
from micronova.settings.files import ConfigFile, find, read
from micronova.settings.option import Option, options_of, split_names
from micronova.settings.settings import Settings, groups


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings, and what the operator should hear about them at start, a sentence each."""

    settings: Settings
    warnings: Sequence[str]


def load(
    config_files: Sequence[Path] = (), overrides: Mapping[str, str | int | float | bool] | None = None
) -> LoadedSettings:
    """Read the files, later ones winning, then ``overrides`` ("DEFAULT.state_path": "/srv/micronova") over all.

    Raises SettingsError, which names the file, the option, the value and what is allowed.  Nothing else is raised.
    """
    files = [read(path) for path in config_files]
    conf = _conf(files)
    _override(conf, overrides or {})
    reader = _Reader(conf, files, overrides or {})
    settings = Settings(**{attribute: reader.group(group, kind) for group, attribute, kind in groups()})
    settings, notes = check.whole(settings, asked_for=frozenset(overrides or ()))
    return LoadedSettings(settings, [*review.warnings(files), *notes])


def default_state_path(environ: Mapping[str, str] = os.environ, uid: int | None = None) -> Path:
    """Where micronova keeps everything if nobody says otherwise: by user, as the XDG rules have it."""
    if (os.geteuid() if uid is None else uid) == 0:
        return Path("/var/lib/micronova")
    base = environ.get("XDG_STATE_HOME", "")
    if not base.startswith("/"):  # the XDG rules: a relative one is to be ignored
        base = f"{environ.get('HOME') or '/'}/.local/state"
    return Path(base) / "micronova"


def _conf(files: Sequence[ConfigFile]) -> cfg.ConfigOpts:
    """A private oslo.config object with all of our options and these files."""
    conf = cfg.ConfigOpts()
    for group, _, kind in groups():
        for name, option in options_of(kind):
            option.register(conf, group, name)
    # What the default of state_path is made of: not an option that anybody sets.
    conf.register_opt(cfg.StrOpt("micronova_state_path", default=str(default_state_path()).replace("$", "$$")))
    try:
        conf(
            [],
            project="micronova",
            default_config_files=[str(file.path) for file in files],
            default_config_dirs=[],
            use_env=False,
        )
    except (cfg.Error, ValueError, OSError) as err:
        raise SettingsError(f"the configuration cannot be read: {err}") from err
    return conf


def _override(conf: cfg.ConfigOpts, overrides: Mapping[str, str | int | float | bool]) -> None:
    declared = {(group, name): option for group, _, kind in groups() for name, option in options_of(kind)}
    for key, value in overrides.items():
        group, _, name = key.partition(".")
        option = declared.get((group, name))
        if option is None:
            raise SettingsError(f"command line: {key}: there is no such option")
        # A value of the command line means itself: no $references in it.
        literal = str(value).replace("$", "$$")
        try:
            conf.set_override(name, [literal] if option.multi else literal, None if group == "DEFAULT" else group)
        except (ValueError, TypeError) as err:
            raise _refusal("command line", group, name, str(value), option) from (None if option.secret else err)


class _Reader:
    """Takes values out of a ConfigOpts, and explains those that cannot be had."""

    def __init__(self, conf: cfg.ConfigOpts, files: Sequence[ConfigFile], overrides: Mapping[str, object]) -> None:
        self._conf = conf
        self._files = files
        self._overrides = overrides

    def group(self, group: str, kind: type[Any]) -> Any:
        """An object of the group's dataclass."""
        return kind(**{name: self._value(group, name, option) for name, option in options_of(kind)})

    def _value(self, group: str, name: str, option: Option) -> Any:
        where = self._conf if group == "DEFAULT" else self._conf[group]
        try:
            with _oslo_silent():
                value = where[name]
            if value is None and option.default is not None:
                raise ValueError("empty")
            return None if value is None else option.convert(value)
        except (cfg.Error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as err:
            found = find(self._files, [(group, name), *split_names(option.deprecated)])
            if found is None or f"{group}.{name}" in self._overrides:
                raise SettingsError(f"[{group}] {name}: no value can be had: {err}") from err
            file, written_group, written_name, written = found
            raise _refusal(str(file.path), written_group, written_name, written, option) from (
                None if option.secret else err
            )


def _refusal(where: str, group: str, name: str, value: str, option: Option) -> SettingsError:
    shown = "***" if option.secret else repr(value[:200])
    hint = "; a reference such as $state_path must name an option, and $$ is a dollar sign" if "$" in value else ""
    return SettingsError(f"{where}: [{group}] {name} = {shown}: allowed: {option.allowed}{hint}")


@contextmanager
def _oslo_silent() -> Iterator[None]:
    """Keep oslo.config's own deprecation messages away: ``review`` says the same, with the file's name."""
    logger = logging.getLogger("oslo_config.cfg")
    was = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = was
