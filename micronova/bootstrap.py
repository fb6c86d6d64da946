"""The first start: users, roles, projects, flavors, a network, and files that say how to log in.  Later starts keep it.

Every part is idempotent by itself, so a first start that is killed is continued by the second.
"""

from __future__ import annotations

import ipaddress
import secrets
import struct
from collections.abc import Mapping
from pathlib import Path

import yaml
from sqlalchemy.engine import Connection

from micronova.compute.bootstrap import ensure_flavors
from micronova.db.database import Database
from micronova.identity import clouds
from micronova.identity.bootstrap import BootstrapResult
from micronova.identity.bootstrap import bootstrap as bootstrap_identity
from micronova.identity.clouds import Login
from micronova.model.errors import OurFault
from micronova.network.bootstrap import bootstrap as bootstrap_network
from micronova.network.bootstrap import choose_cidr
from micronova.settings.settings import Settings
from micronova.state_dir import StateDir

CLOUDS, OPENRC = "clouds.yaml", "openrc"
# Names of clouds in clouds.yaml, and whose they are; openrc is the first one's.  Each user's project bears his name.
CLOUD_USERS = {"micronova-admin": "admin", "micronova": "demo"}


def bootstrap(database: Database, settings: Settings, state: StateDir, url: str) -> None:
    """Have everything that a fresh installation needs; ``url`` is what clients are told to use.

    The files with the passwords are written before the users are made of them: a kill in between loses nothing.
    """
    region = settings.micronova.region
    kept = _kept_passwords(state)
    passwords = kept or {name: secrets.token_urlsafe(18) for name in CLOUD_USERS.values()}
    if not kept:
        _write(state, url, region, passwords)

    def work(c: Connection) -> BootstrapResult:
        result = bootstrap_identity(c, region=region, passwords=passwords)
        ensure_flavors(c)
        bootstrap_network(c, project_id=result.project_ids["admin"], cidr=choose_cidr(host_routes()))
        return result

    result = database.transact(work)
    if kept:
        _write(state, url, region, kept)
    elif not result.passwords:
        # Somebody else's first start made the users (a replica on the same database): these are not their passwords.
        for name in (CLOUDS, OPENRC):
            (state.path / name).unlink()


def _write(state: StateDir, url: str, region: str, passwords: Mapping[str, str]) -> None:
    """Write the files unless they are as they should be (the listening address may change from start to start)."""
    logins = [
        Login(cloud=cloud, user=user, password=passwords[user], project=user) for cloud, user in CLOUD_USERS.items()
    ]
    texts = {
        CLOUDS: clouds.clouds_yaml(base_url=url, region=region, logins=logins),
        OPENRC: clouds.openrc(base_url=url, region=region, login=logins[0]),
    }
    for name, text in texts.items():
        path = state.path / name
        if not path.exists() or path.read_text() != text:
            state.write_private(name, text.encode())


def _kept_passwords(state: StateDir) -> dict[str, str]:
    """The passwords of an earlier start, by user name; {} on the first."""
    path = state.path / CLOUDS
    if not path.exists():
        return {}
    try:
        document = yaml.safe_load(path.read_text())
        return {user: str(document["clouds"][cloud]["auth"]["password"]) for cloud, user in CLOUD_USERS.items()}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as err:
        raise OurFault(f"{path} cannot be read: mend it, or move it away if nobody needs its passwords") from err


def host_routes(table: Path = Path("/proc/net/route")) -> list[str]:
    """This machine's IPv4 routes as CIDRs, without default routes; [] where the kernel does not tell."""
    found = []
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return []
    for line in lines:
        fields = line.split("\t")
        destination, mask = (ipaddress.IPv4Address(struct.pack("<I", int(fields[column], 16))) for column in (1, 7))
        if int(mask):
            found.append(str(ipaddress.ip_network(f"{destination}/{mask}", strict=False)))
    return found
