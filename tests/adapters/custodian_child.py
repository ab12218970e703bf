"""A custodian that goes round once and is killed at one named place."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

from andon.adapters.store.access_log import LockedAccessLog
from andon.adapters.store.s3 import S3EvidenceStore
from andon.bootstrap import open_queries
from andon.bootstrap.custodian import custodian_of
from andon.config import Settings
from andon.register.access_chain import AccessChain
from andon.register.custody import Erasures, Holds
from andon.register.keys import WrappedKeys
from andon.register.scrubbing import Scrubbing

PLACES: Final[dict[str, tuple[type, str]]] = {
    "before the keys are destroyed": (WrappedKeys, "destroy"),
    "between the keys and the entry": (AccessChain, "append"),
    "before the transaction ends": (Erasures, "note_destroyed"),
    "between the entry and the scrubbing": (Scrubbing, "scrub"),
    "before it is called done": (Erasures, "note_scrubbed"),
    "before the entry is locked": (LockedAccessLog, "lock"),
    "before a hold is remembered": (Holds, "note_held"),
    "before a hold is settled": (Holds, "settle"),
}
"""Each is a call at whose beginning the process dies."""


def die(*_: Any, **__: Any) -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(settings: Path, place: str) -> None:
    """Go round once; never come to the end."""
    owner, name = PLACES[place]
    setattr(owner, name, die)
    read = Settings.model_validate_json(settings.read_text())
    keeper = custodian_of(read, open_queries(read), S3EvidenceStore(read.store))
    asyncio.run(keeper.round())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
