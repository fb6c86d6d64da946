"""The documents of role assignments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from micronova.identity import groups, projects, roles, users
from micronova.identity.assignments import Assignment
from micronova.identity.views.links import href

_Named = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What ``include_names`` adds, by id."""

    users: Mapping[str, _Named]
    groups: Mapping[str, _Named]
    targets: Mapping[str, _Named]
    roles: Mapping[str, _Named]

    @classmethod
    def load(cls, conn: Connection, found: Sequence[Assignment]) -> Names:
        """The names of everything in ``found``, by one query per kind."""
        people = users.by_ids(conn, {one.user_id for one in found if one.user_id is not None})
        crowds = groups.by_ids(conn, {one.group_id for one in found if one.group_id is not None})
        targets = projects.by_ids(conn, {one.target_id for one in found if one.target_id is not None})
        held = roles.by_ids(conn, {one.role_id for one in found})
        everything: list[Any] = [*people, *crowds, *targets, *held]
        homes = {record.domain_id for record in everything if record.domain_id is not None}
        domains = {one.id: {"id": one.id, "name": one.name} for one in projects.by_ids(conn, homes)}

        def named(records: Sequence[Any]) -> Mapping[str, _Named]:
            return {
                record.id: {"id": record.id, "name": record.name}
                if record.domain_id is None
                else {"id": record.id, "name": record.name, "domain": domains[record.domain_id]}
                for record in records
            }

        return cls(users=named(people), groups=named(crowds), targets=named(targets), roles=named(held))


def assignment(base_url: str, one: Assignment, names: Names | None) -> dict[str, Any]:
    """One assignment; ``names`` None: ids alone."""
    document: dict[str, Any] = {"role": _ref(one.role_id, names.roles if names else None), "links": {}}
    if one.user_id is not None:
        document["user"] = _ref(one.user_id, names.users if names else None)
    else:
        document["group"] = _ref(str(one.group_id), names.groups if names else None)
    if one.target_id is None:
        document["scope"] = {"system": {"all": True}}
    else:
        document["scope"] = {one.target_kind: _ref(one.target_id, names.targets if names else None)}
        if one.inherited:
            document["scope"]["OS-INHERIT:inherited_to"] = "projects"
    document["links"]["assignment"] = _assignment_link(base_url, one)
    if one.by_group is not None:
        document["links"]["membership"] = href(base_url, "groups", one.by_group, "users", str(one.user_id))
    if one.by_role is not None:
        document["links"]["prior_role"] = href(base_url, "prior_role", one.by_role, "implies", one.role_id)
    return document


def _ref(record_id: str, names: Mapping[str, _Named] | None) -> _Named:
    return {"id": record_id} if names is None else names.get(record_id, {"id": record_id})


def _assignment_link(base_url: str, one: Assignment) -> str:
    group_id = one.by_group or one.group_id
    actor = ("groups", group_id) if group_id is not None else ("users", str(one.user_id))
    role_id = one.by_role or one.role_id
    if one.target_id is None:
        return href(base_url, "system", *actor, "roles", role_id)
    if one.inherited or one.inherited_from is not None:
        source = one.inherited_from or one.target_id
        kind = "domains" if one.target_kind == "domain" or one.inherited_from_domain else "projects"
        return href(base_url, "OS-INHERIT", kind, source, *actor, "roles", role_id, "inherited_to_projects")
    return href(base_url, f"{one.target_kind}s", one.target_id, *actor, "roles", role_id)
