"""The codes incidents are found and counted by: categories, tags, and ids of public taxonomies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Engine, Select, func, select

from andon.register.engine import insert_if_absent, reading, writing
from andon.register.tables import incidents
from andon.register.upload_tables import incident_codes


class CodeKind(StrEnum):
    """What a code says of an incident."""

    CATEGORY = "category"
    TAG = "tag"
    EXTERNAL = "external"


BY_COLUMN: Final = ("severity", "classification", "type", "channel", "stage", "system")
"""Columns of the list that are counted as they are."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What incidents are looked for by; None: whatever it is."""

    type: str | None = None
    channel: str | None = None
    category: str | None = None
    tag: str | None = None
    external: str | None = None
    """`taxonomy:id`."""

    def narrow(self, wanted: Select[Any]) -> Select[Any]:
        """Narrow a query of incidents to those that fit."""
        for column, value in ((incidents.c.type, self.type), (incidents.c.channel, self.channel)):
            if value is not None:
                wanted = wanted.where(column == value)
        for kind, code in (
            (CodeKind.CATEGORY, self.category),
            (CodeKind.TAG, self.tag),
            (CodeKind.EXTERNAL, self.external),
        ):
            if code is not None:
                having = select(incident_codes.c.incident).where(
                    incident_codes.c.kind == kind, incident_codes.c.code == code
                )
                wanted = wanted.where(incidents.c.incident.in_(having))
        return wanted


ANYTHING: Final = Sought()


class Codes:
    """Notes codes, of the detection that opened an incident and of those that joined it, and counts them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, incident: str, codes: Mapping[CodeKind, Iterable[str]]) -> None:
        """Add codes to an incident; those it has already change nothing."""
        with writing(self._engine) as connection:
            for kind, named in codes.items():
                for code in named:
                    row = {"incident": incident, "kind": kind, "code": code}
                    insert_if_absent(connection, incident_codes, row, on=("incident", "kind", "code"))

    def of(self, incident: str) -> dict[CodeKind, list[str]]:
        """Return an incident's codes, in the order of the alphabet."""
        wanted = (
            select(incident_codes.c.kind, incident_codes.c.code)
            .where(incident_codes.c.incident == incident)
            .order_by(incident_codes.c.kind, incident_codes.c.code)
        )
        found: dict[CodeKind, list[str]] = {kind: [] for kind in CodeKind}
        with reading(self._engine) as connection:
            for row in connection.execute(wanted):
                found[CodeKind(row.kind)].append(row.code)
        return found

    def counts(self, listed: Select[Any]) -> dict[str, dict[str, int]]:
        """Count the incidents of a query by each column and each kind of code.

        Args:
            listed: a query that selects incident ids.
        """
        found: dict[str, dict[str, int]] = {}
        counted: Select[Any]
        chosen = listed.with_only_columns(incidents.c.incident)
        with reading(self._engine) as connection:
            for name in BY_COLUMN:
                column = incidents.c[name]
                counted = (
                    select(column, func.count()).where(incidents.c.incident.in_(chosen)).group_by(column)
                )
                found[name] = {str(value or "unknown"): count for value, count in connection.execute(counted)}
            counted = (
                select(incident_codes.c.kind, incident_codes.c.code, func.count())
                .where(incident_codes.c.incident.in_(chosen))
                .group_by(incident_codes.c.kind, incident_codes.c.code)
            )
            by_code: dict[str, dict[str, int]] = {kind.value: {} for kind in CodeKind}
            for kind, code, count in connection.execute(counted):
                by_code[kind][code] = count
        return found | by_code
