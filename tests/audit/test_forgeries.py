"""Every way to forge a bundle is found, and by the step that is there for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from andon.audit.offline import verify_bundle
from tests.audit.bundled import TRUST, Made
from tests.audit.forged_chains import ANSWERS, CHAINS, COURSES, HISTORIES
from tests.audit.forged_packages import CHECKPOINTS, EVIDENCE, PACKAGES
from tests.audit.forging import Forgery, Scene
from tests.audit.story import named

FORGERIES: dict[str, Forgery] = PACKAGES | CHECKPOINTS | EVIDENCE | CHAINS | ANSWERS | COURSES | HISTORIES
AT_LEAST = 60
SHORT = 12
"""One in so many runs with every change; the others in `make long`."""


def test_there_are_enough_of_them() -> None:
    tables = (PACKAGES, CHECKPOINTS, EVIDENCE, CHAINS, ANSWERS, COURSES, HISTORIES)
    assert len(FORGERIES) == sum(map(len, tables)) >= AT_LEAST
    print(f"{len(FORGERIES)} forgeries")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if number % SHORT == 0 else pytest.mark.long)
        for number, name in enumerate(FORGERIES)
    ],
)
def test_a_forgery_is_found_by_the_step_that_is_there_for_it(
    name: str, bundle: Path, made: Made, tmp_path: Path
) -> None:
    forgery = FORGERIES[name]
    report = verify_bundle(forgery.build(Scene(bundle, made, tmp_path)), TRUST, pinned=made.pinned)
    found = named(report)
    assert any(forgery.words in text for text in found.get(forgery.step, [])), found
