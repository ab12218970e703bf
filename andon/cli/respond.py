"""`andon decisions` and `andon respond`: the questions put to people, and their answers."""

from __future__ import annotations

import json as codec
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, answer_by, options_of, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import read_pairs

_Json = Annotated[bool, Parameter(negative="")]


def decisions(*, where: Where = HERE, json: _Json = False) -> int:
    """List the questions that wait for an answer in your role, soonest deadline first.

    Example: andon decisions --as legal

    Args:
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get("/v1/decisions")
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        "Asked of you",
        ("incident", "question", "what", "answer by", "options"),
        [_asked(one) for one in rows_of(answer, "decisions")],
        empty="Nothing is asked of you.",
    )
    return Exit.OK


def respond(
    incident: str,
    decision: str,
    option: str,
    /,
    *,
    reason: str,
    finding: Annotated[list[str] | None, Parameter(negative="")] = None,
    key: Path | None = None,
    emit: Path | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Answer a question.

    The answer is attested by the console in your name and recorded for good, with your reason.
    Ends with 1 when it is refused and with 4 when you may not answer.

    With --key you sign it yourself: what the console prepared is compared with what you asked for,
    shown, and signed with your SSH key, which never leaves this machine. docs/reference/signatures.md
    says what is signed and how anybody can verify it.

    With --emit the signed statement is written to a file and not delivered, for the day the
    console can't reach Temporal. Whoever can, delivers it: temporal workflow signal --workflow-id
    incident/INCIDENT --name respond_signal --input-file FILE

    Example: andon respond INC-20260301-4f7k2a triage-1 confirmed --reason "seen in the logs" --as responder
    --key ~/.ssh/id_ed25519

    Args:
        incident: its id.
        decision: id of the question, such as triage-1.
        option: the answer.
        reason: why; it is stored encrypted.
        finding: what the question also asks for, as name=value; may be repeated.
        key: your private SSH key, whose passphrase is asked for on the terminal; or the public half of one
            that ssh-agent holds.
        emit: write the signed statement here instead of delivering it.
        where: where Andon is, and who asks.
        json: print the outcome as JSON.
    """
    body: dict[str, Any] = {"option": option, "reason": reason}
    if findings := read_pairs("--finding", finding or ()):
        body["findings"] = findings
    if emit is not None:
        _must_be_new(emit)
    place = find(where, role=None)
    path = f"/v1/incidents/{quote(incident)}/decisions/{quote(decision)}/responses"
    with console(place) as service:
        if key is not None:
            from andon.cli.signing import Wanted, signed_answer  # noqa: PLC0415 - takes longer than the rest

            wanted = Wanted(incident, decision, option, findings, place.role)
            body = signed_answer(service, path, body, wanted, key.expanduser())
        answer = service.post_once(path, body | ({"emit": True} if emit is not None else {}))
    if emit is not None:
        return _emitted(answer, emit, json=json)
    if json:
        screen.as_json(answer)
    else:
        _tell(answer, decision)
    return Exit.OK if answer.get("accepted") else Exit.NEGATIVE


def _tell(answer: Mapping[str, Any], decision: str) -> None:
    if not answer.get("accepted"):
        screen.warn(screen.inert(f"andon: refused: {answer.get('refusal')}"))
        return
    late = ", late" if answer.get("late") else ""
    outcome = answer.get("outcome")
    settled = f"{decision} is settled: {outcome}" if outcome else f"{decision} waits for further answers"
    screen.say(screen.inert(f"accepted{late}; {settled}"))


def _asked(one: Mapping[str, Any]) -> tuple[object, ...]:
    question = one.get("decision") or {}
    return (
        one.get("incident"),
        question.get("id"),
        question.get("title"),
        answer_by(question),
        options_of(question),
    )


def _must_be_new(path: Path) -> None:
    if path.exists():
        raise CommandError(f"{path} is there already; name a new file", Exit.BAD_INPUT)


def _emitted(answer: dict[str, Any], path: Path, *, json: bool) -> int:
    """Write the envelope for its owner only: whoever holds it can deliver the answer."""
    envelope = answer.get("envelope", answer)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}", Exit.BAD_INPUT) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        codec.dump(envelope, out)
        out.write("\n")
    if json:
        screen.as_json({"emitted": str(path)})
    else:
        screen.say(f"signed and written to {screen.inert(path)}; it counts once it is delivered")
    return Exit.OK
