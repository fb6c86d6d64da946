"""Tables of the image service: images with their properties, tags and members.

The row of a deleted image stays (``status`` deleted), so that its id is never used again (SECURITY.md T-IMG19).
"""

from __future__ import annotations

import sqlalchemy as sa

from micronova.db.metadata import created_at, metadata, updated_at, uuid_key

images = sa.Table(
    "images",
    metadata,
    uuid_key(),
    sa.Column("name", sa.String(255), nullable=True),
    # micronova.image.states.Status
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("visibility", sa.String(16), nullable=False),
    sa.Column("owner", sa.String(64), nullable=True),
    sa.Column("disk_format", sa.String(20), nullable=True),
    sa.Column("container_format", sa.String(20), nullable=True),
    # Bytes; NULL until the image is active.
    sa.Column("size", sa.BigInteger, nullable=True),
    sa.Column("virtual_size", sa.BigInteger, nullable=True),
    sa.Column("min_disk", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("min_ram", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("protected", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("os_hidden", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("checksum", sa.String(32), nullable=True),
    sa.Column("os_hash_algo", sa.String(64), nullable=True),
    sa.Column("os_hash_value", sa.String(128), nullable=True),
    created_at(),
    updated_at(),
    sa.Column("deleted_at", sa.DateTime, nullable=True),
    # The upload under way: its id, whose process carries it, and how many bytes of the quota it may use.
    sa.Column("upload_id", sa.String(36), nullable=True),
    sa.Column("upload_node", sa.String(64), nullable=True),
    sa.Column("upload_reserved", sa.BigInteger, nullable=False, server_default="0"),
    # Found at a start: the row says active, the store has no file.
    sa.Column("data_missing", sa.Boolean, nullable=False, server_default=sa.false()),
)
sa.Index("ix_images_created", images.c.created_at, images.c.id)
sa.Index("ix_images_owner", images.c.owner, images.c.created_at)
sa.Index("ix_images_status", images.c.status)
sa.Index("ix_images_name", images.c.name)

image_properties = sa.Table(
    "image_properties",
    metadata,
    sa.Column("image_id", sa.String(36), sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

image_tags = sa.Table(
    "image_tags",
    metadata,
    sa.Column("image_id", sa.String(36), sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("value", sa.String(255), primary_key=True),
)
sa.Index("ix_image_tags_value", image_tags.c.value)

image_members = sa.Table(
    "image_members",
    metadata,
    sa.Column("image_id", sa.String(36), sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("member_id", sa.String(255), primary_key=True),
    # pending | accepted | rejected
    sa.Column("status", sa.String(16), nullable=False),
    created_at(),
    updated_at(),
)
sa.Index("ix_image_members_member", image_members.c.member_id, image_members.c.status)
