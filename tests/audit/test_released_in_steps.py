"""An incident that was let go in steps, on and back, is verified and replayed like any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from andon.audit.replay import replay
from andon.audit.verify import verify
from andon.domain.declaration import Declared
from andon.domain.ledger import Kind
from tests.audit.story import ORDER, SEED, trust_in, whole_story
from tests.audit.test_real_incidents import TRUSTED, at_rest, exported_from, findings
from tests.workflows.test_release_steps import FlagParts, flag_parts, released, say, step

WITHOUT = "lets go by nothing, which does not allow it"


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[FlagParts]:
    yield from flag_parts(tmp_path)


@pytest.mark.long
async def test_steps_on_and_back_hold_before_the_verifier_and_replay(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    async with released(environment, parts) as case:
        await say(case, Declared.STEP_ON, 2)
        await step(case, 2)
        await say(case, Declared.STEP_ON, 3)
        await step(case, 3)
        await say(case, Declared.STEP_BACK, 2)
        await step(case, 2)
        await say(case, Declared.STEP_ON, 3)
        await case.entries(Kind.RESTARTED, 2)
        runs = await at_rest(environment, case)
        report = verify(exported_from(case, runs), TRUSTED)
    assert findings(report) == []
    replayed = [await replay(run, environment.client.namespace) for run in runs]
    assert [one.problem for one in replayed] == [None] * len(runs)


def test_a_step_that_rests_on_no_decision_is_found() -> None:
    story = whole_story()
    story.rewrite(story.find(Kind.RESTARTED), kind=Kind.RELEASE_STEP, subject="", after="full")
    assert any(WITHOUT in one for one in findings(verify(story.exported(), trust_in(SEED))))


def test_keeping_what_was_let_go_is_found() -> None:
    story = whole_story()
    story.rewrite(story.find(Kind.RESTARTED), kind=Kind.ORDER_KEPT, subject=ORDER)
    assert any("which was not in force" in one for one in findings(verify(story.exported(), trust_in(SEED))))
