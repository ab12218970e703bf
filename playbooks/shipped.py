"""Where the shipped policy files are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SHIPPED: Final = Path(__file__).parent


def policy_text(name: str) -> str:
    """Return the text of the shipped policy file `name`, such as `severity.yaml`."""
    return (SHIPPED / name).read_text(encoding="utf-8")
