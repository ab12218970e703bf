"""The policies that ship with Andon, and the one reader of policy files, shipped or an organisation's own."""

from __future__ import annotations

from playbooks.export import export_defaults
from playbooks.forms import Prefill
from playbooks.registers import load_people, load_system, load_systems
from playbooks.senders import load_source, load_sources
from playbooks.shelf import Shelf, load
from playbooks.shipped import policy_text

__all__ = [
    "Prefill",
    "Shelf",
    "export_defaults",
    "load",
    "load_people",
    "load_source",
    "load_sources",
    "load_system",
    "load_systems",
    "policy_text",
]
