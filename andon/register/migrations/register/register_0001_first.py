"""The read model of incidents and what belongs to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from andon.register.tables import Moment

revision = "register_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    _incidents()
    _detections()
    _ledger()
    _evidence()
    _people_and_policies()
    _words_and_notices()


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("dedupe", sa.String(length=255), nullable=True),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=True),
        sa.Column("title_id", sa.String(length=64), nullable=True),
        sa.Column("title_digest", sa.String(length=64), nullable=True),
        sa.Column("opening", sa.Text(), nullable=True),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("recurrence_of", sa.String(length=32), nullable=True),
        sa.Column("containment_required", sa.Boolean(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("classification", sa.String(length=32), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("contained", sa.Boolean(), nullable=False),
        sa.Column("next_deadline", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("view_version", sa.Integer(), nullable=True),
        sa.Column("view", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_incidents")),
    )
    _incident_indexes()


def _incident_indexes() -> None:
    op.create_index(
        "ix_incidents_closed_at_started_at", "incidents", ["closed_at", "started_at"], unique=False
    )
    op.create_index("ix_incidents_opened_at_incident", "incidents", ["opened_at", "incident"], unique=False)
    op.create_index("ix_incidents_source_opened_at", "incidents", ["source", "opened_at"], unique=False)
    op.create_index("ix_incidents_system_dedupe", "incidents", ["system", "dedupe"], unique=False)
    op.create_index(
        "uq_incidents_open_dedupe",
        "incidents",
        ["system", "dedupe"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL AND dedupe IS NOT NULL"),
        postgresql_where=sa.text("closed_at IS NULL AND dedupe IS NOT NULL"),
    )


def _detections() -> None:
    op.create_table(
        "detections",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=True),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("received_at", Moment(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detections")),
    )
    op.create_index(
        "ix_detections_incident_received_at", "detections", ["incident", "received_at"], unique=False
    )
    op.create_index(
        "ix_detections_outcome_received_at", "detections", ["outcome", "received_at"], unique=False
    )


def _ledger() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("chain", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "chain", "sequence", name=op.f("pk_ledger_entries")),
    )
    op.create_table(
        "statements",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_statements")),
    )
    op.create_index(op.f("ix_statements_incident"), "statements", ["incident"], unique=False)


def _evidence() -> None:
    op.create_table(
        "evidence_items",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("snapshot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "snapshot", "item_id", name=op.f("pk_evidence_items")),
    )
    op.create_table(
        "evidence_gaps",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("snapshot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("evidence_row", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("gap", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "incident", "snapshot", "evidence_row", "source", name=op.f("pk_evidence_gaps")
        ),
    )
    op.create_table(
        "manifests",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("snapshot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "snapshot", name=op.f("pk_manifests")),
    )
    op.create_table(
        "evaluations",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "number", name=op.f("pk_evaluations")),
    )


def _people_and_policies() -> None:
    op.create_table(
        "directories",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_directories")),
    )
    op.create_table(
        "directory_versions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("in_force_from", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_versions")),
    )
    op.create_index(
        op.f("ix_directory_versions_in_force_from"), "directory_versions", ["in_force_from"], unique=False
    )
    op.create_table(
        "policies",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_policies")),
    )
    op.create_table(
        "systems",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_systems")),
    )


def _words_and_notices() -> None:
    op.create_table(
        "sealed_texts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("stored", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_texts")),
    )
    op.create_index(op.f("ix_sealed_texts_incident"), "sealed_texts", ["incident"], unique=False)
    op.create_table(
        "incident_keys",
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_incident_keys")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("message", sa.String(length=128), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("incident", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_incident"), "deliveries", ["incident"], unique=False)
    op.create_index("ix_deliveries_message_person", "deliveries", ["message", "person"], unique=False)
    op.create_index("ix_deliveries_person_at", "deliveries", ["person", "at"], unique=False)
