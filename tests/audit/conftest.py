"""The real servers that incidents are recorded on, and one real incident exported once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from andon.domain.evidence import Manifest
from andon.domain.incident import IncidentView, OpenIncident
from andon.ports import Captured
from tests import fakes
from tests.audit.bundled import Made, made_from
from tests.embedded.conftest import shared_stores
from tests.workflows.case import Parts, opened
from tests.workflows.conftest import environment

__all__ = ["environment", "shared_stores"]

SPANS = fakes.ListSource(
    "recorder",
    found=[
        Captured(kind=kind, content=f"{kind} of the case".encode(), content_type="text/plain", name=kind)
        for kind in ("input", "output", "tool_call")
    ],
)


@dataclass
class Seen:
    """What the register would have of it as well."""

    view: IncidentView
    opening: OpenIncident
    manifests: tuple[Manifest, ...]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def told(environment: WorkflowEnvironment) -> AsyncIterator[tuple[Made, Seen]]:
    """Return a real incident from opening to close, with everything an export takes in."""
    from tests.audit.test_real_incidents import at_rest, restarted  # noqa: PLC0415 - see above

    async with opened(environment, Parts(sources={"recorder": SPANS})) as case:
        await restarted(case)
        made = made_from(case, await at_rest(environment, case))
        manifests = tuple(one for _, one in sorted(case.parts.evidence.manifests.items()))
        found = made, Seen(case.parts.book.views[-1], case.opening, manifests)
    # Its workers have ended: other tests start their own for the same queues.
    yield found


@pytest.fixture(scope="session")
def made(told: tuple[Made, Seen]) -> Made:
    """Return that incident as an export takes it in."""
    return told[0]


@pytest.fixture(scope="session")
def seen(told: tuple[Made, Seen]) -> Seen:
    """Return that incident as the register shows it."""
    return told[1]


@pytest.fixture(scope="session")
def bundle(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return that incident as a bundle in a folder; copy it before you change it."""
    return made.write(tmp_path_factory.mktemp("bundle") / "whole")
