"""Table of the flight recorder for evaluation results that are to be told to the door."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, String, Table

from andon.register.tables import RECORDER, Moment

evaluation_results = Table(
    "evaluation_results",
    RECORDER,
    Column("id", String(64), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("outcome", String(32)),
    Index("ix_evaluation_results_settled_at_at", "settled_at", "at"),
)
