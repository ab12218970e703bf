"""`andon quarterly`: the governance review of a quarter, and the decisions that belong to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import READER
from andon.cli.outcome import CommandError, Exit
from andon.cli.papers import hand_out
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.domain.quarter import Quarter, quarter_around
from andon.domain.quarter_paper import laid_out

app = App(name="quarterly", help_format="markdown")
_Flag = Annotated[bool, Parameter(negative="")]
_From = Annotated[date | None, Parameter(name="--from")]
_To = Annotated[date | None, Parameter(name="--to")]
DECIDER = "business_owner"


@app.default
def quarterly(
    *,
    since: _From = None,
    until: _To = None,
    out: Path | None = None,
    html: _Flag = False,
    pdf: _Flag = False,
    where: Where = HERE,
    json: _Flag = False,
) -> int:
    """Show a quarter's governance review: six parts, and the trends of the three aims.

    Incident count, near misses, repeated causes, open remediation, workflow changes, approved use; detection,
    response and recurrence by month. There is no target of no incidents. Days are in UTC.

    With `--out` it is written into a folder: `quarterly.html`, `quarterly.pdf`, and each figure and table as
    CSV. The same register gives the same bytes once the period is over.

    Example: andon quarterly --from 2026-07-01 --to 2026-10-01 --out review

    Args:
        since: the first day; that of this calendar quarter if not given.
        until: the day after the last one; the end of this calendar quarter if not given.
        out: folder to write to; it is made, and nothing in it is written over.
        html: write the HTML file only.
        pdf: write the PDF only.
        where: where Andon is, and who asks.
        json: print the review as JSON.
    """
    begun, ended = _period(since, until)
    if (html or pdf) and out is None:
        raise CommandError("say where to write it: --out FOLDER", Exit.BAD_INPUT)
    with console(find(where, role=READER)) as service:
        answer: dict[str, Any] = service.get(
            "/v1/quarterly", since=begun.isoformat(), until=ended.isoformat()
        )
    paper = laid_out(Quarter.model_validate(answer))
    hand_out(
        paper,
        answer,
        out,
        name="quarterly",
        html=html or not pdf,
        pdf=pdf or not html,
        csv=html is pdf,
        json=json,
    )
    return Exit.OK


@app.command
def decide(
    system: str,
    answer: Literal["yes", "no", "narrowed"],
    /,
    *,
    owner: str,
    reason: str,
    since: _From = None,
    until: _To = None,
    where: Where = HERE,
    json: _Flag = False,
) -> int:
    """Put on record whether an AI system stays in use: yes, narrowed, or no.

    Business owners and executives decide. A later answer for the same period takes the place of this one;
    both are kept.

    Example: andon quarterly decide refund_desk narrowed --owner bela --reason "up to 100 EUR only"

    Args:
        system: its id.
        answer: yes: as approved; narrowed: for less; no: taken out of use.
        owner: who answers for it: a business owner or executive of the directory.
        reason: why; encrypted before it is kept.
        since: the first day of the period it is for; that of this calendar quarter if not given.
        until: the day after its last one; the end of this calendar quarter if not given.
        where: where Andon is, and who decides.
        json: print the decision as JSON.
    """
    begun, ended = _period(since, until)
    body = {
        "system": system,
        "since": begun.isoformat(),
        "until": ended.isoformat(),
        "answer": answer,
        "owner": owner,
        "reason": reason,
    }
    with console(find(where, role=DECIDER)) as service:
        made = service.post("/v1/quarterly/uses", body)
    if json:
        screen.as_json(made)
    else:
        screen.say(screen.inert(f"{made['id']}: {system} is answered {answer}, and {owner} answers for it."))
    return Exit.OK


def _period(since: date | None, until: date | None) -> tuple[datetime, datetime]:
    begun, ended = quarter_around(datetime.now(UTC))
    return (
        begun if since is None else datetime.combine(since, time(), UTC),
        ended if until is None else datetime.combine(until, time(), UTC),
    )
