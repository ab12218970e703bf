"""The post-incident review at the console: made from the register, written in by people, kept by digest."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from andon.api.authentication import Caller
from andon.api.problems import ProblemError
from andon.console.models.review import (
    DurableControlShown,
    PartShown,
    ReviewShown,
    WordsBody,
    WordsNoted,
    WordsShown,
)
from andon.console.parts import Parts
from andon.domain.catches import DurableControlNeeded
from andon.domain.joining import Told, together
from andon.domain.ledger import Chain, Entry
from andon.domain.lessons import Proposal
from andon.domain.review import NEEDED_FROM, PARTS, TITLES, Review, Words, advice, missing_parts
from andon.domain.review_found import ReviewSources, build_review, of_interest
from andon.domain.severity import Band, Classification, assess
from andon.domain.vendor import WANTED, vendor_evidence_missing
from andon.ports import SealedText
from andon.register.catches import Catches
from andon.register.incidents import IncidentRow
from andon.register.review import ReviewWords

KIND: Final = "review"
PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Lacking:
    """What an incident lacks of what people learn from it, in words."""

    words: tuple[str, ...]
    """Titles of parts of the review without words that must have them."""
    needed: tuple[str, ...]
    """Findings that a durable control is needed."""
    vendor: tuple[str, ...]
    """Evidence of the vendor, where the cause is the vendor's."""


class ReviewDesk:
    """Makes reviews and takes people's words for them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._words = ReviewWords(parts.databases.register)
        self._catches = Catches(parts.databases.register)

    async def as_it_stands(self, row: IncidentRow) -> Review:
        """Return the review as it is now.

        Raises:
            ProblemError: 409, the response has not begun.
        """
        return build_review(await asyncio.to_thread(self._sources, row))

    async def kept(self, row: IncidentRow) -> Review:
        """Return the review as it is now, once it can be found again under its digest."""
        review = await self.as_it_stands(row)
        await asyncio.to_thread(self._parts.policies.put, KIND, review.model_dump(mode="json"))
        return review

    async def shown(self, row: IncidentRow) -> ReviewShown:
        """Return the review with people's words in the clear, and the versions before."""
        sources = await asyncio.to_thread(self._sources, row)
        review = build_review(sources)
        missing = missing_parts(review, review.severity)
        return ReviewShown(
            incident=row.incident,
            digest=review.digest(),
            severity=review.severity,
            head=review.head,
            missing=missing,
            advice=advice(review, review.severity),
            parts=tuple([await self._part(review, name, sources.words) for name in PARTS]),
            proposals=sources.proposals,
        )

    async def write(self, row: IncidentRow, caller: Caller, part: str, body: WordsBody) -> WordsNoted:
        """Keep words as the next version of a part.

        Raises:
            ProblemError: 404, no such part; 403, nobody speaks; 409, somebody wrote in between.
        """
        if part not in PARTS:
            raise ProblemError(404, "not-found", f"The review has no such part; it has {', '.join(PARTS)}.")
        if caller.role is None:
            raise ProblemError(403, "forbidden", "This token stands for no person; people write reviews.")
        versions = await asyncio.to_thread(self._words.of, row.incident)
        last = max((one.version for one in versions if one.part == part), default=0)
        if body.after is not None and body.after != last:
            raise _overtaken(part)
        sealed = await self._parts.texts.seal(row.incident, KIND, body.text)
        words = Words(
            part=part,
            version=last + 1,
            text=sealed.id,
            digest=sealed.digest,
            person=caller.person,
            role=caller.role,
            at=self._parts.now(),
        )
        if not await asyncio.to_thread(self._words.put, row.incident, words):
            raise _overtaken(part)
        review = await self.as_it_stands(row)
        missing = missing_parts(review, review.severity)
        return WordsNoted(incident=row.incident, part=part, version=words.version, missing=missing)

    async def proposals(self, row: IncidentRow) -> tuple[Proposal, ...]:
        """Return what may be changed because of an incident, by its diagnosis."""
        return await asyncio.to_thread(self._proposals, row)

    async def lacking(self, row: IncidentRow) -> Lacking:
        """Return what an incident's page says of its review, without making the whole of it."""
        return await asyncio.to_thread(self._lacking, row)

    async def needed(self, system: str | None = None) -> tuple[DurableControlShown, ...]:
        """Return where a durable control is needed."""
        found = await asyncio.to_thread(self._catches.needed, system)
        return tuple(durable_shown(one) for one in found)

    def _lacking(self, row: IncidentRow) -> Lacking:
        view = row.view
        if view is None:
            return Lacking((), (), ())
        written = {one.part for one in self._words.of(row.incident)}
        near_miss = view.classification is Classification.NEAR_MISS
        needed = of_interest(self._catches.needed(row.system), row.incident) if near_miss else ()
        cause = view.findings.get("root_cause")
        manifests = self._parts.evidence.manifests(row.incident) if cause in WANTED else ()
        return Lacking(
            words=tuple(TITLES[one] for one in PARTS if row.severity >= NEEDED_FROM and one not in written),
            needed=tuple(one.sentence for one in needed),
            vendor=vendor_evidence_missing(cause, manifests),
        )

    def _sources(self, row: IncidentRow) -> ReviewSources:
        view, opening = row.view, row.opening
        if view is None:
            raise ProblemError(
                409, "not-begun", "The response has not begun; there is nothing to review yet."
            )
        causes = self._parts.policy.shelf().causes
        near_miss = view.classification is Classification.NEAR_MISS
        return ReviewSources(
            view=view,
            opening=opening,
            entries=tuple(self._entries(row)),
            manifests=tuple(self._parts.evidence.manifests(row.incident)),
            potential=self._potential(row) if near_miss else None,
            needed=of_interest(self._catches.needed(row.system), row.incident) if near_miss else (),
            failure_class=causes.failure_class(view.findings.get("root_cause", "")),
            proposals=self._proposals(row),
            changes=tuple(view.changes.values()),
            words=tuple(self._words.of(row.incident)),
        )

    def _proposals(self, row: IncidentRow) -> tuple[Proposal, ...]:
        findings = row.view.findings if row.view else {}
        causes = self._parts.policy.shelf().causes
        return causes.propose(findings.get("root_cause"), findings.get("failed_control"))

    def _potential(self, row: IncidentRow) -> Band | None:
        """Return how grave a near miss could have been, by what its detections told."""
        kept = self._parts.detections.of(row.incident)
        policy = self._parts.policy.shelf().severity
        told = together(policy, (Told(one.facts, one.potential_facts) for one in kept))
        return assess(policy, told.facts, told.potential).potential if kept else None

    def _entries(self, row: IncidentRow) -> list[Entry]:
        """Return the response chain up to where the view ends."""
        length = row.view.head.length if row.view else 0
        entries: list[Entry] = []
        while len(entries) < length:
            after = entries[-1].sequence if entries else None
            page = self._parts.ledger.entries(row.incident, Chain.RESPONSE, after=after, limit=PAGE)
            if not page:
                break
            entries += page
        return entries[:length]

    async def _part(self, review: Review, name: str, versions: Sequence[Words]) -> PartShown:
        part = review.parts[name]
        shown = [await self._opened(one) for one in versions if one.part == name]
        return PartShown(
            name=name,
            title=TITLES[name],
            needed=review.severity >= NEEDED_FROM,
            found=part.found,
            questions=part.questions,
            words=shown[-1] if shown else None,
            earlier=tuple(shown[:-1]),
        )

    async def _opened(self, words: Words) -> WordsShown:
        text = await self._parts.texts.open(SealedText(id=words.text, digest=words.digest))
        return WordsShown(text=text, **words.model_dump(exclude={"part", "text"}))


def durable_shown(found: DurableControlNeeded) -> DurableControlShown:
    """Return a finding with its sentence."""
    return DurableControlShown(**found.model_dump(), said=found.sentence)


def _overtaken(part: str) -> ProblemError:
    return ProblemError(
        409, "overtaken", f"Somebody else wrote in {part} meanwhile. Read what they wrote, then write yours."
    )
