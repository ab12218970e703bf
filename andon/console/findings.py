"""What an answer says besides its option: looked at before it is delivered, and its texts sealed.

The workflow judges the form of a finding. Whether a person, an evidence item or the review exists is known
here only; and nothing that could hold a sentence leaves here in the clear.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from andon.api.problems import ProblemError
from andon.console.parts import Parts
from andon.domain.decision import DecisionRequest
from andon.domain.finding import Sort, items_in, sort_of, wanted
from andon.domain.response import MISFITS, Refusal, Statement, misfitting
from andon.domain.review import Review, advice
from andon.register.incidents import IncidentRow

LONGEST_TEXT: Final = 1000
SHOWN_DIGITS: Final = 16
ABOUT_FINDINGS: Final = frozenset({Refusal.UNKNOWN_FINDING, Refusal.FINDING_MISSING, *MISFITS.values()})
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CODE: Final = re.compile(r"[A-Za-z0-9_.:+/@,-]{1,200}")

ReviewAsItStands = Callable[[IncidentRow], Awaitable[Review]]
"""Makes the post-incident review, and keeps it under its digest."""


class Looked(NamedTuple):
    """Findings of one answer after they were looked at."""

    codes: dict[str, str]
    texts: dict[str, str]
    """What is to be sealed, by the name of the finding."""


class Findings:
    """Looks at the findings of answers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._review: ReviewAsItStands | None = None

    def review_with(self, review: ReviewAsItStands) -> None:
        """Have the post-incident review made by this."""
        self._review = review

    async def look(
        self, row: IncidentRow, request: DecisionRequest | None, option: str, given: Mapping[str, str]
    ) -> Looked:
        """Return findings as an answer carries them.

        Raises:
            ProblemError: one of them can't be what it is meant to be, or the review lacks words.
        """
        asked = request.findings if request is not None else {}
        texts = {name: text for name, text in given.items() if _is(Sort.TEXT, asked, name)}
        codes = {name: value for name, value in given.items() if name not in texts}
        _check_form(codes, texts, asked)
        for name, value in codes.items():
            if _is(Sort.PERSON, asked, name):
                await self._check_person(name, value)
            elif _is(Sort.ITEMS, asked, name):
                await self._check_items(row, name, value)
        reviewed = await self._reviewed(row, request, option, codes) if request is not None else {}
        return Looked(codes | reviewed, texts)

    async def _check_person(self, name: str, person: str) -> None:
        at = self._parts.now()
        standing = await self._parts.directory.standing(person, at)
        if not standing.known or standing.suspended or standing.shared:
            detail = (
                f"{name}: {person} is nobody in the directory who could do it; name somebody by their id."
            )
            raise ProblemError(422, "not-a-person", detail)

    async def _check_items(self, row: IncidentRow, name: str, value: str) -> None:
        kept = await asyncio.to_thread(self._parts.evidence.items, row.incident)
        known = {one.sha256[:SHOWN_DIGITS] for one in kept}
        for item in items_in(value):
            if item not in known:
                detail = (
                    f"{name}: this incident preserved nothing whose SHA-256 begins with {item}. "
                    f"andon evidence {row.incident} lists what there is."
                )
                raise ProblemError(422, "not-items", detail)

    async def _reviewed(
        self, row: IncidentRow, request: DecisionRequest, option: str, codes: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the review that an answer rests on, if it wants one; people name it only to be sure."""
        chosen = request.option(option)
        found: dict[str, str] = {}
        for name, values in request.findings.items():
            needed = chosen is not None and name in chosen.wants
            if sort_of(values) is not Sort.REVIEW or not (needed or name in codes) or self._review is None:
                continue
            review = await self._review(row)
            severity = row.view.severity if row.view else review.severity
            if missing := advice(review, severity):
                raise ProblemError(422, "review-incomplete", missing)
            if codes.get(name, review.digest()) != review.digest():
                detail = "The post-incident review has changed since. Read it again, then answer."
                raise ProblemError(409, "review-changed", detail)
            found[name] = review.digest()
        return found


def advice_on(refusal: Refusal, request: DecisionRequest | None, statement: Statement) -> str:
    """Say what the findings should have been, where they are why an answer has no effect."""
    if request is None or refusal not in ABOUT_FINDINGS:
        return ""
    misfit = misfitting(statement.findings, request, statement.received_at)
    if misfit is not None:
        values = request.findings.get(misfit[0])
        return f"{misfit[0]}: {wanted(values)}." if values else f"It takes {', '.join(request.findings)}."
    option = request.option(statement.option)
    if option is None:
        return ""
    told = (
        f"{name}: {wanted(option.wants[name] or request.findings.get(name, ()))}"
        for name in option.lacks(statement.findings)
    )
    return f"It takes {'; '.join(told)}."


def _is(sort: Sort, asked: Mapping[str, tuple[str, ...]], name: str) -> bool:
    return name in asked and sort_of(asked[name]) is sort


def _check_form(
    codes: Mapping[str, str], texts: Mapping[str, str], asked: Mapping[str, tuple[str, ...]]
) -> None:
    """Refuse a sentence where a code belongs: it would travel in the clear."""
    for name, text in texts.items():
        if not 0 < len(text) <= LONGEST_TEXT:
            raise _not_so(name, asked[name])
    for name, value in codes.items():
        if not _NAME.fullmatch(name) or not _CODE.fullmatch(value):
            raise _not_so(name if name in asked else "one of the findings", asked.get(name, ()))


def _not_so(name: str, values: tuple[str, ...]) -> ProblemError:
    what = wanted(values) if values else "a code, no sentence: a sentence belongs into the reason"
    return ProblemError(422, "not-a-finding", f"{name}: this takes {what}.")
