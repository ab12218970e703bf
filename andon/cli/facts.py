"""`andon facts` and `andon correct`: what somebody knows of an incident, and when it really was."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.declaring import declare
from andon.cli.incidents import READER, incident_of
from andon.cli.known import show_severity
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.domain.declaration import Declared
from andon.domain.times import Moment

_Json = Annotated[bool, Parameter(negative="")]


def facts(
    incident: str,
    /,
    *,
    set: Annotated[list[str] | None, Parameter(negative="")] = None,  # noqa: A002 - the option's name
    reason: str = "",
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Show what is known of an incident and what nobody knows yet; with --set, state more.

    What you state is signed in your name, weighed at once, and can raise the severity; it never
    lowers it. To take a value back, state that it is unknown.

    Example: andon facts INC-20260301-4f7k2a --set data_exposed=external --reason "Seen in the mail log"

    Args:
        incident: its id.
        set: a fact as name=value; may be repeated.
        reason: how you know; it is stored encrypted.
        where: where Andon is, and who states it.
        json: print the answer as JSON.
    """
    if set:
        if not reason:
            raise CommandError("--set takes --reason: say how you know", Exit.BAD_INPUT)
        about = dict(_pair(one) for one in set)
        return declare(incident, Declared.FACTS, about, reason, where, json=json)
    with console(find(where, role=READER)) as service:
        explained = incident_of(service, incident).get("explained")
    if json:
        screen.as_json(explained)
        return Exit.OK
    if not explained:
        screen.say("What is known of it can't be weighed: its detections or its policy are not here.")
        return Exit.OK
    show_severity(explained)
    screen.table(
        "\nFacts",
        ("fact", "value", "from", "can be"),
        [
            (one.get("fact"), one.get("value"), one.get("by"), ", ".join(one.get("values") or ["a number"]))
            for one in explained.get("factors") or []
        ],
        empty="\nNo facts.",
    )
    return Exit.OK


def correct(
    incident: str,
    /,
    *,
    occurred: str | None = None,
    detected: str | None = None,
    reported: str | None = None,
    aware: str | None = None,
    reason: str,
    where: Where = HERE,
    json: _Json = False,
) -> int:
    """Set one of an incident's times right. What was said first stays on record beside it.

    Example: andon correct INC-20260301-4f7k2a --occurred 2026-03-01T09:30:00+01:00 --reason "By the mail log"

    Args:
        incident: its id.
        occurred: when it happened, with its zone.
        detected: when it was seen.
        reported: when it was said to somebody who answers for it.
        aware: when the first person knew.
        reason: how you know; it is stored encrypted.
        where: where Andon is, and who states it.
        json: print the answer as JSON.
    """
    given = {
        Moment.OCCURRED: occurred,
        Moment.DETECTED: detected,
        Moment.REPORTED: reported,
        Moment.AWARE: aware,
    }
    named = {which: at for which, at in given.items() if at}
    if len(named) != 1:
        raise CommandError("give one time: --occurred, --detected, --reported or --aware", Exit.BAD_INPUT)
    [(which, at)] = named.items()
    return declare(incident, Declared.TIMES, {"which": which.value, "at": at}, reason, where, json=json)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise CommandError(f"--set {screen.inert(text)}: write NAME=VALUE", Exit.BAD_INPUT)
    return name.strip(), value.strip()
