"""Configuration files as written, before any meaning: what stands where, for messages that name file and option."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg, iniparser

from micronova.settings.errors import SettingsError

# These would make oslo.config itself read further files, the network, or print and exit.
_COMMAND_LINE_ONLY = frozenset({"config_file", "config_dir", "config_source", "shell_completion"})


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A parsed file: group -> option -> its values, in the order of the file; group names normalised."""

    path: Path
    groups: Mapping[str, Mapping[str, Sequence[str]]]

    def values(self, group: str, name: str) -> Sequence[str]:
        """All values that this file gives an option; empty if none."""
        return self.groups.get(group, {}).get(name, ())


def read(path: Path) -> ConfigFile:
    """Parse a file.  Raises SettingsError if it cannot be read or is no configuration file."""
    sections: dict[str, dict[str, Any]] = {}
    try:
        cfg.ConfigParser(str(path), sections).parse()
    except OSError as err:
        raise SettingsError(f"{path}: cannot be read: {err.strerror or err}") from err
    except UnicodeDecodeError as err:
        raise SettingsError(f"{path}: is not UTF-8 text: {err.reason} at byte {err.start}") from err
    except iniparser.ParseError as err:
        # The line is not repeated: it may hold a secret.
        raise SettingsError(f"{path}: line {err.lineno}: {err.msg}") from None
    except (ValueError, IndexError) as err:
        raise SettingsError(f"{path}: cannot be read as a configuration file: {err}") from err
    groups: dict[str, dict[str, list[str]]] = {}
    for section, options in sections.items():
        group = groups.setdefault(normalised(section), {})
        for name, values in options.items():
            group.setdefault(name, []).extend(values)
    for name in _COMMAND_LINE_ONLY & set(groups.get("DEFAULT", {})):
        raise SettingsError(f"{path}: [DEFAULT] {name}: is not allowed in a file; allowed: --config-file arguments")
    return ConfigFile(path, groups)


def normalised(group: str) -> str:
    """A group's name as oslo.config compares it: in any case, but for DEFAULT."""
    return group if group == "DEFAULT" else group.lower()


def find(files: Sequence[ConfigFile], names: Iterable[tuple[str, str]]) -> tuple[ConfigFile, str, str, str] | None:
    """Where the value in force stands: (file, group, name, value) of the last file that has one of ``names``."""
    known = list(names)
    for file in reversed(files):
        for group, name in known:
            values = file.values(group, name)
            if values:
                return file, group, name, values[-1]
    return None
