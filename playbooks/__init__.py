"""The policies that ship with Andon, as text."""

from __future__ import annotations

from importlib.resources import files


def policy_text(name: str) -> str:
    """Return the text of the shipped policy file `name`, such as `severity.yaml`."""
    return files("playbooks").joinpath(name).read_text(encoding="utf-8")
