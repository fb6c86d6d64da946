"""How to point clients at us: the texts of clouds.yaml and of an openrc file.

They hold passwords: whoever writes them does so with mode 0600.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user of the default domain with a password and a project."""

    cloud: str
    user: str
    password: str = field(repr=False)
    project: str


def clouds_yaml(*, base_url: str, region: str, logins: list[Login]) -> str:
    """The text of clouds.yaml; values are JSON strings, which YAML reads and nothing breaks out of."""
    lines = ["clouds:"]
    for login in logins:
        auth = {
            "auth_url": f"{base_url}/identity/v3",
            "username": login.user,
            "password": login.password,
            "project_name": login.project,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        }
        lines += [f"  {login.cloud}:", "    auth:"]
        lines += [f"      {name}: {json.dumps(value)}" for name, value in auth.items()]
        lines += [f"    region_name: {json.dumps(region)}", '    identity_api_version: "3"']
    return "\n".join(lines) + "\n"


def openrc(*, base_url: str, region: str, login: Login) -> str:
    """The text of a file to be sourced by a shell."""
    variables = {
        "OS_AUTH_TYPE": "password",
        "OS_AUTH_URL": f"{base_url}/identity/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": login.user,
        "OS_PASSWORD": login.password,
        "OS_PROJECT_NAME": login.project,
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
        "OS_REGION_NAME": region,
    }
    # A cloud named in the shell would win over all of these.
    return "unset OS_CLOUD\n" + "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
