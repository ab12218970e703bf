"""What `andon systems check` tries of an eval suite and a staging copy: nothing is run, nobody is asked."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from andon.adapters.evaluators.kinds import kind_of
from andon.config import TrialSettings
from andon.domain.errors import InvalidInputError
from andon.domain.readiness import Finding, Level
from andon.domain.system import AISystem, Evaluation


def suite_findings(system: AISystem, settings: TrialSettings | None) -> Iterator[Finding]:
    """Yield whether the suite can be begun, what it is not held to, and which secrets are missing."""
    suite = system.evaluation
    if suite is not None:
        try:
            by_command = kind_of(suite).by_command
        except InvalidInputError as error:
            yield Finding(level=Level.PROBLEM, field="evaluation", text=str(error))
        else:
            yield from _program(suite) if by_command else _secret(suite, settings)
        if suite.limits.network == "open":
            text = "is open: a suite that reaches everything can reach production; the gate shows it"
            yield Finding(level=Level.WARNING, field="evaluation.limits.network", text=text)
    yield from _copy(system, settings)


def _program(suite: Evaluation) -> Iterator[Finding]:
    program, folder = suite.command[0], Path(suite.directory)
    found = sys.executable if program == "{python}" else shutil.which(program, path=_search(folder))
    level = Level.GOOD if found and folder.is_dir() else Level.PROBLEM
    text = f"{program} is there" if found else f"there is no program {program}"
    if not folder.is_dir():
        text = f"there is no folder {folder}"
    yield Finding(level=level, field="evaluation.command", text=text)


def _secret(suite: Evaluation, settings: TrialSettings | None) -> Iterator[Finding]:
    named = suite.options.get("secret")
    if named is not None and settings is not None and named not in settings.secrets:
        text = f"names the secret {named!r}: put it into the settings under trials.secrets"
        yield Finding(level=Level.PROBLEM, field="evaluation.options.secret", text=text)


def _copy(system: AISystem, settings: TrialSettings | None) -> Iterator[Finding]:
    if system.staging is None:
        text = "is missing: what failed can't be sent again anywhere, since it never is to production"
        yield Finding(level=Level.WARNING, field="staging", text=text)
        return
    for header, named in system.staging.headers.items():
        if settings is not None and named not in settings.secrets:
            text = f"names the secret {named!r}: put it into the settings under trials.secrets"
            yield Finding(level=Level.PROBLEM, field=f"staging.headers.{header}", text=text)


def _search(folder: Path) -> str:
    return os.pathsep.join((str(folder), os.environ.get("PATH", os.defpath)))
