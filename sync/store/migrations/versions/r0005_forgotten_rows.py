"""Which rows have still to leave tabs because their person was forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    key = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "forgotten_rows",
        sa.Column("mirror_id", sa.String(), nullable=False),
        sa.Column("key", key, nullable=False),
        sa.PrimaryKeyConstraint("mirror_id", "key"),
    )
