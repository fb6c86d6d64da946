"""Projects and domains (projects that have users, groups and projects of their own), their tree and their tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from starlette.datastructures import QueryParams

from micronova.db.tables import identity as t
from micronova.identity import revocations
from micronova.identity.listing import filtered, paged
from micronova.identity.records import check_mutable, dumps, loads, merged, missing, split, unique
from micronova.model.errors import Forbidden, Invalid
from micronova.model.ids import new_hex

DEFAULT_DOMAIN_ID = "default"
# Keystone's [DEFAULT] max_project_tree_depth, the domain included.
MAX_DEPTH = 5
MAX_TAGS = 80
_COLUMNS = frozenset(
    {"name", "domain_id", "parent_id", "description", "enabled", "options", "is_domain", "tags", "explicit_domain_id"}
)
_p = t.projects.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project, or with ``is_domain`` a domain (then ``domain_id`` and ``parent_id`` are None)."""

    id: str
    name: str
    is_domain: bool
    domain_id: str | None
    parent_id: str | None
    description: str
    enabled: bool
    tags: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


def get(conn: Connection, project_id: str) -> Project:
    """The project (or domain) with this id.  Raises NotFound."""
    row = conn.execute(sa.select(t.projects).where(_p.id == project_id)).one_or_none()
    if row is None:
        raise missing("project", project_id)
    return _project(row, _tags(conn, [row.id]))


def get_domain(conn: Connection, domain_id: str) -> Project:
    """The domain with this id.  Raises NotFound."""
    row = conn.execute(sa.select(t.projects).where(_p.id == domain_id, _p.is_domain)).one_or_none()
    if row is None:
        raise missing("domain", domain_id)
    return _project(row, {})


def find(conn: Connection, name: str, domain_id: str | None) -> Project | None:
    """The project of this name in a domain, or (``domain_id`` None) the domain of this name."""
    here = _p.domain_id.is_(None) if domain_id is None else _p.domain_id == domain_id
    row = conn.execute(sa.select(t.projects).where(_p.name == name, here)).one_or_none()
    return None if row is None else _project(row, {})


def by_ids(conn: Connection, ids: Iterable[str]) -> Sequence[Project]:
    """Those of ``ids`` that exist, by id."""
    rows = conn.execute(sa.select(t.projects).where(_p.id.in_(set(ids))).order_by(_p.id)).all()
    return _projects(conn, rows)


def search(conn: Connection, query: QueryParams, *, domains: bool, domain_id: str | None = None) -> Sequence[Project]:
    """A page of projects (or domains) by the filters of ``query``; with ``domain_id`` only those of that domain."""
    columns = {"name": _p.name, "enabled": _p.enabled, "domain_id": _p.domain_id, "parent_id": _p.parent_id}
    statement = filtered(sa.select(t.projects).where(_p.is_domain.is_(domains)), query, columns)
    if domain_id is not None:
        statement = statement.where(_p.id == domain_id if domains else _p.domain_id == domain_id)
    tags = t.project_tags.c

    def tagged(names: Sequence[str]) -> sa.Exists:
        return sa.exists().where(tags.project_id == _p.id, tags.name.in_(names))

    for name in _names(query, "tags"):
        statement = statement.where(tagged([name]))
    if any_of := _names(query, "tags-any"):
        statement = statement.where(tagged(any_of))
    if not_all := _names(query, "not-tags"):
        statement = statement.where(sa.not_(sa.and_(*(tagged([name]) for name in not_all))))
    if not_any := _names(query, "not-tags-any"):
        statement = statement.where(sa.not_(tagged(not_any)))
    return _projects(conn, conn.execute(paged(statement, query, _p.id)).all())


def create_domain(conn: Connection, body: Mapping[str, Any], *, domain_id: str | None = None) -> Project:
    """Make a domain.  Raises Conflict for a name that exists."""
    known, extra = split(body, _COLUMNS)
    new_id = domain_id or known.get("explicit_domain_id") or new_hex()
    with unique("domain", f"name {known['name']}"):
        conn.execute(
            t.projects.insert().values(id=new_id, is_domain=True, **_values(known), extra=dumps(merged({}, extra)))
        )
    _set_tags(conn, new_id, known.get("tags", ()))
    return get(conn, new_id)


def create(conn: Connection, body: Mapping[str, Any], *, domain_id: str, project_id: str | None = None) -> Project:
    """Make a project in a domain, below ``parent_id`` if ``body`` names one.

    Raises Invalid for a parent of another domain, Forbidden for a tree too deep, Conflict for a name that exists.
    """
    known, extra = split(body, _COLUMNS)
    get_domain(conn, domain_id)
    parent_id = known.get("parent_id") or domain_id
    if parent_id != domain_id:
        parent = get(conn, parent_id)
        if parent.domain_id != domain_id:
            raise Invalid("The parent project must be in the same domain as the project.")
        if not parent.enabled:
            raise Forbidden(f"Cannot create a project below the disabled project {parent_id}.")
        if len(ancestors(conn, parent)) + 2 > MAX_DEPTH:
            raise Forbidden(f"The project tree may not be deeper than {MAX_DEPTH}.")
    new_id = project_id or new_hex()
    with unique("project", f"name {known['name']} at domain ID {domain_id}"):
        conn.execute(
            t.projects.insert().values(
                id=new_id,
                is_domain=False,
                domain_id=domain_id,
                parent_id=parent_id,
                **_values(known),
                extra=dumps(merged({}, extra)),
            )
        )
    _set_tags(conn, new_id, known.get("tags", ()))
    return get(conn, new_id)


def update(conn: Connection, project: Project, body: Mapping[str, Any]) -> Project:
    """Change a project or domain.  Disabling it kills the tokens that stand on it.

    Raises Invalid or Forbidden for what cannot change, Conflict for a name that exists.
    """
    noun = "domain" if project.is_domain else "project"
    check_mutable(noun, project.id, project.options, body)
    known, extra = split(body, _COLUMNS)
    for name in ("domain_id", "is_domain"):
        if name in known and known[name] != getattr(project, name) and not (project.is_domain and name == "domain_id"):
            raise Invalid(f"Cannot change the {name} of a {noun}.")
    if "parent_id" in known and known["parent_id"] != project.parent_id:
        raise Forbidden(f"Update of `parent_id` is not allowed for the {noun} {project.id}.")
    if project.id == DEFAULT_DOMAIN_ID and known.get("enabled") is False:
        raise Forbidden("The default domain cannot be disabled.")
    if known.get("enabled") is True and not project.enabled and not project.is_domain:
        above = [one for one in ancestors(conn, project) if not one.enabled]
        if above:
            raise Forbidden(f"Cannot enable project {project.id}: {above[0].id} above it is disabled.")
    if known.get("enabled") is False and project.enabled and not project.is_domain:
        below = [one for one in descendants(conn, project.id) if one.enabled]
        if below:
            raise Forbidden(f"Cannot disable project {project.id}: its subtree has enabled projects.")
    values = _values({**known, "options": merged(project.options, known.get("options", {}))})
    with unique(noun, f"name {known.get('name')}"):
        conn.execute(
            t.projects.update().where(_p.id == project.id).values(**values, extra=dumps(merged(project.extra, extra)))
        )
    if "tags" in known:
        _set_tags(conn, project.id, known["tags"])
    if known.get("enabled") is False:
        revocations.record(conn, [_subject(project)])
    return get(conn, project.id)


def delete(conn: Connection, project: Project) -> None:
    """Delete a project without children, or a disabled domain with all that it owns.

    Raises Forbidden otherwise.
    """
    noun = "domain" if project.is_domain else "project"
    check_mutable(noun, project.id, project.options, None)
    if project.is_domain:
        if project.id == DEFAULT_DOMAIN_ID:
            raise Forbidden("The default domain cannot be deleted.")
        if project.enabled:
            raise Forbidden("Cannot delete a domain that is enabled, please disable it first.")
    elif conn.execute(sa.select(_p.id).where(_p.parent_id == project.id).limit(1)).first() is not None:
        raise Forbidden(f"Cannot delete the project {project.id} since it is not a leaf in the hierarchy.")
    revocations.record(conn, [_subject(project)])
    conn.execute(t.projects.delete().where(_p.id == project.id))


def ancestors(conn: Connection, project: Project) -> Sequence[Project]:
    """The projects above, nearest first, the domain last."""
    above: list[Project] = []
    while project.parent_id is not None and len(above) <= MAX_DEPTH:
        row = conn.execute(sa.select(t.projects).where(_p.id == project.parent_id)).one()
        project = _project(row, {})
        above.append(project)
    return above


def descendants(conn: Connection, project_id: str) -> Sequence[Project]:
    """All projects below, level by level."""
    below: list[Project] = []
    level = [project_id]
    while level:
        rows = conn.execute(sa.select(t.projects).where(_p.parent_id.in_(level)).order_by(_p.id)).all()
        level = [row.id for row in rows]
        below += _projects(conn, rows)
    return below


def replace_tags(conn: Connection, project: Project, tags: Sequence[str]) -> Sequence[str]:
    """Set all tags.  Raises Invalid for more than 80."""
    check_mutable("project", project.id, project.options, {"tags": tags})
    conn.execute(t.project_tags.delete().where(t.project_tags.c.project_id == project.id))
    _set_tags(conn, project.id, tags)
    return sorted(set(tags))


def _set_tags(conn: Connection, project_id: str, tags: Iterable[str]) -> None:
    chosen = sorted(set(tags))
    if len(chosen) > MAX_TAGS:
        raise Invalid(f"A project may have at most {MAX_TAGS} tags.")
    conn.execute(t.project_tags.delete().where(t.project_tags.c.project_id == project_id))
    if chosen:
        conn.execute(t.project_tags.insert(), [{"project_id": project_id, "name": name} for name in chosen])


def _tags(conn: Connection, ids: Sequence[str]) -> Mapping[str, list[str]]:
    tags: dict[str, list[str]] = {}
    if ids:
        c = t.project_tags.c
        for row in conn.execute(sa.select(c.project_id, c.name).where(c.project_id.in_(ids)).order_by(c.name)):
            tags.setdefault(row.project_id, []).append(row.name)
    return tags


def _names(query: QueryParams, key: str) -> Sequence[str]:
    return [name for text in query.getlist(key) for name in text.split(",") if name]


def _values(known: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: known[name] for name in ("name", "enabled") if name in known}
    if "description" in known:
        values["description"] = known["description"] or ""
    if "options" in known:
        values["options"] = dumps(merged({}, known["options"]))
    return values


def _projects(conn: Connection, rows: Sequence[Row[Any]]) -> Sequence[Project]:
    tags = _tags(conn, [row.id for row in rows])
    return [_project(row, tags) for row in rows]


def _project(row: Row[Any], tags: Mapping[str, Sequence[str]]) -> Project:
    return Project(
        id=row.id,
        name=row.name,
        is_domain=row.is_domain,
        domain_id=row.domain_id,
        parent_id=row.parent_id,
        description=row.description,
        enabled=row.enabled,
        tags=tags.get(row.id, ()),
        options=loads(row.options),
        extra=loads(row.extra),
    )


def _subject(project: Project) -> str:
    return revocations.domain(project.id) if project.is_domain else revocations.project(project.id)
