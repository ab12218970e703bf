"""Quality issues, occasions of one cause, and links between what belongs together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0008"
down_revision = "register_0007"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open' AND dedupe IS NOT NULL")


def upgrade() -> None:
    """Make the tables, and let a detection name its quality issue."""
    op.add_column("detections", sa.Column("issue", sa.String(length=32), nullable=True))
    op.create_index(op.f("ix_detections_issue"), "detections", ["issue"])
    _quality_issues()
    op.create_table(
        "occasions",
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("cause", sa.String(length=128), nullable=False),
        sa.Column("occasion", sa.String(length=128), nullable=False),
        sa.Column("home", sa.String(length=32), nullable=False),
        sa.Column("detected_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("system", "cause", "occasion", name=op.f("pk_occasions")),
    )
    op.create_index("ix_occasions_system_cause_detected_at", "occasions", ["system", "cause", "detected_at"])
    _links()


def _quality_issues() -> None:
    op.create_table(
        "quality_issues",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("dedupe", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("classification", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("actual", sa.String(length=16), nullable=False),
        sa.Column("potential", sa.String(length=16), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=True),
        sa.Column("cause", sa.String(length=128), nullable=True),
        sa.Column("title_id", sa.String(length=64), nullable=False),
        sa.Column("title_digest", sa.String(length=64), nullable=False),
        sa.Column("first_seen", Moment(), nullable=False),
        sa.Column("last_seen", Moment(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=True),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.Column("settled_by", sa.String(length=128), nullable=True),
        sa.Column("reason_id", sa.String(length=64), nullable=True),
        sa.Column("reason_digest", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_issues")),
    )
    op.create_index("ix_quality_issues_opened_at_id", "quality_issues", ["opened_at", "id"])
    op.create_index("ix_quality_issues_system_dedupe", "quality_issues", ["system", "dedupe"])
    op.create_index(
        "uq_quality_issues_open_dedupe",
        "quality_issues",
        ["system", "dedupe"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=128), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("ended_by", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
    )
    op.create_index("uq_links_kind_origin_target", "links", ["kind", "origin", "target"], unique=True)
    op.create_index("ix_links_target", "links", ["target"])
    op.create_index("ix_links_origin", "links", ["origin"])
