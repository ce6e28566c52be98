"""What is due and what became of it, the last good config of each sheet, and turns in the budget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; reservations live for minutes, so theirs is made anew."""
    _make_due_tables()
    _make_config_table()
    _make_reservations()


def _make_due_tables() -> None:
    op.create_table(
        "schedules",
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("entered_until_us", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sheet"),
    )
    op.create_table(
        "due_runs",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("first_due_at_us", sa.BigInteger(), nullable=False),
        sa.Column("due_at_us", sa.BigInteger(), nullable=False),
        sa.Column("n_times", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("n_tries", sa.Integer(), nullable=False),
        sa.Column("ended_at_us", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_due_runs_state", "due_runs", ["state"])
    op.create_index("ix_due_runs_sheet_due", "due_runs", ["sheet", "due_at_us"])


def _make_config_table() -> None:
    op.create_table(
        "good_configs",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("saved_at_us", sa.BigInteger(), nullable=False),
        sa.Column("broken_since_us", sa.BigInteger(), nullable=True),
        sa.Column("problems", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "name"),
    )


def _make_reservations() -> None:
    op.drop_table("reservations")
    op.create_table(
        "reservations",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_reservations_bucket_at", "reservations", ["bucket", "at_us"])
    op.create_index("ix_reservations_token", "reservations", ["token"])
