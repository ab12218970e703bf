"""The table that says how often what was touched, kept by triggers in the database itself."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, String, Table

from andon.register.tables import REGISTER

touched: Final = Table(
    "touched",
    REGISTER,
    Column("subject", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("listed", BigInteger, nullable=False),
)
