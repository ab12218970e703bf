"""The tables of the three databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
)
from sqlalchemy.types import TypeDecorator

_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A time with its zone, stored in UTC; SQLite keeps no zone of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse naive times and convert the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give every time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


SWITCHES: Final = MetaData(naming_convention=_NAMES)

holds = Table(
    "holds",
    SWITCHES,
    Column("order_id", String(64), primary_key=True),
    Column("incident", String(32), nullable=False),
    Column("system", String(64), nullable=False),
    Column("lever", String(255), nullable=False),
    Column("most", Integer, nullable=False),
    Column("share", String(255)),
    Column("reason", String(255), nullable=False),
    Column("contact", String(255), nullable=False),
    Column("since", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("released_at", Moment),
    Index("ix_holds_system_released_at", "system", "released_at"),
)

captured_states = Table(
    "captured_states",
    SWITCHES,
    Column("order_id", String(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("captured_at", Moment, nullable=False),
)

resting_states = Table(
    "resting_states",
    SWITCHES,
    Column("lever", String(255), primary_key=True),
    Column("order_id", String(64), nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("captured_at", Moment, nullable=False),
)

effects = Table(
    "effects",
    SWITCHES,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(128), nullable=False, unique=True),
    Column("order_id", String(64), nullable=False, index=True),
    Column("verb", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("gap", String(255)),
)

REGISTER: Final = MetaData(naming_convention=_NAMES)

incidents = Table(
    "incidents",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("system", String(64), nullable=False),
    Column("dedupe", String(255)),
    Column("source", String(128), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("type", String(64)),
    Column("title_id", String(64)),
    Column("title_digest", String(64)),
    Column("opening", Text),
    Column("opened_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("recurrence_of", String(32)),
    Column("containment_required", Boolean, nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("stage", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("classification", String(32), nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("contained", Boolean, nullable=False),
    Column("next_deadline", Moment),
    Column("closed_at", Moment),
    Column("root_cause", String(64)),
    Column("also_class", String(128)),
    Column("view_version", Integer),
    Column("view", Text),
    Index("ix_incidents_opened_at_incident", "opened_at", "incident"),
    Index("ix_incidents_closed_at_opened_at", "closed_at", "opened_at"),
    Index("ix_incidents_closed_at_started_at", "closed_at", "started_at"),
    Index("ix_incidents_source_opened_at", "source", "opened_at"),
    Index("ix_incidents_system_dedupe", "system", "dedupe"),
)

OPEN_WITH_DEDUPE: Final = and_(incidents.c.closed_at.is_(None), incidents.c.dedupe.is_not(None))

Index(
    "uq_incidents_open_dedupe",
    incidents.c.system,
    incidents.c.dedupe,
    unique=True,
    sqlite_where=OPEN_WITH_DEDUPE,
    postgresql_where=OPEN_WITH_DEDUPE,
)

detections = Table(
    "detections",
    REGISTER,
    Column("id", String(64), primary_key=True),
    Column("incident", String(32)),
    Column("system", String(64), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("source", String(128), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("record", Text, nullable=False),
    Column("issue", String(32), index=True),
    Index("ix_detections_incident_received_at", "incident", "received_at"),
    Index("ix_detections_outcome_received_at", "outcome", "received_at"),
)

ledger_entries = Table(
    "ledger_entries",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("chain", String(16), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("entry", Text, nullable=False),
)

statements = Table(
    "statements",
    REGISTER,
    Column("digest", String(64), primary_key=True),
    Column("incident", String(32), nullable=False, index=True),
    Column("envelope", Text, nullable=False),
)

evidence_items = Table(
    "evidence_items",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("snapshot", Integer, primary_key=True, autoincrement=False),
    Column("item_id", String(255), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("item", Text, nullable=False),
)

evidence_captures = Table(
    "evidence_captures",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("snapshot", Integer, primary_key=True, autoincrement=False),
    Column("key", String(255), primary_key=True),
)

evidence_gaps = Table(
    "evidence_gaps",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("snapshot", Integer, primary_key=True, autoincrement=False),
    Column("evidence_row", String(64), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("gap", Text, nullable=False),
)

manifests = Table(
    "manifests",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("snapshot", Integer, primary_key=True, autoincrement=False),
    Column("root", String(64), nullable=False),
    Column("manifest", Text, nullable=False),
)

evaluations = Table(
    "evaluations",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("result", Text, nullable=False),
)

directories = Table(
    "directories",
    REGISTER,
    Column("digest", String(64), primary_key=True),
    Column("directory", Text, nullable=False),
)

directory_versions = Table(
    "directory_versions",
    REGISTER,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False),
    Column("in_force_from", Moment, nullable=False, index=True),
    Column("made_by", String(64)),
    Column("why", String(32), nullable=False, server_default="file"),
    Column("about", String(64)),
    Column("reason_id", String(64)),
    Column("reason_digest", String(64)),
)

directory_sources = Table(
    "directory_sources",
    REGISTER,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("base", String(64)),
    Column("origin", String(16), nullable=False),
    Column("file", String(64)),
    Column("overlay", Text, nullable=False),
)

policies = Table(
    "policies",
    REGISTER,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("policy", Text, nullable=False),
)

systems = Table(
    "systems",
    REGISTER,
    Column("id", String(64), primary_key=True),
    Column("system", Text, nullable=False),
)

sealed_texts = Table(
    "sealed_texts",
    REGISTER,
    Column("id", String(64), primary_key=True),
    Column("incident", String(32), nullable=False, index=True),
    Column("kind", String(32), nullable=False),
    Column("stored", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", Moment, nullable=False),
)

incident_keys = Table(
    "incident_keys",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

deliveries = Table(
    "deliveries",
    REGISTER,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("message", String(128), nullable=False),
    Column("person", String(64), nullable=False),
    Column("incident", String(32), nullable=False, index=True),
    Column("channel", String(32), nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("notice", Text, nullable=False),
    Column("code", String(32), nullable=False, server_default=""),
    Index("ix_deliveries_person_at", "person", "at"),
    Index("ix_deliveries_message_person", "message", "person"),
)

openings = Table(
    "openings",
    REGISTER,
    Column("incident", String(32), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("exhibit", String(16), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("at", Moment, nullable=False),
)

RECORDER: Final = MetaData(naming_convention=_NAMES)

spans = Table(
    "spans",
    RECORDER,
    Column("trace_id", String(32), primary_key=True),
    Column("span_id", String(16), primary_key=True),
    Column("parent", String(16)),
    Column("service", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("start", Moment, nullable=False),
    Column("end", Moment, nullable=False),
    Column("attributes", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
    Index("ix_spans_service_start", "service", "start"),
)
