"""`andon up`: run all of Andon on this machine."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from andon.domain.errors import InvalidInputError
from infra.embedded.errors import FolderInUseError, StackError
from infra.embedded.folder import DataFolder
from infra.embedded.progress import Display, display_on
from infra.embedded.settings_file import Policies, url
from infra.embedded.stack import PartsTable, Prepared, prepare, run, whole

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_IN_USE = 3
SHIPPED = "playbooks"


def up(
    *,
    data: Path = Path(".andon"),
    ready_file: Path | None = None,
    systems: Path | None = None,
    playbooks: Path | None = None,
    people: Path | None = None,
    export_defaults: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Run all of Andon on this machine: Temporal, the evidence store, door, recorder, console, workers.

    Everything listens on loopback and lives in one data folder, with keys and access tokens made at the
    first start. Ctrl-C stops all of it. Whatever is killed is started again, and after a crash the next
    start goes on where the last one was.

    Exit codes: 0 stopped on request, 1 could not start or go on, 2 a policy file can't be used, 3 the
    data folder is in use.

    Args:
        data: folder that holds all state; made at the first start, readable by you only.
        ready_file: written when all is ready, with addresses and tokens, and removed when stopped.
        systems: folder with one YAML file per AI system, in place of the shipped ones.
        playbooks: folder with playbooks and policies, in place of the shipped ones.
        people: file that lists people, roles and channels, in place of the shipped one.
        export_defaults: write the shipped policies and their JSON Schemas to this folder, and stop.
        as_json: print one JSON object per event.
    """
    if export_defaults is not None:
        return _export(export_defaults, as_json=as_json)
    shipped = Path(str(files(SHIPPED)))
    policies = Policies(
        systems=systems or shipped / "systems",
        playbooks=playbooks or shipped,
        people=people or shipped / "people.yaml",
    )
    try:
        _read_all(policies)
    except InvalidInputError as error:
        return _refuse(error, EXIT_BAD_INPUT)
    return start(DataFolder(data), policies, whole, ready_file=ready_file, as_json=as_json)


def _read_all(policies: Policies) -> None:
    """Read every policy file once before anything starts: a mistake is named here, not in six logs."""
    shelf = importlib.import_module(SHIPPED)
    shelf.load(policies.playbooks)
    shelf.load_systems(policies.systems)
    shelf.load_people(policies.people)


def start(
    folder: DataFolder, policies: Policies, table: PartsTable, *, ready_file: Path | None, as_json: bool
) -> int:
    """Run the parts of `table` in `folder` until told to stop, and return the exit code."""
    os.umask(0o077)
    ready_files = [folder.ready, *([ready_file.absolute()] if ready_file else [])]
    try:
        folder.make()
        with folder.held():
            for path in ready_files:
                path.unlink(missing_ok=True)
            _run_held(folder, policies, table, ready_files, as_json=as_json)
    except FolderInUseError as error:
        return _refuse(error, EXIT_IN_USE)
    except (StackError, OSError) as error:  # OSError: a full disk, a folder that can't be written
        return _refuse(error, EXIT_FAILED)
    return 0


def _run_held(
    folder: DataFolder, policies: Policies, table: PartsTable, ready_files: list[Path], *, as_json: bool
) -> None:
    console = Console()
    display = display_on(console, as_json=as_json)
    try:
        prepared = prepare(folder, policies, display, os.environ)

        def on_ready(seconds: float) -> None:
            display.close()
            _summarise(console, display, prepared, seconds, as_json=as_json)

        asyncio.run(run(prepared, table(prepared), ready_files=ready_files, on_ready=on_ready))
    finally:
        display.close()


def _summarise(
    console: Console, display: Display, prepared: Prepared, seconds: float, *, as_json: bool
) -> None:
    addresses = {
        "console": url(prepared.ports["console"]),
        "door": url(prepared.ports["door"]),
        "traces (OTLP)": f"{url(prepared.ports['recorder'])}/v1/traces",
        "Temporal": url(prepared.ports["temporal_ui"]),
        "sign in": f"andon login --as incident_lead --data {prepared.folder.root}",
        "tokens": str(prepared.folder.tokens),
        "logs": str(prepared.folder.logs),
    }
    if as_json:
        ready = {"event": "ready", "seconds": round(seconds, 3), "ready_file": str(prepared.folder.ready)}
        _line(console, json.dumps(ready | {"console": addresses["console"], "door": addresses["door"]}))
        return
    display.note(f"ready after {seconds:.1f} s")
    for name, value in addresses.items():
        _line(console, f"  {name:14} {value}")
    _line(console, "  Ctrl-C stops all of it")


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _export(directory: Path, *, as_json: bool) -> int:
    # Looked up here: writing defaults out is rare, and the schemas take a while to build.
    written: list[Path] = importlib.import_module(SHIPPED).export_defaults(directory)
    console = Console()
    for path in written:
        _line(console, json.dumps({"event": "written", "path": str(path)}) if as_json else str(path))
    return 0


def _refuse(error: StackError | InvalidInputError | OSError, code: int) -> int:
    console = Console(stderr=True, style="red")
    _line(console, f"andon up: {error}")
    return code
