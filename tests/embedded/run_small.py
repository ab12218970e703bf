"""Run one small part, which starts a child with a session and an environment of its own.

Arguments: the data folder, the people file, the ready file, whether the child keeps the mark.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from andon.cli.up import start
from infra.embedded.folder import DataFolder
from infra.embedded.part import Layer, Part, Say
from infra.embedded.settings_file import Policies
from infra.embedded.stack import Prepared
from tests.embedded.running import eventually

data, people, ready = (Path(argument) for argument in sys.argv[1:4])
CLEARED = "" if sys.argv[4] == "marked" else "env -i"
CHILD = data / "run" / "child.pid"


def small(prepared: Prepared) -> Sequence[Part]:
    async def has_started(say: Say) -> None:
        say("its child")
        eventually(lambda: CHILD.exists() and CHILD.read_text() != "", 10, "a child")

    script = f"setsid {CLEARED} /bin/sh -c 'echo $$ > {CHILD}; exec sleep 60' & exec sleep 60"
    part = Part(
        name="parent",
        argv=("/bin/sh", "-c", script),
        environment={"PATH": "/usr/bin:/bin"},
        folder=prepared.folder.root,
        layer=Layer.WORKERS,
        ready=has_started,
        before_start=(CHILD,),
    )
    return (part,)


policies = Policies(systems=data, playbooks=data, people=people)
code = start(DataFolder(data), policies, small, ready_file=ready, as_json=True)
sys.stdout.flush()
os._exit(code)
