"""`andon figures`: how the response to the incidents of a period went."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.cli.incidents import READER
from andon.cli.outcome import Exit
from andon.cli.papers import hand_out
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.domain.detection import IncidentType
from andon.domain.figures import Figures
from andon.domain.figures_paper import laid_out
from andon.domain.severity import Band

DAYS: Final = 30
_Flag = Annotated[bool, Parameter(negative="")]


def figures(
    *,
    days: int = DAYS,
    since: Annotated[date | None, Parameter(name="--from")] = None,
    until: Annotated[date | None, Parameter(name="--to")] = None,
    system: str | None = None,
    severity: Band | None = None,
    type: IncidentType | None = None,  # noqa: A002 - the word of the command line
    out: Path | None = None,
    where: Where = HERE,
    json: _Flag = False,
) -> int:
    """Show how the response to the incidents of a period went; exercises are left out.

    Times to acknowledge, to containment, to decisions and to restart, what was late, relapses, gaps of
    evidence, and how many orders were proven at the first look. Of few cases each is listed, and no median
    is made. Days are in UTC.

    Example: andon figures --days 90 --system refund_desk

    Example: andon figures --from 2026-07-01 --to 2026-10-01 --out figures

    Args:
        days: so many days up to and with today, unless a period is given.
        since: the first day.
        until: the day after the last one; tomorrow if not given.
        system: one AI system only.
        severity: one severity only, as it stands now.
        type: one type of incident only.
        out: folder to write each figure and table to as CSV; nothing in it is written over.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    ended = _midnight(until or datetime.now(UTC).date() + timedelta(days=1))
    begun = _midnight(since) if since else ended - timedelta(days=days)
    with console(find(where, role=READER)) as service:
        answer: dict[str, Any] = service.get(
            "/v1/figures",
            since=begun.isoformat(),
            until=ended.isoformat(),
            system=system,
            severity=severity,
            type=type,
        )
    paper = laid_out(Figures.model_validate(answer))
    hand_out(paper, answer, out, name="figures", json=json)
    return Exit.OK


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
