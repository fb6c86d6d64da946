"""Tables of servers: what was asked for, what state it is in, and what belongs to it.

Deleted servers keep their row (``deleted_at``), as Nova's users and ``changes-since`` expect; what belonged to them on
hosts, in placement and on the network is gone by then.
"""

from __future__ import annotations

import sqlalchemy as sa

from micronova.db.metadata import created_at, metadata, updated_at

_is_live = sa.text("deleted_at IS NULL")

servers = sa.Table(
    "servers",
    metadata,
    # Counts servers from 1; names the guest ([DEFAULT]instance_name_template) and makes sorting total.
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.String(255), nullable=True),
    sa.Column("hostname", sa.String(255), nullable=False),
    # micronova.compute.states says what these may hold and how they change.
    sa.Column("vm_state", sa.String(32), nullable=False),
    sa.Column("task_state", sa.String(64), nullable=True),
    sa.Column("power_state", sa.Integer, nullable=False, server_default="0"),
    sa.Column("progress", sa.Integer, nullable=False, server_default="0"),
    # Where it runs; NULL while no host was chosen.
    sa.Column("host", sa.String(255), nullable=True),
    # Who may not change it, and why (os-lock); NULL: nobody.
    sa.Column("locked_by", sa.String(16), nullable=True),
    sa.Column("locked_reason", sa.String(255), nullable=True),
    # The zone that the user asked for (it stays in it), and the zone of its host.
    sa.Column("pinned_availability_zone", sa.String(255), nullable=True),
    sa.Column("availability_zone", sa.String(255), nullable=True),
    # The image at the time of the build: id, and JSON of its properties as Nova's system metadata has them.
    sa.Column("image_id", sa.String(36), nullable=True),
    sa.Column("image_properties", sa.Text, nullable=False, server_default="{}"),
    # The flavor at the time of the build: its public id, and JSON of compute.servers.ServerFlavor.
    sa.Column("flavor_id", sa.String(255), nullable=False),
    sa.Column("flavor", sa.Text, nullable=False),
    # Numbers that quotas and usage add up.
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    sa.Column("root_gib", sa.Integer, nullable=False),
    sa.Column("ephemeral_gib", sa.Integer, nullable=False, server_default="0"),
    sa.Column("key_name", sa.String(255), nullable=True),
    # The public key as it was at the build (JSON: name, type, public_key): later changes of the keypair do not count.
    sa.Column("key_data", sa.Text, nullable=True),
    sa.Column("user_data", sa.Text, nullable=True),
    sa.Column("config_drive", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("auto_disk_config", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("access_ip_v4", sa.String(39), nullable=True),
    sa.Column("access_ip_v6", sa.String(39), nullable=True),
    sa.Column("reservation_id", sa.String(32), nullable=False),
    sa.Column("launch_index", sa.Integer, nullable=False, server_default="0"),
    sa.Column("root_device_name", sa.String(255), nullable=True),
    sa.Column("scheduler_hints", sa.Text, nullable=False, server_default="{}"),
    sa.Column("trusted_certs", sa.Text, nullable=True),
    created_at(),
    updated_at(),
    sa.Column("launched_at", sa.DateTime, nullable=True),
    sa.Column("terminated_at", sa.DateTime, nullable=True),
    sa.Column("deleted_at", sa.DateTime, nullable=True),
    # Numbers of deleted and archived servers never come back: files on hosts are named by them.
    sqlite_autoincrement=True,
)
# Lists: a project's live servers, newest first, and all of them by change.
sa.Index(
    "ix_servers_live_project",
    servers.c.project_id,
    servers.c.created_at,
    servers.c.number,
    sqlite_where=_is_live,
    postgresql_where=_is_live,
)
sa.Index(
    "ix_servers_live_created",
    servers.c.created_at,
    servers.c.number,
    sqlite_where=_is_live,
    postgresql_where=_is_live,
)
sa.Index("ix_servers_project_updated", servers.c.project_id, servers.c.updated_at)
sa.Index("ix_servers_host", servers.c.host)
# Builds under way per host, which every scheduling asks: its cost must not grow with the servers that are there.
_is_building = sa.text("deleted_at IS NULL AND vm_state = 'building'")
sa.Index("ix_servers_building", servers.c.host, sqlite_where=_is_building, postgresql_where=_is_building)
sa.Index("ix_servers_reservation", servers.c.reservation_id)


def _server_id(*, primary_key: bool = True) -> sa.Column[str]:
    return sa.Column(
        "server_id", sa.String(36), sa.ForeignKey("servers.id", ondelete="CASCADE"), primary_key=primary_key
    )


server_metadata = sa.Table(
    "server_metadata",
    metadata,
    _server_id(),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("value", sa.String(255), nullable=False),
)

server_tags = sa.Table(
    "server_tags",
    metadata,
    _server_id(),
    sa.Column("tag", sa.String(60), primary_key=True),
    sa.Index("ix_server_tags_tag", "tag", "server_id"),
)

# The last fault of a server: why it is in ERROR.  ``message`` is for its user, ``detail`` for admins (T-API10).
server_faults = sa.Table(
    "server_faults",
    metadata,
    _server_id(),
    sa.Column("code", sa.Integer, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, server_default=""),
    created_at(),
)

# Disks that exist on a host.  ``format`` was fixed when the disk was made and is never probed again.
server_disks = sa.Table(
    "server_disks",
    metadata,
    _server_id(),
    sa.Column("role", sa.String(16), primary_key=True),
    sa.Column("disk_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("format", sa.String(16), nullable=False),
    sa.Column("backend", sa.String(32), nullable=False),
    sa.Column("location", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
)
