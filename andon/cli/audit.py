"""`andon audit`: what an auditor runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.entries_wanted import ANY, Only
from andon.cli.moments import in_words, moment_then, tell
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.subject import AUDITOR, entries_of, runs_of
from andon.domain.errors import EvidenceStoreError

if TYPE_CHECKING:
    from andon.audit.findings import Report

app = App(name="audit", help="Verify, replay and read an incident, trusting nobody.", help_format="markdown")
app.command("andon.cli.exporting:export", name="export")
app.command("andon.cli.audit_access:access", name="access")
app.command("andon.cli.moments:moments", name="moments")
_Json = Annotated[bool, Parameter(negative="")]


@app.command
def verify(
    subject: str,
    /,
    *,
    trust: Path | None = None,
    pinned: Path | None = None,
    replay: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Verify an incident: its ledger, every signed answer, the course of events, the evidence.

    SUBJECT is a bundle that `andon audit export` wrote, which needs no server, no network and
    --trust, or the id of an incident, which is then read from the console, Temporal and locked
    storage.

    Ends with 0 when everything holds, with 1 when something is broken (each place is named), and
    with 2 when the input can't be used.

    Example: andon audit verify INC-20260301-4f7k2a.zip --trust keys.json

    Args:
        subject: the bundle, or the id of an incident.
        trust: trust file, from your own copy; the keys it names alone count.
        pinned: a checkpoint that you kept from before; the log must have grown from it.
        replay: run the histories in a bundle again as well.
        where: where Andon is, and who asks.
        json: print the report as JSON.
    """
    kept = _read(pinned) if pinned is not None else None
    if Path(subject).exists():
        if trust is None:
            raise CommandError(
                "name the keys you trust with --trust FILE: your own copy, or, to compare with it, what "
                "`andon audit export INCIDENT OUT --trust-out FILE` writes",
                Exit.BAD_INPUT,
            )
        report, notes = _of_bundle(Path(subject), trust, kept, replayed=replay), list[str]()
    elif subject.startswith("INC-"):
        report, notes = _of_live(subject, trust, kept, where)
    else:
        raise CommandError(f"there is no bundle {screen.inert(subject)!r}", Exit.BAD_INPUT)
    return _reported(report, notes, json=json)


def _of_bundle(path: Path, trust: Path, kept: bytes | None, *, replayed: bool) -> Report:
    # Loaded here: so that `andon audit --help` needs no S3 or Temporal client.
    from andon.audit.offline import verify_bundle  # noqa: PLC0415
    from andon.audit.trust import read_trust  # noqa: PLC0415

    return verify_bundle(path, read_trust(trust), pinned=kept, replayed=replayed)


def _of_live(incident: str, trust: Path | None, kept: bytes | None, where: Where) -> tuple[Report, list[str]]:
    """Return the report on a live incident, with what could not be had."""
    from andon.audit.trust import read_trust  # noqa: PLC0415 - as for a bundle
    from andon.audit.verify import verify as verified  # noqa: PLC0415
    from andon.cli.collect import gather  # noqa: PLC0415

    try:
        found = gather(find(where, role=AUDITOR), incident, since=_size(kept))
    except EvidenceStoreError as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error
    if trust is None:
        found.notes.append("the keys are those the console itself names: give --trust to use your own")
    keys = read_trust(trust) if trust is not None else found.trust()
    return verified(found.exported, keys, found.beside(kept)), found.notes


@app.command
def replay(
    subject: str | None = None,
    /,
    *,
    history: Annotated[list[Path] | None, Parameter(negative="")] = None,
    archived: Annotated[bool, Parameter(negative="")] = False,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Replay an incident's histories with the workflows of this release.

    It shows that the same recorded inputs lead to the same choices; what the inputs were is
    proven by `andon audit verify`. Ends with 0 when every run replays and with 1 when one does not.

    SUBJECT is a bundle, which needs no server, or the id of an incident, whose histories are then
    fetched from Temporal. A history file is what `temporal workflow show --output json` prints for
    one run.

    Example: andon audit replay INC-20260301-4f7k2a.zip

    Args:
        subject: a bundle, or the id of an incident.
        history: a history as JSON, one run each; may be repeated.
        archived: take the incident's histories from its archive in locked storage, not from Temporal.
        where: where Andon is, and who asks.
        json: print the outcome as JSON.
    """
    from andon.audit.replay import read_history  # noqa: PLC0415 - as in verify
    from andon.audit.replay import replay as replayed  # noqa: PLC0415

    if (subject is None) == (not history):
        raise CommandError("name a bundle or an incident, or histories with --history FILE", Exit.BAD_INPUT)
    runs, build = (
        ([read_history(path) for path in history or ()], "")
        if history
        else runs_of(subject, where, archived=archived)
    )

    async def all_of() -> list[dict[str, object]]:
        return [(await replayed(run)).plain() for run in runs]

    return _replayed(asyncio.run(all_of()), build, json=json)


def _replayed(results: Sequence[dict[str, object]], build: str, *, json: bool) -> int:
    ok = all(one["ok"] for one in results)
    if json:
        screen.as_json({"ok": ok, "build": build or None, "runs": results})
    else:
        for one in results:
            verdict = "replays" if one["ok"] else f"does not replay: {one['problem']}"
            screen.say(screen.inert(f"{one['workflow']} ({one['events']} events): {verdict}"))
        if build:
            screen.say(build)
    return Exit.OK if ok else Exit.NEGATIVE


@app.command
def timeline(
    subject: str,
    /,
    *,
    at: datetime | None = None,
    only: Only = ANY,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Show everything that happened to an incident, in order, and what was known at a moment.

    With --at the histories are run again up to that moment: what was open, what was known, and who
    had been shown or told what by then. The other options leave out entries, as on the page.

    Example: andon audit timeline INC-20260301-4f7k2a --at 2026-03-01T10:05:00Z

    Example: andon audit timeline INC-20260301-4f7k2a --about decisions --important

    Args:
        subject: a bundle, or the id of an incident.
        at: show the state as it was known then, and only what had been written by then.
        only: which entries to show.
        where: where Andon is, and who asks.
        json: print the entries as JSON.
    """
    from andon.audit.timeline import known_at, until  # noqa: PLC0415 - as in verify

    if at is not None and at.tzinfo is None:
        raise CommandError("--at needs its zone, such as 2026-03-01T10:05:00Z", Exit.BAD_INPUT)
    sift = only.sift()
    entries = entries_of(subject, where)
    shown = list(filter(sift.holds, until(entries, at)))
    known = known_at(entries, at) if at is not None else None
    then = moment_then(subject, where, at) if at is not None else None
    if json:
        state = {"known": known.plain()} if known else {}
        replayed = {"then": then.model_dump(mode="json")} if then else {}
        screen.as_json({"entries": [entry.model_dump(mode="json") for entry in shown], **state, **replayed})
        return Exit.OK
    from andon.cli.entries import cells  # noqa: PLC0415 - as in verify

    columns = ("#", "time", "who", "what", "about", "detail")
    empty = "No entry fits." if sift.narrows else "Nothing had happened yet."
    screen.table("Timeline", columns, [cells(entry) for entry in shown], empty=empty)
    if known is not None:
        screen.pairs("\nKnown then", in_words(known.plain()))
    if then is not None:
        tell(then)
    return Exit.OK


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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}", Exit.BAD_INPUT) from error


def _size(pinned: bytes | None) -> int | None:
    if pinned is None:
        return None
    from andon.domain.note import read_checkpoint, read_note  # noqa: PLC0415 - as in verify

    return read_checkpoint(read_note(pinned)).size
