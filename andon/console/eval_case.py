"""An incident's case for a suite: read from its evidence, redacted, on record before it is handed out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from andon.adapters.evaluators.case import case_line
from andon.adapters.evaluators.cases import FORMS, Form
from andon.adapters.redaction.views import redacted
from andon.adapters.store.packs import open_item
from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.parts import Parts
from andon.domain.custody import Access, AccessKind
from andon.domain.errors import ErasedError, NotFoundError
from andon.domain.eval_case import Case, case_of, must_not, twin_of
from andon.domain.trace_names import TRACE_KIND
from andon.domain.values import sha256
from andon.register.incidents import IncidentRow


@dataclass(frozen=True, slots=True)
class Exported:
    """A case in the form of a suite."""

    content: bytes
    form: Form
    twin: bool
    """Whether a harmless twin came along; without one a person has to write it."""


class EvalCases:
    """Makes cases of incidents."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def export(self, row: IncidentRow, caller: Caller, form: str) -> Exported:
        """Return an incident's case and its twin in one form; the access chain has it first.

        Raises:
            ProblemError: 404, the evidence holds no input that a case could be made from; 410, it was erased.
        """
        case = await self._case(row)
        twin = twin_of(case)
        content = FORMS[form].written([case, *([twin] if twin else [])])
        await self._parts.custody.access.write(
            Access(
                incident=row.incident,
                actor=f"person:{caller.person}",
                what=AccessKind.EXPORTED,
                at=self._parts.now(),
                item="eval_case",
                role=caller.role,
                outcome=form,
                digests={"case": sha256(content)},
            )
        )
        return Exported(content, FORMS[form], twin is not None)

    async def _case(self, row: IncidentRow) -> Case:
        line = await self._line(row)
        facts = {name: value for one in await self._told(row) for name, value in one.items()}
        findings = row.view.findings if row.view else {}
        stated = row.view.facts if row.view else {}
        kind = row.opening.type if row.opening else None
        expected = must_not(kind, findings.get("failed_control"), {**facts, **stated})
        return case_of(line, expected)

    async def _told(self, row: IncidentRow) -> list[dict[str, str | int]]:
        kept = await asyncio.to_thread(self._parts.detections.of, row.incident)
        return [one.facts for one in kept]

    async def _line(self, row: IncidentRow) -> dict[str, Any]:
        """Return the line that the gate would hand to the suite, with personal data and secrets replaced."""
        parts, incident = self._parts, row.incident
        items = await asyncio.to_thread(parts.evidence.items, incident, TRACE_KIND)
        by_trace = {item.id.rsplit("/", 1)[-1]: item for item in items}
        for trace in row.opening.trace_ids if row.opening else ():
            if trace not in by_trace:
                continue
            try:
                content = await open_item(parts.store, parts.vault, incident, by_trace[trace])
            except ErasedError as error:
                raise ProblemError(
                    410, "erased", "The input of this incident was erased by policy."
                ) from error
            except NotFoundError:
                continue
            line = case_line(incident, content)
            if line is not None:
                masked = await asyncio.to_thread(redacted, line.encode(), "application/json")
                found: dict[str, Any] = json.loads(masked.content)
                # Ids of ours hold nothing of anybody, and must stay what they are.
                return {**found, "id": incident, "incident": incident, "trace_id": trace}
        raise ProblemError(
            404,
            "no-input",
            "The evidence holds no input of this incident that a case could be made from: no trace that it "
            "names was preserved with what was asked.",
        )
