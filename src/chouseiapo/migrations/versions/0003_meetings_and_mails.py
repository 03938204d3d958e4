"""Zoom and mail: several meetings for one appointment, what was written to hosts, what Zoom has told us."""

import sqlalchemy as sa
from alembic import op

from chouseiapo.tables import Instant

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _issued_meetings()
    op.create_table(
        "host_writes",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("host", "day"),
    )
    op.create_table(
        "notices",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_notices_seen_at"), "notices", ["seen_at"], unique=False)
    _outbox()
    _reminders()


def _reminders() -> None:
    """Where guests are, and every fixed time in order; rows from before tell no zone."""
    op.add_column("appointments", sa.Column("time_zone", sa.Text(), nullable=True))
    op.create_index("offers_start", "offers", ["confirmed", "starts_at", "appointment"], unique=False)


def _outbox() -> None:
    """Who had a mail sent once more, mails rendered beforehand, and what is due in a lane in its order."""
    op.add_column("mails", sa.Column("asked_by", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "rendered_mails",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("appointment", sa.String(), nullable=False),
        sa.Column("good_until", Instant(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    for column in ("appointment", "good_until"):
        op.create_index(op.f(f"ix_rendered_mails_{column}"), "rendered_mails", [column], unique=False)
    op.drop_index("tasks_due", "tasks")
    op.create_index("tasks_due", "tasks", ["ledger", "lane", "parked", "due_at", "key"], unique=False)


def _issued_meetings() -> None:
    """One row a generation instead of one an appointment: what was issued so far is the first."""
    op.rename_table("issued_meetings", "issued_before")
    op.create_table(
        "issued_meetings",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("appointment", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("meeting_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("unsure_since", Instant(), nullable=True),
        sa.Column("look", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="issued_meetings_pk"),
    )
    op.create_index(op.f("ix_issued_meetings_appointment"), "issued_meetings", ["appointment"], unique=False)
    op.create_index("issued_meetings_meeting", "issued_meetings", ["meeting_id"], unique=False)
    op.execute(
        "INSERT INTO issued_meetings (key, appointment, generation, link, meeting_id, fingerprint, "
        "unsure_since, look) SELECT appointment || '/1', appointment, 1, link, meeting_id, fingerprint, "
        "unsure_since, 0 FROM issued_before"
    )
    op.drop_table("issued_before")
