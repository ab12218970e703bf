"""The real Temporal server that incidents are recorded on."""

from tests.workflows.conftest import environment

__all__ = ["environment"]
