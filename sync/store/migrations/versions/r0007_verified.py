"""When each tab was last compared whole with what it should show."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; tabs of before are compared once."""
    op.add_column("tabs", sa.Column("verified_at_us", sa.BigInteger()))
