"""Flavors: the sizes that servers come in.  Private ones exist only for the projects that were given access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from micronova.compute.name_filter import name_matches
from micronova.db.tables.compute_resources import flavor_extra_specs, flavor_projects, flavors
from micronova.model.clock import utcnow
from micronova.model.errors import Conflict, Invalid, NotFound
from micronova.model.ids import FlavorId, new_uuid

# What clients may sort by, by the API's names.
SORT_KEYS: Mapping[str, sa.Column[Any]] = {
    "created_at": flavors.c.created_at,
    "description": flavors.c.description,
    "disabled": flavors.c.id,  # never set
    "ephemeral_gb": flavors.c.ephemeral_gib,
    "flavorid": flavors.c.flavorid,
    "id": flavors.c.id,
    "is_public": flavors.c.is_public,
    "memory_mb": flavors.c.memory_mib,
    "name": flavors.c.name,
    "root_gb": flavors.c.root_gib,
    "rxtx_factor": flavors.c.rxtx_factor,
    "swap": flavors.c.swap_mib,
    "updated_at": flavors.c.updated_at,
    "vcpu_weight": flavors.c.id,  # never set
    "vcpus": flavors.c.vcpus,
}

_PROJECT: sa.BindParameter[str] = sa.bindparam("b_project")
_GRANTED = flavors.c.id.in_(sa.select(flavor_projects.c.flavor_id).where(flavor_projects.c.project_id == _PROJECT))
_VISIBLE = sa.or_(flavors.c.is_public, _GRANTED)
_ANY = sa.select(flavors).where(flavors.c.flavorid == sa.bindparam("b_flavorid"))
_ANY_VISIBLE = _ANY.where(_VISIBLE)
_EXTRA_SPECS = (
    sa.select(flavor_extra_specs)
    .where(flavor_extra_specs.c.flavor_id.in_(sa.bindparam("b_flavors", expanding=True)))
    .order_by(flavor_extra_specs.c.name)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavor:
    """A flavor.  ``id`` is the row's number, ``flavorid`` what the API calls its id."""

    id: int
    flavorid: FlavorId
    name: str
    vcpus: int
    memory_mib: int
    root_gib: int
    ephemeral_gib: int = 0
    swap_mib: int = 0
    is_public: bool = True
    description: str | None = None
    rxtx_factor: float = 1.0
    created_at: datetime
    updated_at: datetime | None = None
    extra_specs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFlavor:
    """What an admin asks for; without ``flavorid`` it gets a UUID."""

    name: str
    vcpus: int
    memory_mib: int
    root_gib: int
    flavorid: str | None = None
    ephemeral_gib: int = 0
    swap_mib: int = 0
    is_public: bool = True
    description: str | None = None
    rxtx_factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """For whom flavors are looked up: admins may see all, others the public ones and their project's."""

    project_id: str | None
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavorQuery:
    """Which flavors to list.  ``is_public`` None: all (admins only)."""

    is_public: bool | None = True
    min_memory_mib: int | None = None
    min_root_gib: int | None = None
    name: str | None = None  # a regular expression found anywhere in it
    sort: Sequence[tuple[str, bool]] = (("flavorid", True),)  # key of SORT_KEYS, ascending
    marker: str | None = None
    limit: int = 1000


def get(conn: Connection, viewer: Viewer, flavorid: str) -> Flavor:
    """A flavor that ``viewer`` may see.  Raises NotFound, for private ones of others too (T-API5)."""
    if viewer.is_admin:
        row = conn.execute(_ANY, {"b_flavorid": flavorid}).one_or_none()
    else:
        row = conn.execute(_ANY_VISIBLE, {"b_flavorid": flavorid, "b_project": viewer.project_id or ""}).one_or_none()
    if row is None:
        raise _not_found(flavorid)
    return _flavor(row, extra_specs_of(conn, [row.id]).get(row.id, {}))


def get_for_boot(conn: Connection, project_id: str | None, is_admin: bool, flavor_ref: str) -> Flavor:
    """The flavor that a request to create or resize a server names.  Raises Invalid, as such a request's part."""
    try:
        return get(conn, Viewer(project_id=project_id, is_admin=is_admin), flavor_ref)
    except NotFound as err:
        raise Invalid(err.message) from err


def list_flavors(conn: Connection, viewer: Viewer, query: FlavorQuery, *, with_extra_specs: bool) -> list[Flavor]:
    """A page of flavors; ``query.limit + 1`` rows at most, so that the caller sees whether more follow."""
    statement = sa.select(flavors)
    if not viewer.is_admin:
        statement = statement.where(_VISIBLE)
    elif query.is_public is not None:
        public = flavors.c.is_public == query.is_public
        statement = statement.where(sa.or_(public, _GRANTED) if query.is_public else public)
    if query.min_memory_mib is not None:
        statement = statement.where(flavors.c.memory_mib >= query.min_memory_mib)
    if query.min_root_gib is not None:
        statement = statement.where(flavors.c.root_gib >= query.min_root_gib)
    # Flavors are few: sorting and paging here gives NULLs and text the same order on both databases.
    rows: list[sa.Row[Any]] = list(conn.execute(statement, {"b_project": viewer.project_id or ""}))
    if query.name is not None:
        matches = name_matches(query.name)
        rows = [row for row in rows if matches(row.name)]
    rows.sort(key=lambda row: row.id)
    for key, ascending in reversed(query.sort):
        column = SORT_KEYS[key].name
        rows.sort(key=lambda row: _orderable(row, column), reverse=not ascending)
    if query.marker is not None:
        at = next((n for n, row in enumerate(rows) if row.flavorid == query.marker), None)
        if at is None:
            raise Invalid(f"marker [{query.marker[:255]}] not found")
        rows = rows[at + 1 :]
    rows = rows[: query.limit + 1]
    specs = extra_specs_of(conn, [row.id for row in rows]) if with_extra_specs else {}
    return [_flavor(row, specs.get(row.id, {})) for row in rows]


def create(conn: Connection, new: NewFlavor) -> Flavor:
    """Make a flavor.  Raises Conflict if its id or name is taken."""
    flavorid = new.flavorid if new.flavorid is not None else new_uuid()
    taken = conn.execute(
        sa.select(flavors.c.flavorid, flavors.c.name).where(
            sa.or_(flavors.c.flavorid == flavorid, flavors.c.name == new.name)
        )
    ).all()
    if any(row.flavorid == flavorid for row in taken):
        raise Conflict(f"Flavor with ID {flavorid} already exists.")
    if taken:
        raise Conflict(f"Flavor with name {new.name} already exists.")
    values = {
        "flavorid": flavorid,
        "name": new.name,
        "description": new.description,
        "vcpus": new.vcpus,
        "memory_mib": new.memory_mib,
        "root_gib": new.root_gib,
        "ephemeral_gib": new.ephemeral_gib,
        "swap_mib": new.swap_mib,
        "rxtx_factor": new.rxtx_factor,
        "is_public": new.is_public,
        "created_at": utcnow(),
    }
    try:
        row = conn.execute(sa.insert(flavors).values(values).returning(*flavors.c)).one()
    except sa.exc.IntegrityError as err:  # somebody was faster; the transaction is lost
        raise Conflict(f"Flavor with ID {flavorid} or name {new.name} already exists.") from err
    return _flavor(row, {})


def set_description(conn: Connection, flavorid: str, description: str | None) -> Flavor:
    """Change the description, the only thing of a flavor that can be changed.  Raises NotFound."""
    row = conn.execute(
        sa.update(flavors)
        .where(flavors.c.flavorid == flavorid)
        .values(description=description, updated_at=utcnow())
        .returning(*flavors.c)
    ).one_or_none()
    if row is None:
        raise _not_found(flavorid)
    return _flavor(row, extra_specs_of(conn, [row.id]).get(row.id, {}))


def delete(conn: Connection, flavorid: str) -> None:
    """Remove a flavor; servers keep their own copy of its values.  Raises NotFound."""
    if conn.execute(sa.delete(flavors).where(flavors.c.flavorid == flavorid)).rowcount == 0:
        raise _not_found(flavorid)


def extra_specs_of(conn: Connection, flavor_ids: Sequence[int]) -> Mapping[int, Mapping[str, str]]:
    """The extra specs of many flavors (row numbers) by one query."""
    if not flavor_ids:
        return {}
    found: dict[int, dict[str, str]] = {}
    for row in conn.execute(_EXTRA_SPECS, {"b_flavors": flavor_ids}):
        found.setdefault(row.flavor_id, {})[row.name] = row.value
    return found


def set_extra_specs(conn: Connection, flavor: Flavor, specs: Mapping[str, str]) -> None:
    """Add or replace extra specs, which were validated before."""
    if not specs:
        return
    table = flavor_extra_specs
    conn.execute(sa.delete(table).where(table.c.flavor_id == flavor.id, table.c.name.in_(list(specs))))
    conn.execute(
        sa.insert(table), [{"flavor_id": flavor.id, "name": name, "value": value} for name, value in specs.items()]
    )
    _touch(conn, flavor)


def delete_extra_spec(conn: Connection, flavor: Flavor, name: str) -> None:
    """Remove one extra spec.  Raises NotFound."""
    table = flavor_extra_specs
    if conn.execute(sa.delete(table).where(table.c.flavor_id == flavor.id, table.c.name == name)).rowcount == 0:
        raise no_extra_spec(flavor, name)
    _touch(conn, flavor)


def no_extra_spec(flavor: Flavor, name: str) -> NotFound:
    """The refusal for an extra spec that a flavor does not have."""
    return NotFound(f"Flavor {flavor.flavorid} has no extra specs with key {name[:255]}.")


def projects_of(conn: Connection, flavor: Flavor) -> list[str]:
    """Projects with access to a private flavor."""
    return list(
        conn.execute(
            sa.select(flavor_projects.c.project_id)
            .where(flavor_projects.c.flavor_id == flavor.id)
            .order_by(flavor_projects.c.project_id)
        ).scalars()
    )


def add_access(conn: Connection, flavor: Flavor, project_id: str) -> None:
    """Let a project use a private flavor.  Raises Conflict if it may already."""
    if project_id in projects_of(conn, flavor):
        raise Conflict(
            f"Flavor access already exists for flavor {flavor.flavorid} and project {project_id} combination."
        )
    try:
        conn.execute(sa.insert(flavor_projects).values(flavor_id=flavor.id, project_id=project_id))
    except sa.exc.IntegrityError as err:
        raise Conflict(
            f"Flavor access already exists for flavor {flavor.flavorid} and project {project_id} combination."
        ) from err


def remove_access(conn: Connection, flavor: Flavor, project_id: str) -> None:
    """Take a project's access away.  Raises NotFound if it had none."""
    table = flavor_projects
    where = (table.c.flavor_id == flavor.id, table.c.project_id == project_id)
    if conn.execute(sa.delete(table).where(*where)).rowcount == 0:
        raise NotFound(f"Flavor access not found for {flavor.flavorid} / {project_id} combination.")


def _not_found(flavorid: str) -> NotFound:
    return NotFound(f"Flavor {flavorid[:255]} could not be found.")


def _touch(conn: Connection, flavor: Flavor) -> None:
    conn.execute(sa.update(flavors).where(flavors.c.id == flavor.id).values(updated_at=utcnow()))


def _orderable(row: sa.Row[Any], column: str) -> tuple[bool, Any]:
    value = getattr(row, column)
    return (value is not None, 0 if value is None else value)


def _flavor(row: sa.Row[Any], extra_specs: Mapping[str, str]) -> Flavor:
    return Flavor(
        id=row.id,
        flavorid=FlavorId(row.flavorid),
        name=row.name,
        vcpus=row.vcpus,
        memory_mib=row.memory_mib,
        root_gib=row.root_gib,
        ephemeral_gib=row.ephemeral_gib,
        swap_mib=row.swap_mib,
        is_public=row.is_public,
        description=row.description,
        rxtx_factor=row.rxtx_factor,
        created_at=row.created_at,
        updated_at=row.updated_at,
        extra_specs=extra_specs,
    )
