"""Mails rendered beforehand hold bytes, also where an early 0003 made them hold text; they are made anew."""

import sqlalchemy as sa
from alembic import op

from chouseiapo.tables import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.drop_table("rendered_mails")
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
