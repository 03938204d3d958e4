"""Calendars: what is known of entries beyond their ids, what is watched, compared and being linked."""

import sqlalchemy as sa
from alembic import op

from chouseiapo.tables import Instant

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("entries", sa.Column("calendar", sa.Text(), nullable=False, server_default=""))
    op.add_column("entries", sa.Column("starts_at", Instant(), nullable=True))
    op.add_column("entries", sa.Column("ends_at", Instant(), nullable=True))
    op.create_index("entries_vendor", "entries", ["link", "vendor_id"], unique=False)
    op.create_table(
        "watched",
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("window_ends_at", Instant(), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("link", "calendar"),
    )
    op.create_table(
        "audits",
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("standing", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("orphans", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("foreign_entries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("link"),
    )
    op.create_table(
        "link_attempts",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_link_attempts_expires_at"), "link_attempts", ["expires_at"], unique=False)
