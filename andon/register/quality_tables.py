"""Tables of the register for what is no incident: quality issues, occasions of a cause, and links."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, and_

from andon.register.tables import REGISTER, Moment

quality_issues = Table(
    "quality_issues",
    REGISTER,
    Column("id", String(32), primary_key=True),
    Column("system", String(64), nullable=False),
    Column("dedupe", String(64)),
    Column("state", String(16), nullable=False),
    Column("classification", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("actual", String(16), nullable=False),
    Column("potential", String(16)),
    Column("provisional", Boolean, nullable=False),
    Column("type", String(64)),
    Column("cause", String(128)),
    Column("title_id", String(64), nullable=False),
    Column("title_digest", String(64), nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("count", Integer, nullable=False),
    Column("incident", String(32)),
    Column("settled_at", Moment),
    Column("settled_by", String(128)),
    Column("reason_id", String(64)),
    Column("reason_digest", String(64)),
    Index("ix_quality_issues_opened_at_id", "opened_at", "id"),
    Index("ix_quality_issues_system_dedupe", "system", "dedupe"),
)

OPEN_ISSUE_WITH_DEDUPE: Final = and_(quality_issues.c.state == "open", quality_issues.c.dedupe.is_not(None))

Index(
    "uq_quality_issues_open_dedupe",
    quality_issues.c.system,
    quality_issues.c.dedupe,
    unique=True,
    sqlite_where=OPEN_ISSUE_WITH_DEDUPE,
    postgresql_where=OPEN_ISSUE_WITH_DEDUPE,
)

occasions = Table(
    "occasions",
    REGISTER,
    Column("system", String(64), primary_key=True),
    Column("cause", String(128), primary_key=True),
    Column("occasion", String(128), primary_key=True),
    Column("home", String(32), nullable=False),
    Column("detected_at", Moment, nullable=False),
    Index("ix_occasions_system_cause_detected_at", "system", "cause", "detected_at"),
)

links = Table(
    "links",
    REGISTER,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("origin", String(64), nullable=False),
    Column("target", String(64), nullable=False),
    Column("why", String(128), nullable=False),
    Column("at", Moment, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", String(128)),
    Index("uq_links_kind_origin_target", "kind", "origin", "target", unique=True),
    Index("ix_links_target", "target"),
    Index("ix_links_origin", "origin"),
)
