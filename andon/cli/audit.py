"""`andon audit`: what an auditor runs."""

from __future__ import annotations

import asyncio
import json as codec
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.domain.errors import EvidenceStoreError

if TYPE_CHECKING:
    from andon.audit.findings import Report
    from andon.domain.ledger import Entry

AUDITOR = "auditor"
app = App(name="audit", help="Verify, replay and read an incident, trusting nobody.", help_format="markdown")
_Json = Annotated[bool, Parameter(negative="")]


@app.command
def verify(subject: str, /, *, trust: Path | None = None, where: Where = HERE, json: _Json = False) -> int:
    """Verify an incident: its ledger, every signed answer, the course of events, the evidence.

    SUBJECT is a file that `andon audit export` wrote, which needs no server and --trust, or the
    id of an incident, which is then read from the console, Temporal and locked storage.

    Ends with 0 when everything holds, with 1 when something is broken (each place is named), and
    with 2 when the input can't be used.

    Example: andon audit verify INC-20260301-4f7k2a.json --trust keys.json

    Args:
        subject: the file, or the id of an incident.
        trust: JSON file of key id and public key, from your own copy; these keys alone count.
        where: where Andon is, and who asks.
        json: print the report as JSON.
    """
    # Loaded here: so that `andon audit --help` needs no S3 or Temporal client.
    from andon.audit.auditset import read_set, read_trust  # noqa: PLC0415
    from andon.audit.verify import verify as verified  # noqa: PLC0415

    path = Path(subject)
    if path.exists():
        if trust is None:
            raise CommandError("name the keys you trust with --trust FILE", Exit.BAD_INPUT)
        return _reported(verified(read_set(path), read_trust(trust)), (), json=json)
    if not subject.startswith("INC-"):
        raise CommandError(f"there is no file {screen.inert(subject)!r}", Exit.BAD_INPUT)
    from andon.cli.collect import gather  # noqa: PLC0415

    try:
        found = gather(find(where, role=AUDITOR), subject, objects=True)
    except EvidenceStoreError as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error
    if trust is None:
        found.notes.append("the keys are those the console itself names: give --trust to use your own")
    keys = read_trust(trust) if trust is not None else found.trust
    return _reported(verified(found.audit, keys, found.locked), found.notes, json=json)


@app.command
def export(
    incident: str,
    /,
    *,
    out: Path,
    trust_out: Path | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Write all that is needed to verify an incident offline to one file.

    Example: andon audit export INC-20260301-4f7k2a --out incident.json --trust-out keys.json

    Args:
        incident: its id.
        out: the file to write; it must not be there yet.
        trust_out: write the keys the console names here. Compare them with your own copy.
        where: where Andon is, and who asks.
        json: print what was written as JSON.
    """
    from andon.cli.collect import gather  # noqa: PLC0415 - as in verify

    found = gather(find(where, role=AUDITOR), incident, objects=False)
    _write_new(out, found.audit.model_dump_json(indent=1))
    if trust_out is not None:
        _write_new(trust_out, codec.dumps(found.trust, indent=1))
    for note in found.notes:
        screen.warn(f"andon: {note}")
    summary = {
        "incident": incident,
        "file": str(out),
        "entries": len(found.audit.entries),
        "statements": len(found.audit.statements),
        "requests": len(found.audit.requests),
        "manifests": len(found.audit.manifests),
        "keys": str(trust_out) if trust_out else None,
    }
    if json:
        screen.as_json(summary)
    else:
        screen.pairs("Exported", summary)
    return Exit.OK


@app.command
def replay(
    incident: str | None = None,
    /,
    *,
    history: Annotated[list[Path] | None, Parameter(negative="")] = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Replay an incident's histories with the workflows of this release.

    It shows that the same recorded inputs lead to the same choices; what the inputs were is
    proven by `andon audit verify`. Ends with 0 when every run replays and with 1 when one does not.

    A history file is what `temporal workflow show --output json` prints for one run.

    Example: andon audit replay --history run.json

    Args:
        incident: its id; every run and child is fetched from Temporal.
        history: a history as JSON, one run each; may be repeated.
        where: where Andon is, and who asks.
        json: print the outcome as JSON.
    """
    from andon.audit.replay import read_history  # noqa: PLC0415 - as in verify
    from andon.audit.replay import replay as replayed  # noqa: PLC0415

    if (incident is None) == (not history):
        raise CommandError("name an incident, or histories with --history FILE", Exit.BAD_INPUT)
    if incident is not None:
        from andon.cli.collect import fetch_histories  # noqa: PLC0415

        runs = fetch_histories(find(where, role=AUDITOR), incident)
    else:
        runs = [read_history(path) for path in history or ()]

    async def all_of() -> list[dict[str, object]]:
        return [(await replayed(run)).plain() for run in runs]

    results = asyncio.run(all_of())
    if json:
        screen.as_json({"ok": all(one["ok"] for one in results), "runs": results})
    else:
        for one in results:
            verdict = "replays" if one["ok"] else f"does not replay: {one['problem']}"
            screen.say(screen.inert(f"{one['workflow']} ({one['events']} events): {verdict}"))
    return Exit.OK if all(one["ok"] for one in results) else Exit.NEGATIVE


@app.command
def timeline(
    incident: str | None = None,
    /,
    *,
    file: Path | None = None,
    at: datetime | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Show everything that happened to an incident, in order, and what was known at a moment.

    Example: andon audit timeline INC-20260301-4f7k2a --at 2026-03-01T10:05:00Z

    Args:
        incident: its id.
        file: read a file that `andon audit export` wrote instead.
        at: show the state as it was known then, and only what had been written by then.
        where: where Andon is, and who asks.
        json: print the entries as JSON.
    """
    from andon.audit.timeline import known_at, until  # noqa: PLC0415 - as in verify

    if at is not None and at.tzinfo is None:
        raise CommandError("--at needs its zone, such as 2026-03-01T10:05:00Z", Exit.BAD_INPUT)
    entries = _entries(incident, file, where)
    shown = until(entries, at)
    known = known_at(entries, at) if at is not None else None
    if json:
        state = {"known": known.plain()} if known else {}
        screen.as_json({"entries": [entry.model_dump(mode="json") for entry in shown], **state})
        return Exit.OK
    from andon.cli.entries import cells  # noqa: PLC0415 - as in verify

    columns = ("#", "time", "who", "what", "about", "detail")
    screen.table("Timeline", columns, [cells(entry) for entry in shown], empty="Nothing had happened yet.")
    if known is not None:
        screen.pairs("\nKnown then", _in_words(known.plain()))
    return Exit.OK


def _entries(incident: str | None, file: Path | None, where: Where) -> list[Entry]:
    if (incident is None) == (file is None):
        raise CommandError("name an incident, or a file with --file FILE", Exit.BAD_INPUT)
    if file is not None:
        from andon.audit.auditset import open_set, read_set  # noqa: PLC0415 - as in verify

        opened = open_set(read_set(file))
        for line in opened.unreadable:
            screen.warn(f"andon: {screen.inert(line.where)}: {screen.inert(line.problem)}")
        return opened.entries
    from andon.cli.ledger import pages, read_entry  # noqa: PLC0415 - as in verify
    from andon.cli.service import console  # noqa: PLC0415

    with console(find(where, role=AUDITOR)) as service:
        return [read_entry(raw) for raw in pages(service, incident or "")]


def _reported(report: Report, notes: Sequence[str], *, json: bool) -> int:
    code = Exit.OK if report.holds else Exit.NEGATIVE
    if json:
        screen.as_json({**report.plain(), "notes": list(notes)})
        return code
    for step in report.steps:
        screen.say(f"{step.number}. {step.title}: {step.outcome.replace('_', ' ')} ({step.checked} checks)")
        screen.say(f"   detects: {step.detects}")
        for finding in step.findings:
            screen.say(f"   BROKEN {screen.inert(finding.where)}: {screen.inert(finding.problem)}")
        for note in step.notes:
            screen.say(f"   note: {screen.inert(note)}")
    for note in notes:
        screen.say(f"note: {screen.inert(note)}")
    verdict = "holds" if report.holds else "is BROKEN"
    screen.say(f"{report.incident} {verdict}: {report.entries} entries, head {report.head}")
    return code


def _in_words(known: dict[str, object]) -> dict[str, object]:
    words: dict[str, object] = {}
    for name, value in known.items():
        if isinstance(value, list):
            words[name] = ", ".join(str(one) for one in value) or "none"
        elif isinstance(value, dict):
            words[name] = ", ".join(f"{key}: {one}" for key, one in value.items()) or "none"
        elif isinstance(value, bool):
            words[name] = "yes" if value else "no"
        else:
            words[name] = screen.when(value) if name == "at" else value
    return words


def _write_new(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise CommandError(f"{path} is there already; name a new file", Exit.BAD_INPUT) from error
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}", Exit.BAD_INPUT) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text + "\n")
