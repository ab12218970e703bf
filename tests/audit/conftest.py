"""The real servers that incidents are recorded on: Temporal, and the hardened evidence store."""

from tests.embedded.conftest import shared_stores
from tests.workflows.conftest import environment

__all__ = ["environment", "shared_stores"]
