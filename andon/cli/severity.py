"""`andon severity`: what the severity policy says of some facts, without an incident."""

from __future__ import annotations

import sys
from json import dumps, loads
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from andon.domain.conditions import Facts, Reading
from andon.domain.errors import InvalidInputError
from andon.domain.factors import factors
from andon.domain.severity import Assessment, Classification, SeverityPolicy, assess
from playbooks import policy_text

MAX_INPUT_BYTES: Final = 1_000_000
BAD_INPUT: Final = 2
_MayBeStdin = Annotated[Path, Parameter(allow_leading_hyphen=True)]
_PARTS: Final = ("facts", "potential_facts")


def severity(facts: _MayBeStdin, *, json: bool = False, policy: Path | None = None) -> int:
    """Say how severe these facts are, and why.

    Facts left out count as harmless; write "unknown" for what nobody knows yet.

    Args:
        facts: JSON file {"facts": {...}, "potential_facts": {...}}, the second optional; "-" reads stdin.
        json: print the result as JSON.
        policy: a severity policy to use in place of the shipped one.

    Returns:
        0, or 2 when the input can't be used.
    """
    try:
        rules = _policy(policy)
        given = _parts(_text(facts))
        known = rules.complete(given["facts"], Reading.COMMAND)
        result = assess(rules, known, given["potential_facts"])
    except InvalidInputError as error:
        Console(stderr=True, markup=False, highlight=False).print(f"severity: {error}", soft_wrap=True)
        return BAD_INPUT
    if json:
        sys.stdout.write(dumps(_plain(result), indent=2) + "\n")
    else:
        _explain(result, rules, known)
    return 0


def _text(path: Path) -> str:
    if str(path) == "-":
        content = sys.stdin.buffer.read(MAX_INPUT_BYTES + 1)
    else:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_INPUT_BYTES + 1)
        except OSError as error:
            raise InvalidInputError(f"{str(path)!r} can't be read: {error.strerror}") from error
    if len(content) > MAX_INPUT_BYTES:
        raise InvalidInputError(f"{str(path)!r} is larger than {MAX_INPUT_BYTES:,} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{str(path)!r} is not UTF-8 text") from error


def _policy(path: Path | None) -> SeverityPolicy:
    try:
        mapping = yaml.safe_load(_text(path) if path else policy_text("severity.yaml"))
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidInputError(f"{str(path)!r} is not YAML: {str(error)[:300]}") from error
    if not isinstance(mapping, dict):
        raise InvalidInputError(f"{str(path)!r} is not a severity policy")
    return SeverityPolicy.parse(mapping)


def _parts(text: str) -> dict[str, dict[str, Any]]:
    try:
        given = loads(text, object_pairs_hook=_unrepeated)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"the facts are not JSON: {error}") from error
    if not isinstance(given, dict) or "facts" not in given:
        raise InvalidInputError(
            'the facts must be JSON of the form {"facts": {...}, "potential_facts": {...}}'
        )
    for name, part in given.items():
        if name not in _PARTS:
            raise InvalidInputError(f"{name!r} is not known; use {' and '.join(_PARTS)}")
        if not isinstance(part, dict):
            raise InvalidInputError(f"{name} must be an object of facts and their values")
    return {name: given.get(name, {}) for name in _PARTS}


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        # JSON readers disagree on which of two values counts, so neither does.
        raise InvalidInputError(f"{repeated!r} is there more than once")
    return found


def _plain(result: Assessment) -> dict[str, Any]:
    plain = result.model_dump(mode="json", exclude={"asserted", "explanations"})
    return {**plain, "unanswered": [question.fact for question in result.unanswered]}


def _explain(result: Assessment, rules: SeverityPolicy, known: Facts) -> None:
    screen = Console(highlight=False)
    kind = result.classification.replace("_", " ")
    screen.print(
        Text.assemble((result.severity, "bold"), f", {kind}", ", provisional" if result.provisional else "")
    )
    screen.print(Text(rules.postures[result.severity]))
    near_miss = result.classification is Classification.NEAR_MISS
    if near_miss:
        screen.print(Text(f"Actual {result.actual}; {result.potential} had nobody caught it."))
    screen.print(Text(f"Containment required: {'yes' if result.containment_required else 'no'}"))
    screen.print(Text(f"Priority within the band: {result.priority} of 100"))
    if result.threshold_tests:
        screen.print(Text(f"Thresholds met: {', '.join(result.threshold_tests)}"))
    why = "Why (what happened, and what would have happened uncaught)" if near_miss else "Why"
    _rows(screen, why, [(line.rule, line.why) for line in result.explanations])
    _rows(screen, "The eleven factors", list(factors(known).items()))
    _rows(screen, "Still to be answered", [(line.fact, line.question) for line in result.unanswered])


def _rows(screen: Console, title: str, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, sentence in rows:
        table.add_row(Text(name), Text(sentence))
    screen.print()
    screen.print(table)
