"""The command line: one file per command group."""

from __future__ import annotations

import typer

from micronova.cli import audit, db, serve, version

app = typer.Typer(
    name="micronova",
    help="OpenStack Compute for KVM, in one program.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("audit")(audit.audit)
app.command("version")(version.version)
app.add_typer(db.app, name="db")


def main() -> None:
    """Entry point of the ``micronova`` program."""
    app()
