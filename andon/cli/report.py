"""`andon report` and `andon stop`: a person pulls the cord."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.bringing import NOTHING, Brings, named, offered
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Place, Where, find
from andon.cli.service import door
from andon.cli.words import read_facts
from andon.domain.detection import UNKNOWN_SYSTEM

LONGEST_WAIT = 30
SLACK_SECONDS = 10
UPLOAD_SECONDS = 60


_Many = Annotated[list[str] | None, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True)
class Known:
    """What a report says is known; what is left out is unknown."""

    description: str = ""
    """What happened, in as many words as it takes. It is stored encrypted."""

    flag: str | None = None
    """Unsafe, incorrect, exposed or unauthorised."""

    type: str | None = None
    """Kind of failure, such as unauthorised_tool_action."""

    trigger: str | None = None
    """Entry of the trigger list; fills in facts."""

    severity: str | None = None
    """Your own estimate; it counts as the least until triage."""

    fact: _Many = None
    """A fact as name=value; may be repeated."""

    potential: _Many = None
    """A fact of what could have happened, as name=value; may be repeated."""

    trace: _Many = None
    """W3C trace id of a failing call; may be repeated."""

    occurred_at: str | None = None
    """When it happened, with its zone, such as 2026-03-01T10:00:00Z."""

    reported_at: str | None = None
    """When somebody said it to you, if you pass it on."""

    dedupe_key: str | None = None
    """Reports with the same key join one incident."""

    channel: str = "user_report"
    """Where the report comes from."""

    def fields(self) -> dict[str, Any]:
        """Return it as the door takes it."""
        return {
            "channel": self.channel,
            "description": self.description or None,
            "flag": self.flag,
            "type": self.type,
            "trigger": self.trigger,
            "severity": self.severity,
            "facts": read_facts("--fact", self.fact or ()) or None,
            "potential_facts": read_facts("--potential", self.potential or ()) or None,
            "trace_ids": self.trace or None,
            "occurred_at": self.occurred_at,
            "reported_at": self.reported_at,
            "dedupe_key": self.dedupe_key,
        }


NO_MORE: Final = Known()


def report(
    system: str,
    title: str = "",
    /,
    *,
    known: Known = NO_MORE,
    brings: Brings = NOTHING,
    wait: int = 0,
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Report that an AI system went wrong.

    What you leave out is unknown; nothing is assumed to be harmless. If you don't know which AI
    system it was, say only what you saw. You report as `reporter` unless you say otherwise with --as.

    Example: andon report refund_desk "Refund went to another customer" --flag unauthorised --wait 5

    Example: andon report refund_desk "It obeyed a ticket" --tag security --evidence output=reply.txt

    Example: andon report "It showed me somebody else's file" --flag exposed

    Args:
        system: id of the AI system; left out, nobody knows yet which it was.
        title: what was seen, in a few words. It is stored encrypted.
        known: what is known of it.
        brings: what it is called, and evidence.
        wait: seconds to wait for containment to be proven, at most 30.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    if not title:
        system, title = UNKNOWN_SYSTEM, system
    body = {"system": system, "title": title, **known.fields(), **named(brings)}
    place = find(where, role="reporter")
    if brings.evidence:
        with door(place, timeout_seconds=UPLOAD_SECONDS) as service:
            body["evidence"] = offered(brings, service)
    return _sent(place, "/v1/detections", body, wait, json=json)


def stop(
    system: str,
    /,
    *,
    reason: str,
    verb: str | None = None,
    target: str | None = None,
    wait: int = 5,
    where: Where = HERE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Stop an AI system at once, and open an incident for it.

    The switch is thrown before anything else happens, and also while Temporal is down. You act
    as `responder` unless you say otherwise with --as.

    Example: andon stop refund_desk --reason "refunds to the wrong account" --as incident_lead

    Args:
        system: id of the AI system.
        reason: why; it is stored encrypted.
        verb: what to do instead of pausing the whole system, such as disable_tool.
        target: the tool, route or source that the verb is about.
        wait: seconds to wait for proof that it is stopped, at most 30.
        where: where Andon is, and who asks.
        json: print the answer as JSON.
    """
    body = {"system": system, "reason": reason, "verb": verb, "target": target}
    return _sent(find(where, role="responder"), "/v1/stop", body, wait, json=json)


def _sent(place: Place, path: str, body: dict[str, Any], wait: int, *, json: bool) -> int:
    seconds = min(max(wait, 0), LONGEST_WAIT)
    waiting: dict[str, object] = {"wait": "contained", "timeout": seconds} if seconds else {}
    said = {name: value for name, value in body.items() if value is not None}
    with door(place, timeout_seconds=seconds + SLACK_SECONDS) as service:
        answer = service.post(path, said, query=waiting)
    return _told(answer, json=json, waited=bool(seconds))


def _told(answer: dict[str, Any], *, json: bool, waited: bool) -> int:
    contained = bool(answer.get("contained"))
    orders = answer.get("orders") or []
    # Nothing can be proven while Temporal is away: then a hold that is on is what was asked for.
    held = answer.get("outcome") == "spooled" and all(one.get("state") == "applied" for one in orders)
    if json:
        screen.as_json(answer)
    else:
        incident = answer.get("incident")
        screen.say(f"{screen.inert(answer.get('outcome'))}: {screen.inert(incident or 'no incident')}")
        screen.pairs(
            "",
            {
                "severity": answer.get("severity"),
                "stage": answer.get("stage"),
                "contained": _containment(orders, contained=contained, held=held),
                "receipt": answer.get("receipt"),
                "page": answer.get("url"),
            },
        )
        for order in orders:
            screen.say(
                f"  {screen.inert(order.get('lever'))}: {screen.inert(order.get('verb'))}, "
                f"{screen.inert(order.get('state'))}"
            )
        for advice in answer.get("advice") or []:
            screen.say(screen.inert(advice))
    return Exit.NEGATIVE if waited and orders and not (contained or held) else Exit.OK


def _containment(orders: list[dict[str, Any]], *, contained: bool, held: bool) -> str:
    if contained:
        return "yes, proven"
    if not orders:
        return "nothing to contain"
    return "held; to be proven once Temporal is back" if held else "not proven yet"
