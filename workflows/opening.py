"""The first entry of every ledger: what came in, from whom, and what was made of it at once."""

from __future__ import annotations

from andon.domain.incident import Exhibit, OpenIncident
from andon.domain.ledger import Kind
from workflows.tape import Tape


def write_opening(opening: OpenIncident, tape: Tape) -> None:
    """Write down that the incident was opened, with the signed statement of its times if there is one."""
    digests = {"policy": opening.plan.policy}
    if opening.intake is not None:
        digests["statement"] = opening.intake.digest()
        tape.exhibit(Exhibit(digest=digests["statement"], envelope=opening.intake))
    tape.add(
        Kind.INCIDENT_OPENED,
        actor=opening.source,
        subject=opening.plan.system,
        at=opening.opened_at,
        after=opening.severity.value,
        reason=opening.title,
        digests=digests,
        facts={
            "detection": opening.detection,
            "channel": opening.channel,
            "classification": opening.classification.value,
            "rules": ",".join(opening.fired_rules),
            "provisional": opening.provisional,
            **_came_from(opening),
        },
    )


def _came_from(opening: OpenIncident) -> dict[str, str | int | bool]:
    """Return the quality issue or incident it was part of before, by the name it has in the ledger."""
    before = {"promoted_from": opening.promoted_from, "split_from": opening.split_from}
    return {name: one for name, one in before.items() if one is not None}
