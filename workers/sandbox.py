"""The sandbox workflows run in: deterministic code is checked, and the domain is loaded once.

The sandbox imports a workflow's own modules anew for each run. Rules and models are passed
through, since loading them again costs tens of milliseconds; `workflows` never is, since that
would silently switch off the checks of time, chance and uuid.
"""

from __future__ import annotations

from typing import Final

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from workers.loading import read_workflows_once

PASSED_THROUGH: Final = (
    "andon.domain",
    "andon.ports",
    "activities",
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_inspection",
    "rfc8785",
    "cryptography",
)


def sandbox_runner() -> SandboxedWorkflowRunner:
    """Return the runner used by workers, tests and replay alike."""
    read_workflows_once()
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return SandboxedWorkflowRunner(restrictions=restrictions)
