"""Reading what an answer would change: versions of the incident beside those that will run, and levers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from andon.adapters.evaluators.logs import KIND as RESULT_KIND
from andon.adapters.evaluators.logs import SOURCE as EVALUATION
from andon.adapters.evaluators.report import version_digest
from andon.adapters.redaction.views import redacted
from andon.adapters.sources.versions import JSON, WHOLE, VersionsEndpoint, versions_at
from andon.adapters.store.packs import open_item
from andon.api.authentication import Caller
from andon.console.models.difference import (
    DifferenceShown,
    EffectShown,
    PartShown,
    Side,
    TextShown,
    VersionsShown,
)
from andon.console.parts import Parts
from andon.console.viewing import NotShownError, Viewing
from andon.domain.allowed import FLAG, Effect, Grip, Permission, effects, grips, permissions
from andon.domain.containment import FLAG_SHAPES, Hold, Lever, OrderState, Verb
from andon.domain.decision import DecisionKind, DecisionRecord
from andon.domain.difference import is_name, names_of, part_differences, text_difference, texts_of
from andon.domain.errors import (
    EvaluationError,
    EvidenceStoreError,
    NotFoundError,
    SignatureError,
    SourceError,
)
from andon.domain.evidence import EvidenceItem, GapReason
from andon.domain.redaction import SECRETS, Level
from andon.domain.values import canonical, digest_of
from andon.register.incidents import IncidentRow, Listed

OF_VERSIONS: Final = frozenset(
    {
        DecisionKind.REMEDIATION,
        DecisionKind.RESTART,
        DecisionKind.EXECUTIVE_OVERRIDE,
        DecisionKind.GATE_EXCEPTION,
        DecisionKind.THRESHOLD_CHANGE,
    }
)
"""Questions about what will run."""
OF_LEVERS: Final = frozenset(
    {
        DecisionKind.TRIAGE,
        DecisionKind.SHUTDOWN_REVENUE_FEATURE,
        DecisionKind.RATIFICATION,
        DecisionKind.RESTART,
        DecisionKind.GATE_EXCEPTION,
        DecisionKind.EXPIRY,
    }
)
"""Questions about what is held."""
ASKED_WITHIN_SECONDS: Final = 2.0
"""A page waits no longer for the AI system to say what runs."""
OTHERS_AT_MOST: Final = 50
RESULT: Final = "/result.json"
LOST: Final = (NotFoundError, EvidenceStoreError, SignatureError)


@dataclass(frozen=True, slots=True)
class _Told:
    """Versions as one place tells them."""

    side: Side
    versions: dict[str, Any] | None = None
    item: EvidenceItem | None = None

    @property
    def masked(self) -> bool:
        """Whether something was not kept of it."""
        return self.item is not None and (self.item.left_out > 0 or bool(SECRETS & set(self.item.found)))


class Differing:
    """Answers what would change."""

    def __init__(self, parts: Parts, viewing: Viewing) -> None:
        self._parts = parts
        self._viewing = viewing

    async def of(
        self, row: IncidentRow, record: DecisionRecord, caller: Caller, *, text: bool = False
    ) -> DifferenceShown:
        """Return what an answer would change; with `text` what texts say, on record as a look."""
        kind = record.request.kind
        versions = await self._versions(row, record, caller, text=text) if kind in OF_VERSIONS else None
        levers, found = await asyncio.to_thread(self._levers, row, record) if kind in OF_LEVERS else ((), ())
        return DifferenceShown(
            incident=row.incident,
            decision=record.request.id,
            versions=versions,
            levers=tuple(levers),
            effects=tuple(found),
        )

    async def _versions(
        self, row: IncidentRow, record: DecisionRecord, caller: Caller, *, text: bool
    ) -> VersionsShown:
        then, evaluated, running = await asyncio.gather(
            self._then(row), self._evaluated(row), self._running(row, asks=record.open)
        )
        result = row.view.evaluation if row.view else None
        ran = result.running if result else None
        against = "running" if result is None else "evaluated"
        after = running if result is None else evaluated
        at_hand = await self._at_hand(then, after, caller)
        now = running.side.digest
        return VersionsShown(
            incident=then.side,
            evaluated=evaluated.side,
            running=running.side,
            runs_what_was_evaluated=now == ran if now and ran and ran == evaluated.side.digest else None,
            parts=_parts(then, after),
            against=against,
            text_at_hand=at_hand,
            texts=await self._texts(row, then, after, caller) if text else None,
        )

    async def _then(self, row: IncidentRow) -> _Told:
        """Return the oldest versions among the evidence: later ones may have seen the fix."""
        items = await asyncio.to_thread(self._parts.evidence.items, row.incident, WHOLE)
        ours = (one for one in items if one.source == VersionsEndpoint.name)
        told = sorted(ours, key=lambda one: one.captured_at)
        if not told:
            return _lacking("not_captured")
        try:
            versions = _object(await self._content(row, told[0]))
        except LOST:
            return _lacking("lost")
        if versions is None:
            return _lacking("unreadable")
        digest = None if _Told(Side(digest=None), item=told[0]).masked else digest_of(versions)
        side = Side(digest=digest, at=told[0].captured_at, item=told[0].sha256)
        return _Told(side, versions, told[0])

    async def _evaluated(self, row: IncidentRow) -> _Told:
        """Return the versions that the newest evaluation names, from the result its run left."""
        result = row.view.evaluation if row.view else None
        if result is None:
            return _lacking("not_evaluated")
        if result.versions is None:
            return _lacking("unsaid")
        known = Side(digest=result.versions, at=result.finished_at)
        items = await asyncio.to_thread(self._parts.evidence.items, row.incident, RESULT_KIND)
        ours = [one for one in items if one.source == EVALUATION and one.id.endswith(RESULT)]
        for item in sorted(ours, key=lambda one: one.captured_at, reverse=True):
            try:
                versions = (_object(await self._content(row, item)) or {}).get("versions")
                if isinstance(versions, dict) and version_digest(versions) == result.versions:
                    return _Told(known.model_copy(update={"item": item.sha256}), versions, item)
            except (*LOST, EvaluationError):
                continue
        return _Told(known.model_copy(update={"lacking": "result_not_kept"}))

    async def _running(self, row: IncidentRow, *, asks: bool) -> _Told:
        """Ask the AI system what runs, while that still matters."""
        if not asks:
            return _lacking("not_asked")
        system = await asyncio.to_thread(self._parts.systems.system, row.system)
        if system is None or system.evidence.versions_url is None:
            return _lacking("not_configured")
        try:
            async with asyncio.timeout(ASKED_WITHIN_SECONDS):
                versions = await versions_at(self._parts.outgoing, str(system.evidence.versions_url))
        except SourceError as error:
            return _lacking("not_allowed" if error.reason == GapReason.NOT_CONFIGURED else "no_answer")
        except TimeoutError:
            return _lacking("no_answer")
        return _Told(Side(digest=digest_of(versions), at=self._parts.now()), versions)

    async def _content(self, row: IncidentRow, item: EvidenceItem) -> bytes:
        return await open_item(self._parts.store, self._parts.vault, row.incident, item)

    async def _at_hand(self, then: _Told, after: _Told, caller: Caller) -> bool:
        views = (await asyncio.to_thread(self._parts.policy.shelf)).views
        if not set(texts_of(then.versions or {})) & set(texts_of(after.versions or {})):
            return False
        return all(
            one.item is not None and views.level(caller.role, one.item.kind) is Level.CONTENT
            for one in (then, after)
        )

    async def _texts(
        self, row: IncidentRow, then: _Told, after: _Told, caller: Caller
    ) -> tuple[TextShown, ...]:
        """Return the differences of long texts out of both redacted views; each look is on record."""
        if then.item is None or after.item is None:
            return ()
        try:
            one = await self._seen(row, then.item, caller)
            other = ((await self._seen(row, after.item, caller)) or {}).get("versions")
        except NotShownError:
            return ()
        before, now = texts_of(one or {}), texts_of(other if isinstance(other, dict) else {})
        raw_before, raw_now = texts_of(then.versions or {}), texts_of(after.versions or {})
        return tuple(
            TextShown(
                path=path,
                lines=text_difference(before[path], now[path]),
                only_redacted=before[path] == now[path] and raw_before.get(path) != raw_now.get(path),
            )
            for path in before
            if path in now and raw_before.get(path) != raw_now.get(path)
        )

    async def _seen(self, row: IncidentRow, item: EvidenceItem, caller: Caller) -> dict[str, Any] | None:
        shown = await self._viewing.show(row.incident, item.sha256, caller)
        return _object((shown.text or "").encode())

    def _levers(
        self, row: IncidentRow, record: DecisionRecord
    ) -> tuple[Sequence[Permission], Sequence[EffectShown]]:
        view, opening = row.view, row.opening
        if view is None or opening is None:
            return (), ()
        system = self._parts.systems.system(row.system)
        levers = system.lever_list() if system else ()
        standing, own = self._standing(row), {row.incident, *view.taken_in}
        now = permissions(levers, standing, Effect(option=""), own)
        wanted = [one.id for one in record.request.options]
        found = effects(record.request.kind, wanted, view, opening.plan, self._parts.now())
        shown = [
            EffectShown(
                option=one.option,
                permissions=tuple(
                    each for each in permissions(levers, standing, one, own) if each.now != each.then
                ),
            )
            for one in found
        ]
        return now, shown

    def _standing(self, row: IncidentRow) -> tuple[Grip, ...]:
        """Return every order on the AI system's levers: this incident's, other open ones', and lone holds."""
        rows = self._parts.incidents.list(system=row.system, state=Listed.OPEN, limit=OTHERS_AT_MOST)
        views = [one.view for one in rows if one.view is not None and one.incident != row.incident]
        found = grips([*views, *([row.view] if row.view else [])])
        known = {one.order for one in found}
        lone = [one for one in self._parts.switches.holds(row.system) if one.order not in known]
        return (*found, *(grip for one in lone for grip in _lone(one)))


def _lone(hold: Hold) -> Iterator[Grip]:
    """Yield a hold that no open incident's order stands for; one that fits no flag stops nothing."""
    system, _, rest = hold.lever.partition(".")
    if (found := _verb_of(rest)) is None:
        return
    verb, target = found
    lever = Lever(id=hold.lever, adapter=FLAG, system=system, verb=verb, target=target)
    yield Grip(
        order=hold.order,
        incident=hold.incident,
        lever=lever,
        limit=hold.limit,
        state=OrderState.PROVEN,
        in_part=hold.share is not None,
    )


def _verb_of(rest: str) -> tuple[Verb, str] | None:
    for verb, shape in FLAG_SHAPES.items():
        form = shape.removeprefix("{system}.")
        before, found, after = form.partition("{target}")
        if found and rest.startswith(before) and rest.endswith(after):
            return verb, rest[len(before) : len(rest) - len(after)]
        if not found and rest == form:
            return verb, ""
    return None


def _lacking(code: str) -> _Told:
    return _Told(Side(digest=None, lacking=code))


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _parts(then: _Told, after: _Told) -> tuple[PartShown, ...]:
    """Compare what was kept, and show of it what names a version, redacted."""
    masked = then.masked or after.masked
    one, other = _redacted(then.versions) or {}, _redacted(after.versions) or {}
    return tuple(
        PartShown(
            part=part.part,
            verdict=part.verdict,
            why=part.why,
            before=part.before,
            after=part.after,
            then=names_of(one.get(part.part)),
            now=names_of(other.get(part.part)),
            elsewhere=tuple(leaf.path for leaf in part.leaves if not is_name(leaf.path)),
        )
        for part in part_differences(then.versions, after.versions, masked=masked)
    )


def _redacted(versions: dict[str, Any] | None) -> dict[str, Any] | None:
    return _object(redacted(canonical(versions), JSON).content) if versions is not None else None
