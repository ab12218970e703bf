"""`andon audit`: what an auditor runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import App, Parameter

from andon.cli import screen
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.domain.errors import EvidenceStoreError

if TYPE_CHECKING:
    from temporalio.client import WorkflowHistory

    from andon.audit.findings import Report
    from andon.audit.moments import Moment
    from andon.domain.ledger import Entry

AUDITOR: Final = "auditor"
MOMENTS_AT_MOST: Final = 40
app = App(name="audit", help="Verify, replay and read an incident, trusting nobody.", help_format="markdown")
app.command("andon.cli.exporting:export", name="export")
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
            raise CommandError("name the keys you trust with --trust FILE", Exit.BAD_INPUT)
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
        else _runs(subject, where, archived=archived)
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
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Show everything that happened to an incident, in order, and what was known at a moment.

    With --at the histories are run again up to that moment: what was open, what was known, and who
    had been shown or told what by then.

    Example: andon audit timeline INC-20260301-4f7k2a --at 2026-03-01T10:05:00Z

    Args:
        subject: a bundle, or the id of an incident.
        at: show the state as it was known then, and only what had been written by then.
        where: where Andon is, and who asks.
        json: print the entries as JSON.
    """
    from andon.audit.timeline import known_at, until  # noqa: PLC0415 - as in verify

    if at is not None and at.tzinfo is None:
        raise CommandError("--at needs its zone, such as 2026-03-01T10:05:00Z", Exit.BAD_INPUT)
    entries = _entries(subject, where)
    shown = until(entries, at)
    known = known_at(entries, at) if at is not None else None
    then = _moment(subject, where, at) if at is not None else None
    if json:
        state = {"known": known.plain()} if known else {}
        replayed = {"then": then.plain()} if then else {}
        screen.as_json({"entries": [entry.model_dump(mode="json") for entry in shown], **state, **replayed})
        return Exit.OK
    from andon.cli.entries import cells  # noqa: PLC0415 - as in verify

    columns = ("#", "time", "who", "what", "about", "detail")
    screen.table("Timeline", columns, [cells(entry) for entry in shown], empty="Nothing had happened yet.")
    if known is not None:
        screen.pairs("\nKnown then", _in_words(known.plain()))
    if then is not None:
        _tell(then)
    return Exit.OK


@app.command
def moments(subject: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """List the moments at which an incident's state changed, for `timeline --at`.

    Example: andon audit moments INC-20260301-4f7k2a.zip

    Args:
        subject: a bundle, or the id of an incident.
        where: where Andon is, and who asks.
        json: print the list as JSON.
    """
    from andon.audit.moments import relive  # noqa: PLC0415 - as in verify

    runs, _ = _runs(subject, where)
    found = asyncio.run(relive(runs))
    if json:
        screen.as_json([one.plain() for one in found])
        return Exit.OK
    rows = [
        (one.sequence, screen.when(one.at), one.stage, "yes" if one.contained else "no", ", ".join(one.open))
        for one in found
    ]
    screen.table("Moments", ("#", "time", "stage", "contained", "open questions"), rows, empty="None.")
    return Exit.OK


def _entries(subject: str, where: Where) -> list[Entry]:
    if Path(subject).exists():
        from andon.audit.offline import read_bundle  # noqa: PLC0415 - as in verify

        with read_bundle(Path(subject)) as (_, opened):
            for line in opened.unreadable:
                screen.warn(f"andon: {screen.inert(line.where)}: {screen.inert(line.problem)}")
            return opened.entries
    from andon.cli.ledger import pages, read_entry  # noqa: PLC0415 - as in verify
    from andon.cli.service import console  # noqa: PLC0415

    with console(find(where, role=AUDITOR)) as service:
        return [read_entry(raw) for raw in pages(service, subject)]


def _runs(
    subject: str | None, where: Where, *, archived: bool = False
) -> tuple[Iterable[WorkflowHistory], str]:
    """Return the histories of a bundle or an incident, and which build ran them."""
    if subject is not None and Path(subject).exists():
        from andon.audit.offline import read_bundle, said_of_code  # noqa: PLC0415 - as in verify

        with read_bundle(Path(subject)) as (bundle, _):
            return list(bundle.histories()), said_of_code(bundle)
    from andon.cli.collect import fetch_archived, fetch_histories  # noqa: PLC0415 - as in verify

    if archived:
        found = fetch_archived(find(where, role=AUDITOR), subject or "")
        return found.histories, f"archived by build {found.archive.build} as {found.key}"
    return fetch_histories(find(where, role=AUDITOR), subject or ""), ""


def _moment(subject: str, where: Where, at: datetime) -> Moment | None:
    from andon.audit.moments import moment_at, relive  # noqa: PLC0415 - as in verify

    try:
        runs, _ = _runs(subject, where)
    except CommandError as error:
        screen.warn(f"andon: without the histories only the ledger's words are shown: {error.message}")
        return None
    return moment_at(asyncio.run(relive(runs)), at)


def _tell(then: Moment) -> None:
    screen.pairs(f"\nAs entry {then.sequence} was written", _in_words(then.plain()))


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
