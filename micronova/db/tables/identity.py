"""Tables of the identity service: who exists, who may do what where, and what was taken away.

Domains are projects with ``is_domain``, as in Keystone: names of domains are unique, names of projects, users and
groups within their domain.  Fields that Keystone accepts without knowing them live as JSON in ``extra``.
"""

from __future__ import annotations

import sqlalchemy as sa

from micronova.db.metadata import created_at, metadata


def _key() -> sa.Column[str]:
    return sa.Column("id", sa.String(64), primary_key=True)


def _reference(name: str, target: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    """A column that follows its target into deletion."""
    return sa.Column(
        name,
        sa.String(64),
        sa.ForeignKey(target, ondelete="CASCADE"),
        nullable=nullable,
        primary_key=primary_key,
        index=not primary_key,
    )


def _extra() -> sa.Column[str]:
    return sa.Column("extra", sa.Text, nullable=False, server_default="{}")


def _options() -> sa.Column[str]:
    return sa.Column("options", sa.Text, nullable=False, server_default="{}")


def _enabled() -> sa.Column[bool]:
    return sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true())


def _unique_where(name: str, *columns: sa.Column[str], where: str) -> sa.Index:
    return sa.Index(name, *columns, unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


projects = sa.Table(
    "identity_projects",
    metadata,
    _key(),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("is_domain", sa.Boolean, nullable=False, server_default=sa.false()),
    # NULL for a domain.
    _reference("domain_id", "identity_projects.id", nullable=True),
    # The domain, for a project at the top of its tree; NULL for a domain.
    _reference("parent_id", "identity_projects.id", nullable=True),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    _enabled(),
    _options(),
    _extra(),
    sa.UniqueConstraint("domain_id", "name"),
)
_unique_where("uq_identity_projects_domain_name", projects.c.name, where="domain_id IS NULL")

project_tags = sa.Table(
    "identity_project_tags",
    metadata,
    _reference("project_id", "identity_projects.id", primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
)

users = sa.Table(
    "identity_users",
    metadata,
    _key(),
    sa.Column("name", sa.String(255), nullable=False),
    _reference("domain_id", "identity_projects.id"),
    # May name a project that does not exist any more, as in Keystone.
    sa.Column("default_project_id", sa.String(64), nullable=True),
    sa.Column("description", sa.Text, nullable=True),
    _enabled(),
    _options(),
    _extra(),
    created_at(),
    sa.UniqueConstraint("domain_id", "name"),
)

# The newest row is the password in force; older ones are its history.
passwords = sa.Table(
    "identity_passwords",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _reference("user_id", "identity_users.id"),
    sa.Column("hash", sa.String(255), nullable=False),
    sa.Column("self_service", sa.Boolean, nullable=False, server_default=sa.false()),
    created_at(),
    sa.Column("expires_at", sa.DateTime, nullable=True),
)

groups = sa.Table(
    "identity_groups",
    metadata,
    _key(),
    sa.Column("name", sa.String(255), nullable=False),
    _reference("domain_id", "identity_projects.id"),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    _extra(),
    sa.UniqueConstraint("domain_id", "name"),
)

memberships = sa.Table(
    "identity_memberships",
    metadata,
    _reference("group_id", "identity_groups.id", primary_key=True),
    _reference("user_id", "identity_users.id", primary_key=True),
)
sa.Index("ix_identity_memberships_user_id", memberships.c.user_id)

roles = sa.Table(
    "identity_roles",
    metadata,
    _key(),
    sa.Column("name", sa.String(255), nullable=False),
    # NULL: a global role; else a role of that domain, which never stands in a token itself.
    _reference("domain_id", "identity_projects.id", nullable=True),
    sa.Column("description", sa.Text, nullable=True),
    _options(),
    _extra(),
    sa.UniqueConstraint("domain_id", "name"),
)
_unique_where("uq_identity_roles_global_name", roles.c.name, where="domain_id IS NULL")

implied_roles = sa.Table(
    "identity_implied_roles",
    metadata,
    _reference("prior_role_id", "identity_roles.id", primary_key=True),
    _reference("implied_role_id", "identity_roles.id", primary_key=True),
)

# One actor (user or group) holds one role on one target (project, domain, or the system when target_id is NULL).
assignments = sa.Table(
    "identity_assignments",
    metadata,
    # The row's own content ("u:USER p:PROJECT ROLE i"), so that the same assignment exists once.
    sa.Column("id", sa.String(255), primary_key=True),
    _reference("user_id", "identity_users.id", nullable=True),
    _reference("group_id", "identity_groups.id", nullable=True),
    sa.Column("target_kind", sa.String(8), nullable=False),  # project | domain | system
    _reference("target_id", "identity_projects.id", nullable=True),
    _reference("role_id", "identity_roles.id"),
    # Counts for the projects below the target only, not for the target itself.
    sa.Column("inherited", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("(user_id IS NULL) <> (group_id IS NULL)", name="one_actor"),
    sa.CheckConstraint("(target_kind = 'system') = (target_id IS NULL)", name="target"),
)

application_credentials = sa.Table(
    "identity_application_credentials",
    metadata,
    _key(),
    sa.Column("name", sa.String(255), nullable=False),
    _reference("user_id", "identity_users.id"),
    _reference("project_id", "identity_projects.id"),
    sa.Column("secret_hash", sa.String(255), nullable=False),
    sa.Column("description", sa.Text, nullable=True),
    sa.Column("unrestricted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("restricted_by_rules", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("expires_at", sa.DateTime, nullable=True),
    created_at(),
    sa.UniqueConstraint("user_id", "name"),
)

application_credential_roles = sa.Table(
    "identity_application_credential_roles",
    metadata,
    _reference("application_credential_id", "identity_application_credentials.id", primary_key=True),
    _reference("role_id", "identity_roles.id", primary_key=True),
)

access_rules = sa.Table(
    "identity_access_rules",
    metadata,
    _key(),
    _reference("user_id", "identity_users.id"),
    sa.Column("service", sa.String(64), nullable=False),
    sa.Column("method", sa.String(16), nullable=False),
    sa.Column("path", sa.String(128), nullable=False),
    sa.UniqueConstraint("user_id", "service", "method", "path"),
)

application_credential_access_rules = sa.Table(
    "identity_application_credential_access_rules",
    metadata,
    _reference("application_credential_id", "identity_application_credentials.id", primary_key=True),
    # No cascade: a rule in use cannot be deleted.
    sa.Column("access_rule_id", sa.String(64), sa.ForeignKey("identity_access_rules.id"), primary_key=True),
)

regions = sa.Table(
    "identity_regions",
    metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("parent_region_id", sa.String(255), sa.ForeignKey("identity_regions.id"), nullable=True),
    _extra(),
)

services = sa.Table(
    "identity_services",
    metadata,
    _key(),
    sa.Column("type", sa.String(255), nullable=False),
    _enabled(),
    _extra(),
)

endpoints = sa.Table(
    "identity_endpoints",
    metadata,
    _key(),
    _reference("service_id", "identity_services.id"),
    sa.Column("region_id", sa.String(255), sa.ForeignKey("identity_regions.id"), nullable=True),
    sa.Column("interface", sa.String(8), nullable=False),  # public | internal | admin
    # May contain $(base_url)s, $(project_id)s, $(tenant_id)s and $(user_id)s.
    sa.Column("url", sa.Text, nullable=False),
    _enabled(),
    _extra(),
)

credentials = sa.Table(
    "identity_credentials",
    metadata,
    _key(),
    _reference("user_id", "identity_users.id"),
    _reference("project_id", "identity_projects.id", nullable=True),
    sa.Column("type", sa.String(255), nullable=False),
    sa.Column("encrypted_blob", sa.Text, nullable=False),
    _extra(),
)

# Tokens of ``subject`` ("user:ID", "project:ID", ...) that were issued before this event are dead.  ``id`` comes from
# the clock below, so that ids are in the order of commits: a token carries the clock's value from its issue.
revocation_events = sa.Table(
    "identity_revocation_events",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("subject", sa.String(160), primary_key=True),
    created_at(),
)

revocation_clock = sa.Table(
    "identity_revocation_clock",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # always 1
    sa.Column("value", sa.BigInteger, nullable=False),
)

# Key material that all replicas share when there is no common state directory.
keys = sa.Table(
    "identity_keys",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.String(255), nullable=False),
    created_at(),
)
