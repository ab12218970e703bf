"""The verifier as a program of its own, for whoever runs it bounded: one bundle in, one bounded report out.

Started as `python -I -m andon.audit.apart`, it writes an object of JSON: `report`, as `andon audit verify
--json` prints it, or `refused`, with why the bundle can't be used.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any, Final

from andon.audit.findings import Report, Step
from andon.audit.offline import verify_bundle
from andon.audit.trust import read_trust
from andon.domain.errors import InvalidInputError

FINDINGS_AT_MOST: Final = 100
"""Of one step; the rest is counted."""
NOTES_AT_MOST: Final = 20
CHARS_AT_MOST: Final = 400
REPLAY: Final = "--replay"


def main(arguments: list[str]) -> int:
    """Verify `BUNDLE` by `TRUST`, write to `OUT`, with at most `SECONDS` of processor time."""
    bundle, trust, out, seconds, *more = arguments
    # Whoever started us may be gone before they could end us.
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    Path(out).write_text(json.dumps(_verified(Path(bundle), Path(trust), replayed=REPLAY in more)), "ascii")
    return 0


def _verified(bundle: Path, trust: Path, *, replayed: bool) -> dict[str, Any]:
    try:
        keys = read_trust(trust)
    except InvalidInputError as error:
        return {"refused": _short(str(error).replace(str(trust), "the trust file")), "what": "trust"}
    try:
        return {"report": bounded(verify_bundle(bundle, keys, replayed=replayed))}
    except InvalidInputError as error:
        return {"refused": _short(str(error).replace(str(bundle), "the file")), "what": "bundle"}


def bounded(report: Report) -> dict[str, Any]:
    """Return a report as JSON that stays small whatever the bundle says."""
    return {**report.plain(), "steps": [_step(one) for one in report.steps]}


def _step(step: Step) -> dict[str, Any]:
    found = [
        {"where": _short(one.where), "problem": _short(one.problem)}
        for one in step.findings[:FINDINGS_AT_MOST]
    ]
    left = len(step.findings) - len(found)
    if left:
        found.append({"where": f"{left} more", "problem": "are not listed here; `andon audit verify` does"})
    return {**step.plain(), "findings": found, "notes": [_short(one) for one in step.notes[:NOTES_AT_MOST]]}


def _short(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= CHARS_AT_MOST else f"{text[:CHARS_AT_MOST]}..."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
