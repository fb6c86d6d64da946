"""Tables of the operation engine: what was asked, who works on it, and the log of its steps.

``operations`` holds one row per accepted operation; ``operation_log`` one row per execution of a step or of an undo.
They are the only record: os-instance-actions shows these rows.
"""

from __future__ import annotations

import sqlalchemy as sa

from micronova.db.metadata import metadata, uuid_key

# States in which an operation owns its subject: at most one such operation per subject.
ACTIVE_STATES = ("accepted", "running", "unwinding")
_is_active = sa.text("state IN ('accepted', 'running', 'unwinding')")

operations = sa.Table(
    "operations",
    metadata,
    uuid_key(),
    sa.Column("kind", sa.String(64), nullable=False),
    # What the operation works on (a server's id); the engine only compares it.
    sa.Column("subject", sa.String(64), nullable=False),
    # waiting -> accepted -> running -> succeeded | unwinding -> failed | stuck
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("project_id", sa.String(64), nullable=False, server_default=""),
    sa.Column("user_id", sa.String(64), nullable=False, server_default=""),
    sa.Column("request_id", sa.String(64), nullable=False, server_default=""),
    # JSON of the operation's own state type: parameters, and what its steps learned.
    sa.Column("data", sa.Text, nullable=False),
    # The process that works on it; NULL until one took it.
    sa.Column("owner", sa.String(36), nullable=True),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    # Why it failed: kind, text for the user, text for the admin.
    sa.Column("error_code", sa.String(64), nullable=True),
    sa.Column("error_message", sa.Text, nullable=True),
    sa.Column("error_detail", sa.Text, nullable=True),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("updated_at", sa.DateTime, nullable=False),
    sa.Column("finished_at", sa.DateTime, nullable=True),
)
sa.Index(
    "uq_operations_active_subject",
    operations.c.subject,
    unique=True,
    sqlite_where=_is_active,
    postgresql_where=_is_active,
)
sa.Index("ix_operations_subject_created", operations.c.subject, operations.c.created_at)
sa.Index("ix_operations_state_owner", operations.c.state, operations.c.owner)

operation_log = sa.Table(
    "operation_log",
    metadata,
    sa.Column("operation_id", sa.String(36), sa.ForeignKey("operations.id", ondelete="CASCADE"), primary_key=True),
    # 0, 1, 2 ... in the order of execution.
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("step", sa.String(64), nullable=False),
    sa.Column("phase", sa.String(4), nullable=False),  # do | undo
    sa.Column("outcome", sa.String(9), nullable=True),  # NULL: started; succeeded | failed
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("finished_at", sa.DateTime, nullable=True),
    sa.Column("message", sa.Text, nullable=True),
    sa.Column("detail", sa.Text, nullable=True),
)

# Processes that work on operations, and when each last said that it lives.
operation_owners = sa.Table(
    "operation_owners",
    metadata,
    uuid_key(),
    sa.Column("label", sa.String(255), nullable=False),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("heartbeat_at", sa.DateTime, nullable=False),
)
