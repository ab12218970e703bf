"""`andon evidence raw|hold|unhold|erase|erasures`: originals, legal hold and erasure, all on record."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
from cyclopts import Parameter

from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment
from andon.domain.code_words import authority
from andon.domain.directory import Role

_Json = Annotated[bool, Parameter(negative="")]
PRIVATE: Final = 0o600
DOWNLOAD_SECONDS: Final = 60


def raw(
    incident: str, item: str, /, *, reason: str, out: Path, where: Where = HERE, json: _Json = False
) -> int:
    """Get an original: what was captured, before anything was made unreadable in it.

    Who gets it, and why, is on record before a byte is sent. At critical it takes the decision
    `raw_evidence`, in which legal and security name the item; ask with `andon ask raw_evidence`.
    Ends with 4 when it is not for you, with 1 when it was erased.

    Example: andon evidence raw INC-20260301-4f7k2a input/recorder/4b-1 --reason "to repeat it" --out in.json

    Args:
        incident: its id.
        item: id of the item, as `andon evidence list --json` gives it.
        reason: why; it is stored encrypted.
        out: file to write, readable by you alone; one that is there is left alone.
        where: where Andon is, and who asks.
        json: print as JSON what was said of it.
    """
    if out.exists():
        raise CommandError(f"{out} is there already; name another file", Exit.BAD_INPUT)
    with console(find(where, role=Role.SECURITY)) as service:
        offered = service.post(
            f"/v1/incidents/{segment(incident)}/originals", {"item": item, "reason": reason}
        )
    size = _download(str(offered["url"]), out)
    if json:
        screen.as_json({**offered, "url": "used", "bytes": size, "file": str(out)})
    else:
        given_by = authority(offered["authority"])
        said = f"{out}: {size} bytes, given by {given_by}; entry {offered['sequence']} says so"
        screen.say(screen.inert(said))
    return Exit.OK


def hold(incident: str, /, *, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Hold the evidence: no lock runs out, nothing is erased, nothing that alters the AI system is done.

    Within seconds the custodian sets a legal hold on every object version of the incident, and reads it
    back. While the incident is open, no fix is marked as deployed, no step that costs is taken and nothing
    runs again before it is lifted; what can be undone is stopped as ever. Ends with 1 when it is held.

    Example: andon evidence hold INC-20260301-4f7k2a --reason "letter of the court" --as legal

    Args:
        incident: its id.
        reason: why; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    return _hold(incident, reason, where, on=True, json=json)


def unhold(incident: str, /, *, reason: str, where: Where = HERE, json: _Json = False) -> int:
    """Lift the legal hold. Locks that still run stay.

    Example: andon evidence unhold INC-20260301-4f7k2a --reason "the case is settled" --as legal

    Args:
        incident: its id.
        reason: why; it is stored encrypted.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    return _hold(incident, reason, where, on=False, json=json)


def erase(
    incident: str,
    items: tuple[str, ...] = (),
    /,
    *,
    reason: str,
    everything: Annotated[bool, Parameter(negative="")] = False,
    confirm: str | None = None,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Have items or texts erased, or a whole closed incident: their keys are destroyed.

    It takes two people in two roles, custodian and privacy: one asks, the other agrees with `--confirm`.
    What is under a legal hold is refused. Digests, signatures and the record stay, and still verify.

    Example: andon evidence erase INC-20260301-4f7k2a --confirm ER-0a1b2c --reason "checked" --as privacy

    Args:
        incident: its id.
        items: ids of evidence items and texts.
        reason: why; it is stored encrypted.
        everything: the whole incident, once it is closed.
        confirm: agree to the erasure with this id, which somebody else asked for.
        where: where Andon is, and who says it.
        json: print the answer as JSON.
    """
    if sum((bool(items), everything, confirm is not None)) != 1:
        raise CommandError("name items, or say --everything or --confirm ID", Exit.BAD_INPUT)
    path = f"/v1/incidents/{segment(incident)}/erasures"
    with console(find(where, role=Role.CUSTODIAN)) as service:
        if confirm is not None:
            answer = service.post(f"{path}/{segment(confirm)}/confirmation", {"reason": reason})
        else:
            body = {"items": list(items), "everything": everything, "reason": reason}
            answer = service.post(path, body)
    if json:
        screen.as_json(answer)
    elif confirm is not None:
        screen.say(screen.inert(f"{confirm}: agreed; the custodian destroys the keys"))
    else:
        told = (
            f"{answer['id']}: asked for; another person in another role agrees with --confirm {answer['id']}"
        )
        screen.say(screen.inert(told))
    return Exit.OK


def erasures(incident: str, /, *, where: Where = HERE, json: _Json = False) -> int:
    """List what was to be erased, by whom, and what became of it.

    Example: andon evidence erasures INC-20260301-4f7k2a --as privacy

    Args:
        incident: its id.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    with console(find(where, role=READER)) as service:
        answer = service.get(f"/v1/incidents/{segment(incident)}/erasures")
    if json:
        screen.as_json(answer)
        return Exit.OK
    screen.table(
        "Erasures",
        ("id", "what", "state", "asked", "agreed", "keys destroyed"),
        [
            (
                one.get("id"),
                ", ".join(one.get("items") or ()) or "everything",
                one.get("state"),
                f"{one.get('asked_by')} {screen.when(one.get('asked_at'))}",
                f"{one.get('confirmed_by') or 'nobody yet'} {screen.when(one.get('confirmed_at')) or ''}",
                one.get("destroyed"),
            )
            for one in rows_of(answer, "erasures")
        ],
        empty="Nothing was erased, and nothing is to be.",
    )
    return Exit.OK


def _hold(incident: str, reason: str, where: Where, *, on: bool, json: bool) -> int:
    with console(find(where, role=Role.LEGAL)) as service:
        answer: dict[str, Any] = service.post(
            f"/v1/incidents/{segment(incident)}/hold", {"hold": on, "reason": reason}
        )
    if json:
        screen.as_json(answer)
    else:
        said = "the evidence is held until you lift it" if on else "the evidence is held no longer"
        screen.say(screen.inert(f"{incident}: {said}; the custodian sets it in the store"))
    return Exit.OK


def _download(url: str, out: Path) -> int:
    """Write what is under an address that is good once, to a file for this user only."""
    size = 0
    try:
        with httpx.stream("GET", url, timeout=DOWNLOAD_SECONDS, trust_env=False) as answer:
            if not answer.is_success:
                code = Exit.UNREACHABLE if answer.is_server_error else Exit.NEGATIVE
                raise CommandError(f"the original can't be had ({answer.status_code})", code)
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE)
            with os.fdopen(descriptor, "wb") as file:
                for chunk in answer.iter_bytes():
                    size += file.write(chunk)
    except httpx.HTTPError as error:
        raise CommandError(f"the original can't be had: {error}", Exit.UNREACHABLE) from error
    return size
