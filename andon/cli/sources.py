"""`andon sources`: the programs that report in a form of their own, their mappings and their secrets."""

from __future__ import annotations

import json as json_text
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.source import Source, SourceKind

app = App(name="sources", help="Read foreign senders' reports as detections.", help_format="markdown")
_Json = Annotated[bool, Parameter(negative="")]
KEEPER: Final = "admin"
LARGEST: Final = 4 * 1024 * 1024


@app.command(name="list")
def list_sources(*, where: Where = HERE, json: _Json = False) -> int:
    """List the sources in force.

    Example: andon sources list

    Args:
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get("/v1/sources")
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        "Sources",
        ("source", "form", "account", "rules", "detections a minute", "stops an hour", "secrets"),
        [_row(one) for one in rows_of(answer, "sources")],
        empty="There are no sources.",
    )
    return Exit.OK


@app.command
def check(
    file: Path,
    /,
    *,
    try_body: Annotated[Path | None, Parameter(name="--try")] = None,
    playbooks: Path | None = None,
    json: _Json = False,
) -> int:
    """Check a source file without a server, and show what a body would become.

    Nothing is sent and nothing is opened. Exit code 2: the file or the body can't be used.

    Example: andon sources check policy/sources/desk.yaml --try alert.json

    Args:
        file: a file in the form of the shipped ones.
        try_body: a JSON file with what the sender sends.
        playbooks: folder with the policies to weigh by; else the shipped ones.
        json: print what was found as JSON.
    """
    # Policies take longer to load than all the rest of the command line.
    from playbooks import load, load_source  # noqa: PLC0415 - as said

    shelf = load(playbooks)
    source = load_source(file, shelf.severity, shelf.triggers)
    tried = [_tried(source, body, shelf) for body in _reports(source, try_body)] if try_body else []
    if json:
        screen.as_json({"source": source.id, "kind": source.kind, "reports": tried})
        return Exit.OK
    screen.say(screen.inert(f"{file}: {source.id} reads {source.kind}, {len(source.facts)} rules"))
    for number, one in enumerate(tried):
        _tell(number, one)
    return Exit.OK


@app.command
def secret(source: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Make the secret that a source signs with, and print it: it is not shown again.

    The one it replaces stays good for a day. The source's file must name the account that sends.

    Example: andon sources secret desk --as admin

    Args:
        source: its id.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=KEEPER)) as service:
        made = service.post(f"/v1/sources/{segment(source)}/secret", {})
    if json:
        screen.as_json(made)
        return Exit.OK
    screen.say(screen.inert(made.get("secret")))
    ends = made.get("earlier_ends_at")
    earlier = f" The one before is good until {screen.when(ends)}." if ends else ""
    screen.warn(
        screen.inert(f"{source} signs as {made.get('sender')}. Keep it now, it is not shown again.{earlier}")
    )
    return Exit.OK


def _reports(source: Source, file: Path) -> list[dict[str, Any]]:
    from andon.domain.mapping import reports_in  # noqa: PLC0415 - needed to try a body only

    if source.kind is SourceKind.NATIVE:
        raise CommandError(
            "a native source sends detections as they are: there is nothing to try", Exit.BAD_INPUT
        )
    try:
        content = file.read_bytes()
        if len(content) > LARGEST:
            raise CommandError(f"{file} is larger than {LARGEST:,} bytes", Exit.BAD_INPUT)
        found = reports_in(source.kind, json_text.loads(content))
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}", Exit.BAD_INPUT) from error
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{file} is not JSON: {str(error)[:200]}", Exit.BAD_INPUT) from error
    if not found:
        raise CommandError(f"{file} holds no report: a JSON object, or a list of them", Exit.BAD_INPUT)
    return found


def _tried(source: Source, body: Mapping[str, Any], shelf: Any) -> dict[str, Any]:
    from andon.domain.mapping import read_report  # noqa: PLC0415 - needed to try a body only
    from andon.door.weighing import weigh  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    if not source.wants(body):
        return {"wanted": False}
    read = read_report(source, body, now)
    weighed = weigh(read.report, shelf, now)
    assessment = weighed.assessment
    return {
        "wanted": True,
        "opens_incident": weighed.calls_for_incident,
        "classification": assessment.classification,
        "severity": assessment.severity,
        "containment_required": assessment.containment_required,
        "fired_rules": list(assessment.fired_rules),
        "detection": read.report.model_dump(mode="json", exclude_defaults=True),
        "notes": list(read.notes),
    }


def _tell(number: int, tried: Mapping[str, Any]) -> None:
    if not tried["wanted"]:
        screen.say(f"\nReport {number + 1}: not wanted; it is answered and left alone")
        return
    detection: dict[str, Any] = tried["detection"]
    facts = detection.pop("facts", {})
    screen.pairs(
        f"\nReport {number + 1}",
        {
            "becomes": "an incident" if tried["opens_incident"] else "a quality issue",
            "severity": tried["severity"],
            "stops the system": "yes" if tried["containment_required"] else "no",
            "facts": ", ".join(f"{name}={value}" for name, value in facts.items()) or "none: all are unknown",
            **detection,
        },
    )
    for note in tried["notes"]:
        screen.warn(screen.inert(f"  {note}"))


def _row(one: Mapping[str, Any]) -> tuple[object, ...]:
    limits = one.get("limits") or {}
    return (
        one.get("id"),
        one.get("kind"),
        one.get("sender") or "any",
        one.get("rules"),
        limits.get("detections_per_minute") or "as in the settings",
        "as in the settings" if limits.get("stops_per_hour") is None else limits.get("stops_per_hour"),
        len(one.get("secrets") or []),
    )
