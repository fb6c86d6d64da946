"""``micronova db``: the database by hand."""

from __future__ import annotations

import typer

from micronova.cli import start

app = typer.Typer(help="The database by hand.", no_args_is_help=True)


@app.command()
def upgrade(
    state_dir: start.StateDirOption = None,
    config_file: start.ConfigFiles = None,
    database: start.DatabaseUrl = None,
) -> None:
    """Bring the database to this version's schema (serve does it too)."""
    loaded = start.read_settings(config_file, state_dir, database)
    with start.complaints():
        from micronova.app import open_database
        from micronova.db.upgrade import head, upgrade
        from micronova.state_dir import StateDir

        state = StateDir(loaded.settings.default.state_path)
        opened = open_database(loaded.settings, state)
        done = upgrade(opened)
        print(f"{'upgraded to' if done else 'already at'} revision {head()}")
        opened.close()
        state.close()
