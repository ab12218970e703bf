"""A step of a release can take a decision of its own; until it is made, what stands goes on standing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from temporalio.testing import WorkflowEnvironment

from andon.domain.declaration import Declared
from andon.domain.directory import Role
from andon.domain.ledger import Kind
from andon.domain.release import ReleaseStep
from andon.domain.response import Refusal
from andon.domain.stage import Stage
from tests.workflows.test_release_steps import FlagParts, flag_parts, held, released, say, step

SECOND = timedelta(seconds=1)
LIMITED_THEN_ALL = tuple(
    ReleaseStep.model_validate(one)
    for one in ({"partial": 20, "hold_for": "PT1S"}, {"full": {}, "approval": True})
)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[FlagParts]:
    yield from flag_parts(tmp_path)


def test_a_step_with_an_approval_is_written_beside_what_it_is() -> None:
    assert [one.approval for one in LIMITED_THEN_ALL] == [False, True]
    assert ReleaseStep.model_validate("full").approval is False
    with pytest.raises(ValidationError, match="with `hold_for` and `approval` beside it"):
        ReleaseStep.model_validate({"full": {}, "approved_by": "bela"})


async def test_the_rest_is_let_go_only_after_an_approval_of_its_own(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    async with released(environment, parts, LIMITED_THEN_ALL) as case:
        await step(case, 1)
        first = await case.until(lambda state: len(state.decisions) and state.release)
        asked = await case.question("restart")
        assert set(held(parts).values()) == {"20%"}
        assert (await say(case, Declared.STEP_ON, 2)).refusal is Refusal.ALREADY_SO
        await case.restart()
        state = await step(case, 2)
        assert held(parts) == {}
        assert state.release is not None
        assert state.release.decision == asked.id != first.release.decision  # type: ignore[union-attr]


@pytest.mark.long
async def test_one_who_says_no_to_the_rest_has_everything_held_again(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    async with released(environment, parts, LIMITED_THEN_ALL) as case:
        await step(case, 1)
        assert (await case.answer("restart", "keep_stopped", Role.BUSINESS_OWNER)).accepted
        await case.until(lambda state: state.relapses == 1 and state.stage is Stage.INVESTIGATE)
        assert parts.book.of(Kind.RELAPSE)[0].facts["saw"] == "step_not_approved"
        assert set(held(parts).values()) == {None}


@pytest.mark.long
async def test_a_relapse_while_the_approval_is_waited_for_voids_the_question(
    environment: WorkflowEnvironment, parts: FlagParts
) -> None:
    async with released(environment, parts, LIMITED_THEN_ALL) as case:
        await step(case, 1)
        asked = await case.question("restart")
        parts.versions.running = "changed behind our back"
        state = await case.until(lambda state: state.relapses == 1 and state.stage is Stage.INVESTIGATE)
        assert state.decisions[asked.id].superseded
