"""``micronova audit``: does everything have its owner?  For a stopped micronova; a running one looks by itself."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from micronova.cli import start


def audit(
    state_dir: start.StateDirOption = None,
    config_file: start.ConfigFiles = None,
    database: start.DatabaseUrl = None,
    simulated_hosts: Annotated[int, typer.Option(min=0, help="As given to serve.")] = 0,
    repair: Annotated[bool, typer.Option("--repair", help="Remove what has no owner.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List domains, disks, claims and ports without a server, and servers without them.  Status 1 if any are left."""
    loaded = start.read_settings(config_file, state_dir, database)
    with start.complaints():
        from micronova import app
        from micronova.compute.reconcile import audit as auditing
        from micronova.state_dir import StateDir

        state = StateDir(loaded.settings.default.state_path)
        assembly = app.Assembly(
            settings=loaded.settings, state=state, listen_url="http://127.0.0.1", simulated_hosts=simulated_hosts
        )
        with app.opened(assembly) as (opened, hosts):
            findings = auditing.audit(opened, hosts)
            if repair:
                findings = auditing.repair(opened, hosts, findings)
        state.close()
    if as_json:
        print(json.dumps([{"kind": f.kind, "owner": f.owner, "host": f.host} for f in findings]))
    else:
        for finding in findings:
            print(finding)
        print(f"{len(findings)} findings" if findings else "everything has its owner")
    if findings:
        raise typer.Exit(1)
