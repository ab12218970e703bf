"""How far an incident reaches, as people put it on record: counts, hypotheses, affected records."""

from __future__ import annotations

from pydantic import ValidationError

from andon.domain.affected import Tally
from andon.domain.declaration import Declaration
from andon.domain.impact import COUNTS, Basis, Closed, Counted, Finding, Hypothesis, number
from andon.domain.incident import IncidentState
from andon.domain.response import Refusal
from andon.domain.times import moment
from andon.domain.values import NOTHING_YET


class Reach:
    """Takes what people state of one incident's reach. The list itself is sealed in the register."""

    def __init__(self, state: IncidentState) -> None:
        self._state = state

    def refuse_list(self, declaration: Declaration) -> Refusal | None:
        """Say what speaks against a change of the list: it can't be counted, or another one came first."""
        tally = _tally(declaration)
        before = self._state.impact.affected
        if tally is None or not tally.adds_up or tally.all < before.all or tally.head == NOTHING_YET:
            return Refusal.ABOUT
        if tally.head == before.head:
            return Refusal.ALREADY_SO
        return None if declaration.about["previous"] == before.head else Refusal.OVERTAKEN

    async def take_list(self, declaration: Declaration) -> None:
        """Go on with the list as it is now."""
        self._have(affected=_tally(declaration))

    def refuse_hypothesis(self, declaration: Declaration) -> Refusal | None:
        """Say what speaks against closing a hypothesis."""
        about = declaration.about
        known = about["hypothesis"] in list(Hypothesis) and about["finding"] in list(Finding)
        return None if known else Refusal.ABOUT

    async def close(self, declaration: Declaration) -> None:
        """Close a hypothesis; the latest word counts, earlier ones stay in the ledger."""
        about = declaration.about
        closed = Closed(
            finding=Finding(about["finding"]),
            evidence=about["evidence"],
            person=declaration.person,
            at=declaration.received_at,
            reason=declaration.reason,
        )
        hypothesis = Hypothesis(about["hypothesis"])
        self._have(hypotheses={**self._state.impact.hypotheses, hypothesis: closed})

    def refuse_counts(self, declaration: Declaration) -> Refusal | None:
        """Say what speaks against counts: one of them is no count, or the start is no time."""
        try:
            _counted(declaration)
        except ValueError:
            return Refusal.ABOUT
        return None

    async def count(self, declaration: Declaration) -> None:
        """Keep the counts that a person stands for."""
        self._have(counted=_counted(declaration))

    def _have(self, **changed: object) -> None:
        self._state.impact = self._state.impact.model_copy(update=changed)


def _tally(declaration: Declaration) -> Tally | None:
    about = declaration.about
    counts = {name: about[name] for name in ("all", "corrected", "cannot")}
    try:
        return Tally.model_validate({"head": about["batch"], **counts})
    except ValidationError:
        return None


def _counted(declaration: Declaration) -> Counted:
    about = declaration.about
    since = None if about["since"] == "unknown" else moment(about["since"])
    if since is None and about["since"] != "unknown":
        raise ValueError("since is no time with its zone")
    return Counted(
        **{name: number(about[name]) for name in COUNTS},
        basis=Basis(about["basis"]),
        since=since,
        person=declaration.person,
        at=declaration.received_at,
    )
