"""The command `andon`: what it offers, and how it ends."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from cyclopts import App, CycloptsError, Group, MissingArgumentError, UnusedCliTokensError

from andon.cli.outcome import CommandError, Exit
from andon.domain.errors import InvalidInputError

RUN: Final = Group("Run", sort_key=3)
RESPOND: Final = Group("Respond", sort_key=1)
PROVE: Final = Group("Look and prove", sort_key=2)
EXIT_CODES: Final = (
    "Exit codes: 0 done, 1 refused or a negative result, 2 input that can't be used, "
    "3 a server is out of reach or busy, 4 not allowed, 130 interrupted."
)

COMMANDS: Final[tuple[tuple[str, str, Group, str], ...]] = (
    ("report", "andon.cli.report:report", RESPOND, "Report that an AI system went wrong."),
    ("stop", "andon.cli.report:stop", RESPOND, "Stop an AI system at once."),
    ("list", "andon.cli.incidents:list_incidents", RESPOND, "List incidents, newest first."),
    ("show", "andon.cli.incidents:show", RESPOND, "Show one incident."),
    ("follow", "andon.cli.follow:follow", RESPOND, "Print what happens to an incident, as it happens."),
    ("decisions", "andon.cli.respond:decisions", RESPOND, "List the questions that wait for your role."),
    ("difference", "andon.cli.difference:difference", RESPOND, "Show what an answer would change."),
    ("respond", "andon.cli.respond:respond", RESPOND, "Answer a question."),
    ("ask", "andon.cli.ask:ask", RESPOND, "Ask for a decision."),
    ("facts", "andon.cli.facts:facts", RESPOND, "Show what is known of an incident, and state more."),
    ("correct", "andon.cli.facts:correct", RESPOND, "Set one of an incident's times right."),
    ("ack", "andon.cli.ack:ack", RESPOND, "Say that you have an incident in hand."),
    ("tasks", "andon.cli.tasks:app", RESPOND, "Show what there is to do, and close a task."),
    ("impact", "andon.cli.impact:app", RESPOND, "Show whom and what it reached, and state it."),
    ("affected", "andon.cli.affected:app", RESPOND, "List affected records, and work them off."),
    ("release", "andon.cli.release:release", RESPOND, "Let an AI system go in steps, or take one back."),
    ("explain", "andon.cli.explain:explain", RESPOND, "Tell users why an AI system runs again."),
    ("review", "andon.cli.review:review", RESPOND, "Show and write the post-incident review."),
    ("change", "andon.cli.change:app", RESPOND, "Show what incidents have led to, and prove it."),
    ("merge", "andon.cli.merge:merge", RESPOND, "Merge an incident into another one."),
    ("unmerge", "andon.cli.merge:unmerge", RESPOND, "Take a merge back."),
    ("split", "andon.cli.merge:split", RESPOND, "Give a detection an incident of its own."),
    ("link", "andon.cli.tie:link", RESPOND, "Say that two belong together."),
    ("unlink", "andon.cli.tie:unlink", RESPOND, "End a link that a person made."),
    ("decline", "andon.cli.tie:decline", RESPOND, "Say that two which look alike are not one."),
    ("quality", "andon.cli.quality:app", RESPOND, "Show, promote and close quality issues."),
    ("suggestions", "andon.cli.quality:suggestions", RESPOND, "List incidents that may be one."),
    ("alarms", "andon.cli.alarms:alarms", RESPOND, "Show incidents that were tampered with in Temporal."),
    ("backlog", "andon.cli.backlog:backlog", RESPOND, "Show what waits at the door."),
    ("notices", "andon.cli.notices:app", RESPOND, "Show what you were told."),
    ("keys", "andon.cli.keys:app", RESPOND, "Show and change the keys that you sign answers with."),
    ("login", "andon.cli.login:login", RESPOND, "Print a link that signs you in to the pages once."),
    ("tokens", "andon.cli.tokens:app", RESPOND, "Make, list and revoke access tokens."),
    ("evidence", "andon.cli.evidence:app", PROVE, "Show, read, hold and erase what was preserved."),
    ("eval-case", "andon.cli.eval_case:eval_case", PROVE, "Write an incident as a case for its suite."),
    ("reproduce", "andon.cli.reproduce:reproduce", PROVE, "Send what failed to the staging copy again."),
    ("gate", "andon.cli.incidents:gate", PROVE, "Show whether an AI system may run again, and if not, why."),
    ("file", "andon.cli.file:file", PROVE, "Show the incident file, or write it as a PDF."),
    ("audit", "andon.cli.audit:app", PROVE, "Verify, replay and read an incident, trusting nobody."),
    (
        "checkpoint",
        "andon.cli.checkpoint:checkpoint",
        PROVE,
        "Show and keep the log's newest checkpoint.",
    ),
    ("severity", "andon.cli.severity:severity", PROVE, "Say how severe these facts are, and why."),
    ("definitions", "andon.cli.definitions:definitions", PROVE, "Say what the words mean here."),
    ("triggers", "andon.cli.definitions:triggers", PROVE, "List known triggers, and the facts they fill in."),
    ("counts", "andon.cli.counts:counts", PROVE, "Count incidents by what they are called."),
    ("metrics", "andon.cli.metrics:metrics", PROVE, "Show the metrics of a period."),
    ("figures", "andon.cli.figures:figures", PROVE, "Show how the response went in a period."),
    ("quarterly", "andon.cli.quarterly:app", PROVE, "Show a quarter's review; decide on use."),
    ("systems", "andon.cli.systems:app", PROVE, "Show the AI systems under protection."),
    ("sources", "andon.cli.sources:app", RUN, "Read foreign senders' reports as detections."),
    ("people", "andon.cli.people:app", RUN, "Show and change the directory of people."),
    ("up", "andon.cli.up:up", RUN, "Run all of Andon on this machine."),
    ("door", "andon.cli.serve:door", RUN, "Serve the door: detections, stops and flags."),
    ("recorder", "andon.cli.serve:recorder", RUN, "Serve the flight recorder: OTLP traces."),
    ("console", "andon.cli.serve:console", RUN, "Serve the console: API and pages for people."),
    ("worker", "andon.cli.work:worker", RUN, "Serve one task queue."),
    (
        "witness",
        "andon.cli.witness:witness",
        RUN,
        "Sign from outside a log that only grows.",
    ),
    ("store", "andon.cli.store:app", RUN, "Try the evidence store; print its policies."),
    ("register", "andon.cli.register:app", RUN, "Rebuild a register that was lost."),
    ("migrate", "andon.cli.work:migrate", RUN, "Bring the databases to this release's form."),
)
"""Name, where it is, group, and its line in the overview. A command is imported when it is called."""


OVERVIEW_FLAGS: Final = ("--help", "-h", "--version")
HELP_FLAGS: Final = ("--help", "-h")
WRITING: Final = (errno.ENOSPC, errno.EIO, errno.EDQUOT)
"""What goes wrong where output goes."""
NAMES: Final = tuple(name for name, *_ in COMMANDS)


def build(*, overview: bool) -> App:
    """Return the command line; `overview` gives each command its line in the list of commands."""
    app = App(
        name="andon",
        help="The stop cord for AI workflows: detect, stop, preserve, decide, restart, prove.",
        help_epilogue=EXIT_CODES,
        version=_version,
        version_flags=["--version"],
        help_format="plaintext" if overview else "markdown",
    )
    for order, (name, place, group, summary) in enumerate(COMMANDS):
        # A line given here would replace the command's own page, so it is for the list only.
        if overview:
            app.command(place, name=name, help=summary, group=group, sort_key=order)
        else:
            app.command(place, name=name)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = _asked(list(sys.argv[1:] if argv is None else argv))
    if words and words[0] not in (*OVERVIEW_FLAGS, *NAMES):
        return _told(_unknown(words[0]), Exit.BAD_INPUT)
    try:
        code = _ran(words)
    except CycloptsError as error:
        return _told(_misspelt(error, words), Exit.BAD_INPUT)
    except CommandError as error:
        return _told(error.message, error.code)
    except InvalidInputError as error:
        return _told(str(error), Exit.BAD_INPUT)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except OSError as error:
        return _unwritten(error)
    return int(code) if isinstance(code, int) else Exit.OK


def _ran(words: Sequence[str]) -> object:
    overview = not words or words[0] in OVERVIEW_FLAGS
    app = build(overview=overview)
    if not overview and (len(words) == 1 or words[1] in HELP_FLAGS):
        # A command below this one that is not loaded yet has no line in the list of them.
        app[words[0]].resolved_commands()
    return app(words, exit_on_error=False, print_error=False, result_action="return_value")


def _unwritten(error: OSError) -> Exit:
    """Return how a command ends whose output finds no place; any other error is a fault and goes on."""
    if isinstance(error, BrokenPipeError):
        # Whoever read the output has seen enough; what is left must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    if error.errno not in WRITING:
        raise error
    return _told(f"what there is to say can't be written: {error.strerror}", Exit.BAD_INPUT)


def console_script() -> None:
    """Run `andon` and end the process at once.

    A process that has used a Temporal client sometimes crashes while the interpreter shuts down
    (sdk-python issue 300), which would hide the exit code.
    """
    _take_any_output()
    try:
        code = main()
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = Exit.OK
    os._exit(code)


def _take_any_output() -> None:
    """Let every text be printed: where an output is closed, and where its encoding lacks a character."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Open until the process ends, as any output is.
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        else:
            stream.reconfigure(errors="backslashreplace")


def _asked(words: list[str]) -> list[str]:
    """Return the words with `help COMMAND` as what it stands for."""
    return [*words[1:], "--help"] if words and words[0] == "help" else words


def _misspelt(error: CycloptsError, words: Sequence[str]) -> str:
    """Return what can't be read of a command, and where all it takes is listed."""
    from andon.cli.screen import inert  # noqa: PLC0415 - as in _told

    command = " ".join(error.command_chain or words[:1])
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        needed = error.keyword or error.argument.names[0]
        wanted = "a value after it" if error.keyword else "it"
        said = f"`andon {command}` takes {needed}, and {wanted} is missing"
    elif isinstance(error, UnusedCliTokensError):
        said = f"`andon {command}` has no place for {', '.join(map(repr, error.unused_tokens or ()))}"
    else:
        said = " ".join(str(error).split()).rstrip(".")
    return f"{inert(said)}; `andon {command} --help` shows all it takes"


def _unknown(word: str) -> str:
    from andon.cli.screen import inert  # noqa: PLC0415 - as in _told

    if word.startswith("-"):
        return f"there is no option '{inert(word)}' before the command; `andon --help` shows what there is"
    close = get_close_matches(word, NAMES, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"there is no command '{inert(word)}'; {hint}`andon --help` lists them all"


def _told(message: str, code: Exit) -> Exit:
    from andon.cli.screen import warn  # noqa: PLC0415 - rich takes longer to load than a refusal to print

    warn(f"andon: {message}")
    return code


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - needed for --version only

    return version("andon")


if __name__ == "__main__":
    console_script()
