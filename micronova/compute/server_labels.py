"""Changes of a server's metadata and tags, within their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.engine import Connection

from micronova.compute import quotas, servers
from micronova.compute.api import QuotaLimits
from micronova.compute.schemas.servers import MAX_TAGS
from micronova.compute.servers import Server
from micronova.compute.states import VmState
from micronova.db.tables.compute import server_metadata, server_tags
from micronova.model.errors import Invalid, NotFound, QuotaExceeded

# States in which metadata and tags may change.
CHANGEABLE = frozenset({VmState.ACTIVE, VmState.PAUSED, VmState.SUSPENDED, VmState.STOPPED})


def set_metadata(
    c: Connection, defaults: QuotaLimits, server: Server, items: Mapping[str, str], *, keep: bool
) -> dict[str, str]:
    """Set items; ``keep`` the others or drop them.  Gives all that is there now.  Raises Conflict, QuotaExceeded."""
    servers.ensure_state(server, "update metadata", CHANGEABLE)
    present = servers.metadata_of(c, [server.id]).get(server.id, {}) if keep else {}
    wanted = {**present, **items}
    limit = quotas.of_project(c, defaults, server.project_id)["metadata_items"]
    if limit != quotas.UNLIMITED and len(wanted) > limit:
        raise QuotaExceeded(f"Maximum number of metadata items exceeds {limit}")
    c.execute(server_metadata.delete().where(server_metadata.c.server_id == server.id))
    if wanted:
        c.execute(
            server_metadata.insert(),
            [{"server_id": server.id, "key": key, "value": value} for key, value in wanted.items()],
        )
    servers.update(c, server.id, {})
    return dict(sorted(wanted.items()))


def delete_metadata(c: Connection, server: Server, key: str) -> None:
    """Drop one item.  Raises NotFound, Conflict."""
    servers.ensure_state(server, "delete metadata", CHANGEABLE)
    gone = c.execute(
        server_metadata.delete().where(server_metadata.c.server_id == server.id, server_metadata.c.key == key)
    )
    if not gone.rowcount:
        raise no_metadata()
    servers.update(c, server.id, {})


def no_metadata() -> NotFound:
    """The answer for a key that a server does not have."""
    return NotFound("Metadata item was not found")


def set_tags(c: Connection, server: Server, tags: Sequence[str]) -> list[str]:
    """Replace all tags; gives them sorted.  Raises Conflict."""
    servers.ensure_state(server, "update tags", CHANGEABLE, idle=False)
    wanted = sorted(set(tags))
    c.execute(server_tags.delete().where(server_tags.c.server_id == server.id))
    if wanted:
        c.execute(server_tags.insert(), [{"server_id": server.id, "tag": tag} for tag in wanted])
    servers.update(c, server.id, {})
    return wanted


def add_tag(c: Connection, server: Server, tag: str) -> bool:
    """Add one tag; False if it was there.  Raises Conflict, Invalid."""
    servers.ensure_state(server, "update tags", CHANGEABLE, idle=False)
    present = servers.tags_of(c, [server.id]).get(server.id, [])
    if tag in present:
        return False
    if len(present) >= MAX_TAGS:
        raise Invalid(f"The number of tags exceeded the per-server limit {MAX_TAGS}")
    c.execute(server_tags.insert().values(server_id=server.id, tag=tag))
    servers.update(c, server.id, {})
    return True


def delete_tag(c: Connection, server: Server, tag: str) -> None:
    """Drop one tag.  Raises NotFound, Conflict."""
    servers.ensure_state(server, "delete tag", CHANGEABLE, idle=False)
    gone = c.execute(server_tags.delete().where(server_tags.c.server_id == server.id, server_tags.c.tag == tag))
    if not gone.rowcount:
        raise no_tag(server, tag)
    servers.update(c, server.id, {})


def no_tag(server: Server, tag: str) -> NotFound:
    """The answer for a tag that a server does not have."""
    return NotFound(f"Server {server.id} has no tag '{tag[:60]}'")
