"""`andon eval-case`: an incident as a case for its AI system's suite."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, Literal

from andon.cli import screen
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.words import segment

READER: Final = "auditor"
TWIN: Final = "x-andon-twin"
NO_TWIN: Final = (
    "andon: no harmless twin could be made of it. Write one by hand, or a system that refuses everything "
    "passes."
)


def eval_case(
    incident: str,
    out: Path | None = None,
    /,
    *,
    format: Literal["jsonl", "inspect", "promptfoo", "pytest"] = "jsonl",  # noqa: A002 - the option's name
    where: Where = HERE,
) -> int:
    """Write an incident as a case for its suite: its own input, redacted, and what must not happen again.

    The same incident always gives the same bytes. A harmless twin stands beside it where one can be made:
    the same without what ordered the AI system about. That you took it is on record.

    Example: andon eval-case INC-20260301-4f7k2a evals/incident.jsonl --format inspect

    Args:
        incident: its id.
        out: where to; standard output if left out. It must not be there yet.
        format: jsonl, inspect, promptfoo or pytest.
        where: where Andon is, and who takes it.
    """
    with console(find(where, role=READER)) as service:
        text, headers = service.text(f"/v1/incidents/{segment(incident)}/eval-case", format=format)
    if headers.get(TWIN) != "yes":
        screen.warn(NO_TWIN)
    if out is None:
        sys.stdout.write(text)
        return Exit.OK
    try:
        with out.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError as error:
        raise CommandError(f"{out} is there already; name a new file", Exit.BAD_INPUT) from error
    except OSError as error:
        raise CommandError(f"{out} can't be written: {error.strerror}", Exit.BAD_INPUT) from error
    screen.say(f"Written to {screen.inert(str(out))}.")
    return Exit.OK
