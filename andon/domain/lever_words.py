"""What each kind of containment does, in a sentence for people who do not know the lever."""

from __future__ import annotations

from typing import Final

from andon.domain.containment import Verb

DOES: Final = {
    Verb.PAUSE_SYSTEM: "Nothing of the AI system runs: every request is refused, every tool too.",
    Verb.DISABLE_TOOL: "The AI system goes on without this tool: calls of it are refused.",
    Verb.DISABLE_ROUTE: "Requests on this route are refused; the others go on.",
    Verb.ROUTE_TO_REVIEW: "Nothing leaves before a person has looked at it.",
    Verb.RATE_LIMIT: "Fewer requests a minute get through; the rest are refused.",
    Verb.NARROW_PERMISSIONS: "The AI system keeps running and may do less.",
    Verb.REVOKE_CREDENTIAL: "A credential of the AI system stops working; it does not come back.",
    Verb.ROTATE_CREDENTIAL: "A credential is replaced; whoever has the old one can't use it.",
    Verb.ROLL_BACK_PROMPT: "An earlier prompt is used.",
    Verb.ROLL_BACK_MODEL: "An earlier model is used.",
    Verb.ROLL_BACK_INDEX: "An earlier state of the search index is used.",
    Verb.ROLL_BACK_POLICY: "An earlier policy is in force.",
    Verb.ROLL_BACK_INTEGRATION: "An earlier version of an integration is used.",
    Verb.BLOCK_SOURCE: "Nothing is retrieved from this source.",
    Verb.BLOCK_WRITES: "Nothing is written to systems of record; reading goes on.",
    Verb.QUARANTINE_RECORDS: "Records that may be wrong are set apart and not retrieved.",
    Verb.QUARANTINE_SESSION: "Single sessions are stopped; all others go on.",
    Verb.ENFORCE_FILTER: "Answers pass a filter before they leave.",
    Verb.SWITCH_TO_FALLBACK: "Requests go to the manual process.",
    Verb.NOTIFY_ONLY: "People are told; nothing is stopped.",
}
