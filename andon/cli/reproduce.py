"""`andon reproduce`: an incident's failing input, sent again to the staging copy."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from cyclopts import Parameter

from andon.cli import screen
from andon.cli.outcome import Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment

ASKER: Final = "engineer"
_Json = Annotated[bool, Parameter(negative="")]


def reproduce(
    incident: str, /, *, target: Literal["staging"] = "staging", where: Where = HERE, json: _Json = False
) -> int:
    """Send an incident's failing input to the staging copy of its AI system, and keep what comes back.

    Never to production: the AI system's file names the copy, and one with an address of production's is
    refused. The answer is evidence of the incident, encrypted; this prints only how it went. Ends with 1
    if there was no answer.

    Example: andon reproduce INC-20260301-4f7k2a

    Args:
        incident: its id.
        target: there is only staging.
        where: where Andon is, and who asks: an engineer, security or the incident lead.
        json: print the answer as JSON.
    """
    with console(find(where, role=ASKER)) as service:
        told = service.post(f"/v1/incidents/{segment(incident)}/reproductions", {"target": target})
    result = told.get("result")
    code = Exit.OK if result and not result.get("problem") else Exit.NEGATIVE
    if json:
        screen.as_json(told)
    elif result is None:
        screen.say("It is not over yet. What comes back will be among the evidence, from the source staging.")
    elif result.get("problem"):
        screen.say(f"There was no answer: {str(result['problem']).replace('_', ' ')}.")
    else:
        same = {True: "those of the incident", False: "not those of the incident", None: "not known to be"}
        versions = same[result.get("as_then")]
        screen.say(
            f"The copy answered {result['status']} after {result['seconds']} s. Its versions: {versions}."
        )
        screen.say(f"Kept as evidence {str(result['item'])[:16]}: andon evidence view {incident} reads it.")
    return code
