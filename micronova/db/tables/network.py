"""Tables of the network service: networks, subnets, ports, and the addresses that ports hold."""

from __future__ import annotations

import sqlalchemy as sa

from micronova.db.metadata import created_at, metadata, updated_at, uuid_key


def _described() -> tuple[sa.Column[str], ...]:
    """What Neutron calls the standard attributes; names are data and may be anything (T-NET2)."""
    return (
        sa.Column("project_id", sa.String(255), nullable=False, index=True),
        sa.Column("name", sa.String(255), nullable=False, server_default=""),
        sa.Column("description", sa.String(255), nullable=False, server_default=""),
    )


def _revision() -> sa.Column[int]:
    return sa.Column("revision_number", sa.Integer, nullable=False, server_default="0")


networks = sa.Table(
    "networks",
    metadata,
    uuid_key(),
    *_described(),
    sa.Column("admin_state_up", sa.Boolean, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("mtu", sa.Integer, nullable=False),
    sa.Column("port_security_enabled", sa.Boolean, nullable=False),
    sa.Column("dns_domain", sa.String(255), nullable=False, server_default=""),
    _revision(),
    created_at(),
    updated_at(),
)

subnets = sa.Table(
    "subnets",
    metadata,
    uuid_key(),
    sa.Column("network_id", sa.String(36), sa.ForeignKey("networks.id"), nullable=False, index=True),
    *_described(),
    sa.Column("ip_version", sa.SmallInteger, nullable=False),
    sa.Column("cidr", sa.String(64), nullable=False),
    sa.Column("gateway_ip", sa.String(64), nullable=True),
    sa.Column("enable_dhcp", sa.Boolean, nullable=False),
    # JSON: [{"start": ip, "end": ip}], [ip], [{"destination": cidr, "nexthop": ip}].
    sa.Column("allocation_pools", sa.JSON, nullable=False),
    sa.Column("dns_nameservers", sa.JSON, nullable=False),
    sa.Column("host_routes", sa.JSON, nullable=False),
    _revision(),
    created_at(),
    updated_at(),
)

ports = sa.Table(
    "ports",
    metadata,
    uuid_key(),
    sa.Column("network_id", sa.String(36), sa.ForeignKey("networks.id"), nullable=False, index=True),
    *_described(),
    sa.Column("mac_address", sa.String(17), nullable=False),
    sa.Column("admin_state_up", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    # What users may write, and what views show; it binds nothing to anything.
    sa.Column("device_id", sa.String(255), nullable=False, server_default="", index=True),
    sa.Column("device_owner", sa.String(255), nullable=False, server_default=""),
    # The server whose interface it is, written by the compute service only, and the place among its interfaces.
    sa.Column("server_id", sa.String(36), nullable=True, index=True),
    sa.Column("server_index", sa.Integer, nullable=False, server_default="0"),
    # Made for that server, and removed with it.
    sa.Column("made_for_server", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("host", sa.String(255), nullable=False, server_default=""),
    sa.Column("port_security_enabled", sa.Boolean, nullable=False),
    sa.Column("dns_name", sa.String(255), nullable=False, server_default=""),
    sa.Column("security_groups", sa.JSON, nullable=False),
    _revision(),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("network_id", "mac_address"),
)

fixed_ips = sa.Table(
    "fixed_ips",
    metadata,
    sa.Column("subnet_id", sa.String(36), sa.ForeignKey("subnets.id"), primary_key=True),
    # The canonical text of the address: what makes it unique.
    sa.Column("ip_address", sa.String(64), primary_key=True),
    sa.Column("port_id", sa.String(36), sa.ForeignKey("ports.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Index("ix_fixed_ips_ip_address", "ip_address"),
)
