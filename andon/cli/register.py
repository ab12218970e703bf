"""`andon register`: what is done to the register itself."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from pydantic import ValidationError

from andon.cli import screen
from andon.cli.installation import settings_file
from andon.cli.outcome import CommandError, Exit
from andon.cli.place import HERE, Where, find

if TYPE_CHECKING:
    from andon.audit.rebuild import Rebuilt
    from andon.config import Settings, StoreSettings

app = App(name="register", help="Rebuild a register that was lost.", help_format="markdown")


@app.command
def rebuild(*, where: Where = HERE, json: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Put incidents, ledgers and the evidence index back into an empty or damaged register.

    They come from locked storage and from Temporal's histories, or from archived ones. What stands in
    the register is not changed; switches, and so what is held, are in another file and stay as they are.
    What can't be had again is named: above all, originals and people's words whose keys were in the
    register alone. Ends with 0 when nothing was lost and with 1 when something was.

    Run it on the machine of the register, while the store and Temporal run.

    Example: andon register rebuild

    Args:
        where: where Andon is; its settings file is $ANDON_SETTINGS, or lies in the data folder.
        json: print the report as JSON.
    """
    settings = _settings(where)
    store = _reading(settings.store, where)
    report = asyncio.run(_rebuilt(settings, store))
    if json:
        screen.as_json(report.plain())
    else:
        screen.pairs("Put back", {name: count for name, count in report.plain().items() if name != "lost"})
        for line in report.lost:
            screen.say(f"lost: {screen.inert(line)}")
        if not report.lost:
            screen.say("Nothing was lost.")
    return Exit.NEGATIVE if report.lost else Exit.OK


async def _rebuilt(settings: Settings, store: StoreSettings) -> Rebuilt:
    # Loaded here: so that `andon register --help` needs no S3 or Temporal client.
    from collections.abc import AsyncIterator  # noqa: PLC0415

    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from temporalio.client import WorkflowHistory  # noqa: PLC0415

    from andon.adapters.store.s3 import S3EvidenceStore  # noqa: PLC0415
    from andon.audit.rebuild import Rebuild  # noqa: PLC0415
    from andon.register.engine import open_databases  # noqa: PLC0415
    from andon.register.migrate import migrate  # noqa: PLC0415
    from workers.histories import TemporalHistories  # noqa: PLC0415
    from workers.run import connect  # noqa: PLC0415

    try:
        temporal = TemporalHistories(await connect(settings))
    except RuntimeError as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error

    async def histories(incident: str) -> AsyncIterator[WorkflowHistory]:
        async for run, content in temporal.of(incident):
            yield WorkflowHistory.from_json(run.workflow, content.decode())

    migrate(settings.databases)
    databases = open_databases(settings.databases)
    try:
        return await Rebuild(databases.register, S3EvidenceStore(store), histories).run()
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"the evidence store: {error}", Exit.UNREACHABLE) from error
    finally:
        databases.close()


def _settings(where: Where) -> Settings:
    from andon.config import SETTINGS_FILE_VARIABLE, Settings  # noqa: PLC0415 - so that --help is quick

    path = settings_file(where)
    if path.exists():
        os.environ[SETTINGS_FILE_VARIABLE] = str(path)
    try:
        return Settings()
    except ValidationError as error:
        raise CommandError(f"the settings can't be used: {error}", Exit.BAD_INPUT) from error


def _reading(store: StoreSettings, where: Where) -> StoreSettings:
    """Return the store with an identity that may read everything: the auditor's of a ready file, if any."""
    if store.access_key:
        return store
    given = find(where, role="auditor").live("s3")
    names = ("access_key", "secret_key", "endpoint", "bucket")
    try:
        return type(store).model_validate(
            store.model_dump() | {name: given[name] for name in names if name in given}
        )
    except (ValidationError, TypeError) as error:
        raise CommandError("the ready file names no way to the evidence store", Exit.BAD_INPUT) from error
