"""A workflow's shape changes on purpose only."""

from __future__ import annotations

import json

from tests.replay.fingerprint import COMMITTED, shape, shapes

ADVICE = """
The commands of a workflow module changed. Open incidents replay on this code, so a change that alters
what an existing history would do must stand behind `workflow.patched("<id>")`, with the old branch kept.
If the recorded histories still replay and open incidents are safe, write the new shape with
`python -m tests.replay.fingerprint`, and record histories for the release that brings it.
"""


def test_the_commands_of_each_workflow_are_those_committed() -> None:
    assert shapes() == json.loads(COMMITTED.read_text()), ADVICE


def test_an_added_command_changes_the_shape() -> None:
    before = "async def run(self):\n    await workflow.execute_activity_method(A.b, c)\n"
    after = before + "    await workflow.sleep(timedelta(seconds=1))\n"
    assert shape(before) == ["execute_activity_method(A.b)"]
    assert shape(after) != shape(before)
