"""`andon affected`: the records an AI system got wrong, from the first list to the last correction."""

from __future__ import annotations

import json as jsons
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter
from pydantic import TypeAdapter, ValidationError

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import Service, console
from andon.cli.words import segment
from andon.domain.affected import BATCH_AT_MOST, AffectedRecord, NamedRecord, RecordState
from andon.domain.sheet import read, written

_Json = Annotated[bool, Parameter(negative="")]
_Flag = Annotated[bool, Parameter(negative="")]
PAGE: Final = 1000
_NAMED: Final = TypeAdapter(list[NamedRecord])
_LISTED: Final = TypeAdapter(list[AffectedRecord])

app = App(name="affected", help="List the records that an AI system got wrong, and work them off.")


@app.command(name="list")
def list_records(
    incident: str, /, *, state: RecordState | None = None, where: Where = HERE, json: _Json = False
) -> int:
    """List affected records with what became of each. That you looked is on record.

    Example: andon affected list INC-20260301-4f7k2a --state open

    Args:
        incident: its id.
        state: only those that stand like this.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        pages = list(_pages(service, incident, state))
    if json:
        screen.as_json({**pages[-1], "records": [one for page in pages for one in page["records"]]})
        return Exit.OK
    screen.table(
        "Affected records",
        ("no.", "system", "record", "field", "before", "after", "state", "because"),
        [_row(one) for page in pages for one in rows_of(page, "records")],
        empty="No record is on the list.",
    )
    screen.say(str(pages[-1].get("said")))
    return Exit.OK


@app.command
def add(
    incident: str,
    file: str | None = None,
    /,
    *,
    from_evidence: _Flag = False,
    reason: str,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Put records on the list, from a file or from what tool calls name. One that is on it stays one.

    A CSV file begins with a heading: id, system, and as far as known field, before, after. A JSON file is
    a list of objects with these names. What is on the list is encrypted.

    Example: andon affected add INC-20260301-4f7k2a refunds.csv --reason "from the payment log"

    Args:
        incident: its id.
        file: a .csv or .json file; - reads CSV from standard input.
        from_evidence: add the records that tool calls name, by the AI system's file.
        reason: where the list comes from; it is stored encrypted.
        where: where Andon is, and who adds them.
        json: print the answer as JSON.
    """
    if (file is None) != from_evidence:
        raise CommandError("name a file, or say --from-evidence", Exit.BAD_INPUT)
    records = _read(file) if file is not None else []
    parts = [records[first : first + BATCH_AT_MOST] for first in range(0, len(records), BATCH_AT_MOST)]
    bodies: list[dict[str, Any]] = [
        {"add": [one.model_dump(mode="json") for one in part], "reason": reason} for part in parts
    ]
    return _sent(incident, bodies or [{"from_evidence": True, "reason": reason}], where, json=json)


@app.command
def corrected(
    incident: str,
    /,
    *numbers: int,
    all_open: _Flag = False,
    because: str,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Say that records were corrected, and where that can be seen.

    Example: andon affected corrected INC-20260301-4f7k2a 1 2 3 --because "ticket OPS-12"

    Args:
        incident: its id.
        numbers: their places on the list.
        all_open: all that are still open, instead.
        because: where the correction can be seen; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    return _settled(incident, numbers, RecordState.CORRECTED, because, where, all_open=all_open, json=json)


@app.command
def cannot(
    incident: str,
    /,
    *numbers: int,
    all_open: _Flag = False,
    because: str,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Say that records can't be corrected, and why.

    Example: andon affected cannot INC-20260301-4f7k2a 48 --because "the customer deleted the account"

    Args:
        incident: its id.
        numbers: their places on the list.
        all_open: all that are still open, instead.
        because: why there can be no correction; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    return _settled(incident, numbers, RecordState.CANNOT, because, where, all_open=all_open, json=json)


@app.command
def export(
    incident: str,
    file: Path | None = None,
    /,
    *,
    csv: _Flag = False,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Write the whole list as CSV or JSON. That you took it is on record.

    A cell that a spreadsheet could run as a formula begins with an apostrophe; `andon affected add` takes
    it off again.

    Example: andon affected export INC-20260301-4f7k2a affected.csv

    Args:
        incident: its id.
        file: where to; standard output if left out. It must not be there yet.
        csv: write CSV, which is what is written unless --json is given.
        where: where Andon is, and who takes it.
        json: write JSON.
    """
    if csv and json:
        raise CommandError("say --csv or --json", Exit.BAD_INPUT)
    with console(find(where, role=READER)) as service:
        found = service.get(f"/v1/incidents/{segment(incident)}/affected/export", form="json")
    text = jsons.dumps(found, indent=2) + "\n" if json else written(_LISTED.validate_python(found["records"]))
    if file is None:
        sys.stdout.write(text)
        return Exit.OK
    try:
        with file.open("x", encoding="utf-8", newline="") as out:
            out.write(text)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", Exit.BAD_INPUT) from error
    screen.say(screen.inert(f"{file}: {len(found['records'])} records"))
    return Exit.OK


def _settled(
    incident: str,
    numbers: Sequence[int],
    state: RecordState,
    because: str,
    where: Where,
    *,
    all_open: bool,
    json: bool,
) -> int:
    if bool(numbers) == all_open:
        raise CommandError("name records by their numbers, or say --all-open", Exit.BAD_INPUT)
    settle: dict[str, Any] = {"state": state.value, "because": because}
    settle |= {"all_open": True} if all_open else {"numbers": list(numbers)}
    return _sent(incident, [{"settle": settle, "reason": because}], where, json=json)


def _sent(incident: str, bodies: Sequence[dict[str, Any]], where: Where, *, json: bool) -> int:
    answer: Mapping[str, Any] = {}
    with console(find(where, role=None)) as service:
        for body in bodies:
            answer = service.post_once(f"/v1/incidents/{segment(incident)}/affected", body)
    if json:
        screen.as_json(answer)
    else:
        screen.say(screen.inert(f"{incident}: {answer.get('said')}"))
    return Exit.OK


def _pages(service: Service, incident: str, state: RecordState | None) -> Iterator[dict[str, Any]]:
    after: object = 0
    while after is not None:
        page: dict[str, Any] = service.get(
            f"/v1/incidents/{segment(incident)}/affected", state=state, after=after, limit=PAGE
        )
        yield page
        after = page.get("next")


def _read(file: str) -> list[NamedRecord]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: can't be read: {error}", Exit.BAD_INPUT) from error
    if not file.endswith(".json"):
        return read(text)
    try:
        return _NAMED.validate_json(text)
    except ValidationError as error:
        wrong = error.errors()[0]
        place = ".".join(map(str, wrong["loc"]))
        raise CommandError(f"{file}: {place}: {wrong['msg']}", Exit.BAD_INPUT) from error


def _row(one: Mapping[str, Any]) -> Sequence[object]:
    return (
        one.get("number"),
        one.get("system"),
        one.get("id"),
        one.get("field"),
        one.get("before"),
        one.get("after"),
        one.get("state"),
        one.get("because"),
    )
