"""`andon worker` and `andon migrate`: processes that a supervisor starts."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from andon.cli.outcome import CommandError, Exit

if TYPE_CHECKING:
    from andon.config import Settings


def worker(*, queue: str, ready_file: Path | None = None) -> int:
    """Serve one task queue until told to stop.

    Settings come from the file that $ANDON_SETTINGS names, and from the environment.

    Example: andon worker --queue andon

    Args:
        queue: andon, andon-evidence, andon-evaluation or andon-custody.
        ready_file: written once the queue is polled; with the embedded profile,
            DATA/run/worker-QUEUE.ready.
    """
    # Loaded here: `andon migrate` needs no workflow code.
    from workers.run import run_worker  # noqa: PLC0415

    found = _settings()
    _log(found.log_level)
    if ready_file is None and found.profile == "embedded":
        ready_file = found.data_dir / "run" / f"worker-{queue}.ready"
    try:
        run_worker(found, queue, ready_file)
    except RuntimeError as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error
    return Exit.OK


def migrate() -> int:
    """Bring the databases to this release's form; a repeat changes nothing.

    Settings come from the file that $ANDON_SETTINGS names, and from the environment. Without that file
    the environment has to name all three databases: none is made where the command happens to run.

    Example: ANDON_SETTINGS=.andon/settings.json andon migrate
    """
    # Loaded here: a worker does not migrate.
    from andon.register.migrate import migrate as bring_to_head  # noqa: PLC0415

    found = _settings()
    _refuse_defaults(found)
    _log(found.log_level)
    bring_to_head(found.databases)
    return Exit.OK


def _settings() -> Settings:
    from andon.config import settings  # noqa: PLC0415 - so that --help is quick

    try:
        return settings()
    except ValidationError as error:
        raise CommandError(f"the settings can't be used: {error}", Exit.BAD_INPUT) from error


def _refuse_defaults(found: Settings) -> None:
    """Refuse databases that nobody named: their defaults lie in the current folder."""
    from andon.config import SETTINGS_FILE_VARIABLE, DatabaseSettings  # noqa: PLC0415 - as in _settings

    unnamed = DatabaseSettings.model_fields.keys() - found.databases.model_fields_set
    if unnamed and not os.environ.get(SETTINGS_FILE_VARIABLE):
        variables = " and ".join(f"ANDON_DATABASES__{name.upper()}" for name in sorted(unnamed))
        raise CommandError(
            f"nothing says where the databases are: set {SETTINGS_FILE_VARIABLE} to the settings file, such "
            f"as .andon/settings.json, or {variables} to SQLAlchemy URLs",
            Exit.BAD_INPUT,
        )


def _log(level: str) -> None:
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
