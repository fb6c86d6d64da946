"""Policy rules of the network service, under Neutron's names.

Targets carry the resource's ``project_id``, and ``network:project_id``: who owns the network of a subnet or port.
"""

from __future__ import annotations

from collections.abc import Sequence

from micronova.web.policy import RuleDefault

ADMIN = "role:admin"
_READER = "role:reader and project_id:%(project_id)s"
_MEMBER = "role:member and project_id:%(project_id)s"
_SHARED = "(role:reader and True:%(shared)s)"
_OWNS_NETWORK = "role:member and project_id:%(network:project_id)s"
_SEES_NETWORK = "role:reader and project_id:%(network:project_id)s"

READ = f"{ADMIN} or ({_READER})"
WRITE = f"{ADMIN} or ({_MEMBER})"
READ_NETWORK = f"{READ} or {_SHARED}"
OF_NETWORK_READ = f"{READ} or ({_SEES_NETWORK})"
OF_NETWORK_WRITE = f"{WRITE} or ({_OWNS_NETWORK})"
NETWORK_OWNER = f"{ADMIN} or ({_OWNS_NETWORK})"


def _rules(resource: str, plural: str, **checks: str) -> list[RuleDefault]:
    """``create="..."`` becomes ``create_<resource>``; ``create__shared`` becomes ``create_<resource>:shared``."""
    methods = {"create": "POST", "get": "GET", "update": "PUT", "delete": "DELETE"}
    found = []
    for key, check in checks.items():
        verb, _, attribute = key.partition("__")
        attribute = attribute.replace("__", ":")
        path = f"/{plural}" if verb == "create" else f"/{plural}/{{id}}"
        what = f"attribute {attribute} of a {resource}" if attribute else f"a {resource}"
        found.append(
            RuleDefault(
                f"{verb}_{resource}" + (f":{attribute}" if attribute else ""),
                check,
                f"{verb.capitalize()} {what}",
                [{"method": methods[verb], "path": path}],
            )
        )
    return found


RULES: Sequence[RuleDefault] = (
    *_rules(
        "network",
        "networks",
        create=WRITE,
        create__shared=ADMIN,
        create__port_security_enabled=WRITE,
        get=READ_NETWORK,
        update=WRITE,
        update__shared=ADMIN,
        update__port_security_enabled=WRITE,
        delete=WRITE,
    ),
    *_rules(
        "subnet",
        "subnets",
        create=NETWORK_OWNER,
        get=f"{OF_NETWORK_READ} or {_SHARED}",
        update=OF_NETWORK_WRITE,
        delete=OF_NETWORK_WRITE,
    ),
    *_rules(
        "port",
        "ports",
        create=WRITE,
        # Looser than Neutron's, where only a network's owner chooses addresses: the shared built-in network
        # stands for a project's own here.
        create__fixed_ips=WRITE,
        create__mac_address=NETWORK_OWNER,
        create__port_security_enabled=NETWORK_OWNER,
        create__binding__host_id=ADMIN,
        get=OF_NETWORK_READ,
        get__binding__host_id=ADMIN,
        update=OF_NETWORK_WRITE,
        update__fixed_ips=OF_NETWORK_WRITE,
        update__mac_address=ADMIN,
        update__port_security_enabled=NETWORK_OWNER,
        update__binding__host_id=ADMIN,
        delete=OF_NETWORK_WRITE,
    ),
    RuleDefault(
        "get_security_group", READ, "Get a security group", [{"method": "GET", "path": "/security-groups/{id}"}]
    ),
)
