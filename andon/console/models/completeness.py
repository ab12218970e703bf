"""How complete the evidence is, as people are shown it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from andon.domain.completeness import Completeness, RowEnd, completeness, from_ledger, taken
from andon.domain.evidence import Manifest, Seal
from andon.domain.values import Frozen, IncidentId
from andon.register.incidents import IncidentRow


class CompletenessShown(Frozen):
    """How each row and kind of the evidence list stands."""

    incident: IncidentId
    found: Completeness | None = Field(description="None: nothing is sealed yet")
    said: tuple[str, ...] = Field(description="what is missing, in words")


def completeness_shown(row: IncidentRow, sealed: Sequence[Manifest | Seal]) -> CompletenessShown:
    """Return how complete an incident's evidence is, by its sealed snapshots and its ledger."""
    rows = row.opening.plan.rows if row.opening else ()
    later = from_ledger(row.view) if row.view else {}
    found = completeness([taken(one) for one in sealed], rows=rows, later=later)
    return CompletenessShown(
        incident=row.incident, found=found, said=tuple(map(no_evidence, found.open)) if found else ()
    )


def no_evidence(end: RowEnd) -> str:
    """Say what is missing. Absence of evidence is all that is known: what it is of may have happened."""
    return f"no evidence of {end.row.replace('_', ' ')}"
