"""`andon decisions` and `andon respond`: the questions put to people, and their answers."""

from __future__ import annotations

import json as codec
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import HOW, READER, answer_by, options_of, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Place, Where, find
from andon.cli.service import Service, console
from andon.cli.words import read_pairs, segment
from andon.domain.lessons import Proposal, taken_over

_Json = Annotated[bool, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True)
class Signed:
    """What an answer says besides, and who signs it."""

    finding: Annotated[list[str] | None, Parameter(negative="")] = None
    """What the question also asks for, as name=value; may be repeated. A text, such as a link, is given in
    clear and stored encrypted. Evidence items go by the first 16 digits of their SHA-256, commas between.
    """

    propose: int | None = None
    """Take over the proposed change of this number, as `andon review INCIDENT` lists them. It needs an owner
    and a day all the same."""

    key: Path | None = None
    """Your private SSH key, whose passphrase is asked for on the terminal; or the public half of one that
    ssh-agent holds."""

    emit: Path | None = None
    """Write the signed statement here instead of delivering it."""


ATTESTED: Final = Signed()


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
    if rows_of(answer, "decisions"):
        screen.say("\nLook: andon difference INCIDENT QUESTION")
        screen.say(f"Answer: {HOW}")
    return Exit.OK


def respond(
    incident: str,
    decision: str,
    option: str,
    /,
    *,
    reason: str,
    signed: Signed = ATTESTED,
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

    Example: andon respond INC-20260301-4f7k2a triage-1 confirm --reason "seen in the logs" --as responder
    --key ~/.ssh/id_ed25519

    Args:
        incident: its id.
        decision: id of the question, such as triage-1.
        option: the answer.
        reason: why; it is stored encrypted.
        signed: what it says besides, and who signs it.
        where: where Andon is, and who asks.
        json: print the outcome as JSON.
    """
    if signed.emit is not None:
        _must_be_new(signed.emit)
    answer = _answered(find(where, role=None), (incident, decision, option), reason, signed)
    if signed.emit is not None:
        return _emitted(answer, signed.emit, json=json)
    if json:
        screen.as_json(answer)
    else:
        _tell(answer, decision)
    return Exit.OK if answer.get("accepted") else Exit.NEGATIVE


def _answered(place: Place, asked: tuple[str, str, str], reason: str, signed: Signed) -> dict[str, Any]:
    """Send an answer, signed by whom it is to be signed by, and return what became of it."""
    incident, decision, option = asked
    body: dict[str, Any] = {"option": option, "reason": reason}
    findings = read_pairs("--finding", signed.finding or ())
    path = f"/v1/incidents/{segment(incident)}/decisions/{segment(decision)}/responses"
    with console(place) as service:
        if signed.propose is not None:
            findings = _proposed(service, incident, signed.propose) | findings
        if findings:
            body["findings"] = findings
        if signed.key is not None:
            from andon.cli.signing import Wanted, signed_answer  # noqa: PLC0415 - takes longer than the rest

            wanted = Wanted(incident, decision, option, findings, place.role)
            body = signed_answer(service, path, body, wanted, signed.key.expanduser())
        answer: dict[str, Any] = service.post_once(
            path, body | ({"emit": True} if signed.emit is not None else {})
        )
    return answer


def _proposed(service: Service, incident: str, number: int) -> dict[str, str]:
    """Return the findings of a proposed change."""
    found = service.get(f"/v1/incidents/{segment(incident)}/review")
    proposals = [Proposal.model_validate(one) for one in rows_of(found, "proposals")]
    taken = taken_over(proposals, str(number))
    if not taken:
        detail = f"there is no proposal {number}; `andon review {screen.inert(incident)}` lists them"
        raise CommandError(detail, Exit.BAD_INPUT)
    return taken


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
