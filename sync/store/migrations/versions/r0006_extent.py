"""How many keys each tab shows, and its rows in their order: known at once, at any size."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count, fill it, and index the rows."""
    op.add_column("tabs", sa.Column("n_keys", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE tabs SET n_keys = (SELECT count(*) FROM published_rows WHERE published_rows.tab = tabs.number)")
    op.create_index("ix_published_rows_tab_row", "published_rows", ["tab", "row"])
