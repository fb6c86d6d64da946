"""Tables of the compute service beside servers: flavors, keypairs, quotas, hosts, aggregates, server groups.

Sizes carry their unit in the name (MiB, GiB).  Integer keys are never reused: old API versions show them.
"""

from __future__ import annotations

import sqlalchemy as sa

from micronova.db.metadata import created_at, metadata, updated_at


def _number_key() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


flavors = sa.Table(
    "flavors",
    metadata,
    _number_key(),
    # What the API calls the id: any text, chosen by the admin or a UUID.
    sa.Column("flavorid", sa.String(255), nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("description", sa.Text, nullable=True),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    sa.Column("root_gib", sa.Integer, nullable=False),
    sa.Column("ephemeral_gib", sa.Integer, nullable=False),
    sa.Column("swap_mib", sa.Integer, nullable=False),
    # Shown up to 2.101 and without any effect, as in Nova.
    sa.Column("rxtx_factor", sa.Float, nullable=False, server_default="1"),
    sa.Column("is_public", sa.Boolean, nullable=False),
    created_at(),
    updated_at(),
    sqlite_autoincrement=True,
)

flavor_extra_specs = sa.Table(
    "flavor_extra_specs",
    metadata,
    sa.Column("flavor_id", sa.Integer, sa.ForeignKey("flavors.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("value", sa.String(255), nullable=False),
)

# Projects that may use a private flavor.
flavor_projects = sa.Table(
    "flavor_projects",
    metadata,
    sa.Column("flavor_id", sa.Integer, sa.ForeignKey("flavors.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("project_id", sa.String(255), primary_key=True, index=True),
)

keypairs = sa.Table(
    "keypairs",
    metadata,
    _number_key(),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("type", sa.String(8), nullable=False),  # ssh | x509
    sa.Column("fingerprint", sa.String(255), nullable=False),
    sa.Column("public_key", sa.Text, nullable=False),
    created_at(),
    sa.UniqueConstraint("user_id", "name"),
    sqlite_autoincrement=True,
)

# Limits that were set; what is not here has the default.  user_id "" is the project's own limit.
quotas = sa.Table(
    "quotas",
    metadata,
    sa.Column("project_id", sa.String(255), primary_key=True),
    sa.Column("user_id", sa.String(64), primary_key=True),
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("hard_limit", sa.Integer, nullable=False),  # -1: none
)

# Limits by class; only the class "default" has an effect: it replaces nova.conf's defaults.
quota_classes = sa.Table(
    "quota_classes",
    metadata,
    sa.Column("class_name", sa.String(255), primary_key=True),
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("hard_limit", sa.Integer, nullable=False),
)

# A row per owner of quota that whoever counts locks first, so that two requests never both take what is left.
quota_turns = sa.Table(
    "quota_turns",
    metadata,
    sa.Column("owner", sa.String(255), primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
)

compute_services = sa.Table(
    "compute_services",
    metadata,
    _number_key(),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("binary", sa.String(64), nullable=False),  # nova-compute | nova-conductor | nova-scheduler
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("disabled_reason", sa.String(255), nullable=True),
    sa.Column("forced_down", sa.Boolean, nullable=False, server_default=sa.false()),
    # When it last said that it lives.
    sa.Column("heartbeat_at", sa.DateTime, nullable=False),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("host", "binary"),
    sqlite_autoincrement=True,
)

compute_nodes = sa.Table(
    "compute_nodes",
    metadata,
    _number_key(),
    # The resource provider's too.
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("service_id", sa.Integer, sa.ForeignKey("compute_services.id", ondelete="CASCADE"), nullable=False),
    sa.Column("hostname", sa.String(255), nullable=False, unique=True),
    sa.Column("hypervisor_type", sa.String(64), nullable=False),
    sa.Column("hypervisor_version", sa.Integer, nullable=False),
    sa.Column("host_ip", sa.String(64), nullable=False),
    sa.Column("cpu_info", sa.Text, nullable=False),  # JSON
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    sa.Column("disk_gib", sa.Integer, nullable=False),
    # As the host last reported.
    sa.Column("running_vms", sa.Integer, nullable=False),
    sa.Column("memory_used_mib", sa.Integer, nullable=False),
    sa.Column("disk_used_gib", sa.Integer, nullable=False),
    sa.Column("disk_free_gib", sa.Integer, nullable=False),
    sa.Column("uptime", sa.String(255), nullable=False, server_default=""),
    created_at(),
    updated_at(),
    sqlite_autoincrement=True,
)
sa.Index("ix_compute_nodes_service", compute_nodes.c.service_id)

aggregates = sa.Table(
    "aggregates",
    metadata,
    _number_key(),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    created_at(),
    updated_at(),
    sqlite_autoincrement=True,
)

aggregate_hosts = sa.Table(
    "aggregate_hosts",
    metadata,
    sa.Column("aggregate_id", sa.Integer, sa.ForeignKey("aggregates.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("host", sa.String(255), primary_key=True, index=True),
)

# The availability zone is the entry "availability_zone", as clients see it.
aggregate_metadata = sa.Table(
    "aggregate_metadata",
    metadata,
    sa.Column("aggregate_id", sa.Integer, sa.ForeignKey("aggregates.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("value", sa.String(255), nullable=False),
)

server_groups = sa.Table(
    "server_groups",
    metadata,
    _number_key(),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("project_id", sa.String(255), nullable=False, index=True),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("policy", sa.String(64), nullable=False),
    sa.Column("rules", sa.Text, nullable=False),  # JSON
    created_at(),
    sqlite_autoincrement=True,
)

server_group_members = sa.Table(
    "server_group_members",
    metadata,
    sa.Column("group_id", sa.Integer, sa.ForeignKey("server_groups.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("server_id", sa.String(36), primary_key=True, index=True),
)
