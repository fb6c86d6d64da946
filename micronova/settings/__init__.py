"""nova.conf as typed values: ``load(files, overrides)`` gives frozen Settings that are handed down, never global."""

from micronova.settings.errors import SettingsError
from micronova.settings.load import LoadedSettings, default_state_path, load
from micronova.settings.settings import Settings

__all__ = ["LoadedSettings", "Settings", "SettingsError", "default_state_path", "load"]
