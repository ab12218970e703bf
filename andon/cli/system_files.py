"""`andon systems check` and `andon systems add`: the file of an AI system, tried and put in force."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.adapters.levers import kinds
from andon.adapters.outgoing import Outgoing
from andon.adapters.sources import kinds as source_kinds
from andon.adapters.sources.versions import versions_at
from andon.cli import screen
from andon.cli.incidents import READER, rows_of
from andon.cli.installation import policy_files, settings_of
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find
from andon.cli.service import console
from andon.cli.stopping import price
from andon.cli.suite_check import suite_findings
from andon.config import PolicySettings, Settings
from andon.domain.errors import InvalidInputError, SourceError
from andon.domain.evidence import EvidenceRow, GapReason
from andon.domain.readiness import (
    Finding,
    FirstStop,
    Level,
    excuses,
    modes,
    readiness,
    staffing,
    stopped_first,
)
from andon.domain.severity import Band
from andon.domain.system import AISystem
from playbooks import load, load_people, load_system
from playbooks.shelf import yaml_files
from playbooks.shipped import SHIPPED

IN_FORCE_WITHIN: Final = 20.0
LOOK_EVERY: Final = 0.5
_Json = Annotated[bool, Parameter(negative="")]


def check(what: str | None = None, /, *, where: Where = HERE, json: _Json = False) -> int:
    """Say whether the file of an AI system is fit to protect it, and what would be stopped first.

    What can be tried is tried: whether its versions endpoint answers, whether its eval command is there,
    whether its owner is in the directory and can be reached. Ends with 1 when there is a problem;
    a warning is none.

    Example: andon systems check systems/refund_desk.yaml

    Args:
        what: a file, or the id of a system in the installation's folder; all of them if left out.
        where: where Andon is, and who asks.
        json: print the result as JSON.
    """
    files, settings = policy_files(where), settings_of(where)
    means = source_kinds.SourceMeans(settings.sources)
    results = [_checked(load_system(path), path, files, settings, means) for path in _paths(what, files)]
    if json:
        screen.as_json(results[0] if what is not None else results)
    else:
        for one in results:
            _shown(one)
    return Exit.OK if all(one["ok"] for one in results) else Exit.NEGATIVE


def add(file: Path, /, *, replace: bool = False, where: Where = HERE, json: _Json = False) -> int:
    """Put the file of an AI system into the installation's folder, and wait until it is in force.

    It is checked first; with a problem nothing is changed. It is written on this machine, by whoever may
    write that folder: such a file names a command that Andon runs, so no request over the network brings one.

    Example: andon systems add refund_desk.yaml

    Args:
        file: the file, named after the id in it.
        replace: whether it may take the place of another file with this id.
        where: where Andon is, and who asks.
        json: print the result as JSON.
    """
    files = policy_files(where)
    if files is None:
        raise CommandError(
            "no installation was found on this machine: name its data folder with --data, or copy the file "
            "into its systems folder",
            Exit.UNREACHABLE,
        )
    if files.systems.resolve() == (SHIPPED / "systems").resolve():
        raise CommandError(
            "this installation runs on the shipped example: give it a folder of its own with "
            "`andon up --systems DIR` (`andon up --export-defaults DIR` writes one)",
            Exit.NEGATIVE,
        )
    system = load_system(file)
    settings = settings_of(where)
    result = _checked(system, file, files, settings, source_kinds.SourceMeans(settings.sources))
    if not result["ok"]:
        _said(result, json=json)
        return Exit.NEGATIVE
    target = files.systems / file.name
    _refuse_what_would_move(system, file, target, replace=replace)
    _put(file, target)
    result["file"], result["in_force"] = str(target), _wait_until_in_force(system, where)
    _said(result, json=json)
    return Exit.OK if result["in_force"] else Exit.UNREACHABLE


def _paths(what: str | None, files: PolicySettings | None) -> list[Path]:
    if what is not None and (what.endswith(".yaml") or "/" in what):
        return [Path(what)]
    if files is None:
        raise CommandError("no installation was found on this machine: name a file", Exit.BAD_INPUT)
    if what is None:
        return yaml_files(files.systems)
    return [files.systems / f"{what}.yaml"]


def _levers(system: AISystem) -> Iterator[Finding]:
    """Whether each lever's own adapter can use its options; one that is no adapter's is found before."""
    for number, lever in enumerate(system.lever_list()):
        if lever.adapter not in kinds.names():
            continue
        try:
            kinds.check(lever)
        except InvalidInputError as error:
            yield Finding(level=Level.PROBLEM, field=f"levers.{number}", text=str(error))


def _sources(
    system: AISystem, rows: Iterable[EvidenceRow], means: source_kinds.SourceMeans | None
) -> Iterator[Finding]:
    """Whether each source has a kind and settings that can serve it, and supplies what the list knows."""
    known = {kind for row in rows for kind in row.kinds}
    for number, entry in enumerate(system.evidence.sources):
        field = f"evidence.sources.{number}"
        try:
            source_kinds.check(entry)
            if means is not None:
                source_kinds.KINDS.load(entry.kind).build(entry, means)
        except InvalidInputError as error:
            yield Finding(level=Level.PROBLEM, field=field, text=str(error))
        except SourceError as error:
            text = f"source {entry.id} will be a gap: {error.detail}"
            yield Finding(level=Level.WARNING, field=field, text=text)
        if unknown := sorted(set(entry.supplies) - known):
            text = f"source {entry.id}: {', '.join(unknown)} is no kind of evidence; evidence.yaml lists them"
            yield Finding(level=Level.PROBLEM, field=field, text=text)


def _checked(
    system: AISystem,
    path: Path,
    files: PolicySettings | None,
    settings: Settings,
    means: source_kinds.SourceMeans,
) -> dict[str, Any]:
    shelf = load(files.playbooks if files else None)
    playbooks = shelf.playbooks
    findings = [
        *readiness(system, playbooks, kinds.names()),
        *_levers(system),
        *_sources(system, shelf.evidence.rows, means if files else None),
        *excuses(system, shelf.evidence.rows),
        *_people(system, files),
        *_tried(system, means.outgoing),
        *suite_findings(system, settings.trials if files else None),
    ]
    known = system if system.playbook in playbooks else system.model_copy(update={"playbook": None})
    return {
        "system": system.id,
        "file": str(path),
        "ok": all(one.level is not Level.PROBLEM for one in findings),
        "modes": {name: mode.value for name, mode in modes(system, playbooks).items()},
        "findings": [one.model_dump(mode="json") for one in findings],
        "stopped_first": {
            band.value: [stop.model_dump(mode="json") for stop in stops]
            for band, stops in stopped_first(known, playbooks).items()
        },
    }


def _people(system: AISystem, files: PolicySettings | None) -> Iterator[Finding]:
    if files is None:
        yield Finding(level=Level.WARNING, field="owner", text="not looked up: no installation is here")
    else:
        yield from staffing(system, load_people(files.people))


def _tried(system: AISystem, outgoing: Outgoing) -> Iterator[Finding]:
    if system.evidence.versions_url is not None:
        yield asyncio.run(_versions(outgoing, str(system.evidence.versions_url)))


async def _versions(outgoing: Outgoing, url: str) -> Finding:
    field = "evidence.versions_url"
    try:
        parts = await versions_at(outgoing, url)
    except SourceError as error:
        # The system need not run while its file is written, nor settings be at hand on this machine.
        refused = error.reason == GapReason.NOT_CONFIGURED
        why = "was not called:" if refused else f"gave nothing: {error.reason},"
        return Finding(level=Level.WARNING, field=field, text=f"{url} {why} {error.detail}")
    return Finding(level=Level.GOOD, field=field, text=f"answers with {', '.join(sorted(parts))}")


def _refuse_what_would_move(system: AISystem, file: Path, target: Path, *, replace: bool) -> None:
    if target.exists() and target.read_bytes() != file.read_bytes() and not replace:
        raise CommandError(f"{target} is there already: look at both, then say --replace", Exit.NEGATIVE)
    suite = system.evaluation
    # `load_system` counts the folder from the place of the file, which changes when it is copied.
    if suite is not None and file.parent.resolve() != target.parent.resolve():
        text = file.read_text(encoding="utf-8")
        if suite.directory not in text:
            raise CommandError(
                f"evaluation.directory is counted from the file's own folder and would mean another one in "
                f"{target.parent}: write it in full, as {suite.directory}",
                Exit.BAD_INPUT,
            )


def _put(file: Path, target: Path) -> None:
    """Write the file so that whoever reads the folder sees it whole or not at all."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as written:
            written.write(file.read_bytes())
            written.flush()
            os.fsync(written.fileno())
        fresh.replace(target)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise CommandError(f"{target} can't be written: {error.strerror}", Exit.NOT_ALLOWED) from error


def _wait_until_in_force(system: AISystem, where: Where) -> bool:
    """Look at the console until it shows what the file says; False: it does not, or can't be reached."""
    wanted = {
        "name": system.name,
        "tier": system.tier.value,
        "business_owner": system.owner,
        "in_inventory": True,
    }
    levers = [lever.id for lever in system.lever_list()]
    until = time.monotonic() + IN_FORCE_WITHIN
    with console(find(where, role=READER)) as service:
        while True:
            for one in rows_of(service.get("/v1/systems"), "systems"):
                same = one.get("id") == system.id and wanted.items() <= dict(one).items()
                if same and [lever.get("id") for lever in one.get("levers") or []] == levers:
                    return True
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_EVERY)


def _said(result: dict[str, Any], *, json: bool) -> None:
    if json:
        screen.as_json(result)
    else:
        _shown(result)


def _shown(result: dict[str, Any]) -> None:
    screen.say(f"{result['system']}: {'fit' if result['ok'] else 'not fit'} ({screen.inert(result['file'])})")
    screen.table(
        "",
        ("", "field", "finding"),
        [(one["level"], one["field"], one["text"]) for one in result["findings"]],
        empty="Nothing is missing.",
    )
    rows = [
        (
            band.value,
            number,
            stop.step,
            ", ".join(stop.levers) or (f"by hand: {stop.by_hand}" if stop.by_hand else "needs none"),
            "yes" if stop.after_decision else "",
            price(stop.cost.model_dump()) if stop.cost else "",
        )
        for band in Band
        for number, stop in enumerate(
            map(FirstStop.model_validate, result["stopped_first"][band.value]), start=1
        )
    ]
    screen.table(
        "\nWhat would be stopped, in this order",
        ("severity", "", "step", "levers", "only after a decision", "expected cost"),
        rows,
        empty="\nNothing would be stopped.",
    )
    acting = ", ".join(f"{name}: {mode}" for name, mode in result["modes"].items())
    screen.say("\n" + screen.inert(f"How far each playbook acts by itself: {acting}"))
    if "in_force" in result:
        screen.say(
            "\nIt is in force." if result["in_force"] else "\nIt is in the folder, but not in force yet."
        )
