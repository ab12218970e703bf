"""The words of a question, as the policy it is pinned to has them, and the digest of what was shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import TypeAdapter

from andon.domain.decision import DecisionKind, DecisionRequest
from andon.domain.errors import NotFoundError
from andon.domain.rights import Wording
from andon.domain.task import Shown, TaskWording
from andon.domain.values import Sha256Hex

SHOWN = "andon.shown/1"

_WORDINGS = TypeAdapter(dict[DecisionKind, Wording])
_TASKS = TypeAdapter(dict[str, TaskWording])


class PolicyTexts(Protocol):
    """Policy snapshots by content."""

    def get(self, digest: str) -> str:
        """Return a snapshot as JSON."""


@dataclass(frozen=True, slots=True)
class _Words:
    wording: Mapping[DecisionKind, Wording] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    guidance: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, TaskWording] = field(default_factory=dict)


class Wordings:
    """The words of each policy snapshot; a snapshot never changes, so it is read once."""

    def __init__(self, policies: PolicyTexts) -> None:
        self._policies = policies
        self._known: dict[Sha256Hex, _Words] = {}

    def of(self, request: DecisionRequest) -> Wording:
        """Return the wording a question was put with; plain ids where the policy has none."""
        return self.of_kind(request.policy, request.kind)

    def of_kind(self, policy: Sha256Hex, kind: DecisionKind) -> Wording:
        """Return the wording of one kind of question under a policy."""
        found = self._words(policy).wording.get(kind)
        if found is not None:
            return found
        return Wording(title=kind.replace("_", " ").capitalize(), question="", options={})

    def why(self, policy: Sha256Hex, rule: str) -> str:
        """Return the sentence of a severity rule; empty where the policy has none."""
        return self._words(policy).rules.get(rule, "")

    def guidance(self, policy: Sha256Hex, playbook: str) -> str:
        """Return what a playbook tells those who work with the AI system."""
        return self._words(policy).guidance.get(playbook, "")

    def task(self, policy: Sha256Hex, code: str) -> TaskWording:
        """Return how a task is put; its code where the policy has no words."""
        found = self._words(policy).tasks.get(code)
        title = code.replace("_", " ").capitalize()
        return found or TaskWording(title=title, ask=title, shows=(Shown.REPORT,))

    def _words(self, digest: Sha256Hex) -> _Words:
        if digest not in self._known:
            try:
                snapshot = json.loads(self._policies.get(digest))
            except NotFoundError:
                return _Words()
            self._known[digest] = _words(snapshot)
        return self._known[digest]


def _words(snapshot: Mapping[str, Any]) -> _Words:
    severity = snapshot.get("severity", {})
    rules = (*severity.get("rules", ()), *severity.get("bumps", ()))
    playbooks = snapshot.get("playbooks", {})
    return _Words(
        tasks=_TASKS.validate_python(snapshot.get("rights", {}).get("task_wording", {})),
        wording=_WORDINGS.validate_python(snapshot.get("rights", {}).get("wording", {})),
        rules={rule["id"]: rule.get("why", "") for rule in rules},
        guidance={name: playbook.get("guidance", "") for name, playbook in playbooks.items()},
    )


def shown(request: DecisionRequest, wording: Wording) -> dict[str, Any]:
    """Return what a person is shown of a question, as JSON; a statement carries its digest."""
    return {
        "shown": SHOWN,
        "incident": request.incident,
        "decision": request.id,
        "request": request.digest(),
        "title": wording.title,
        "question": wording.question,
        "options": [
            {"id": option.id, "does": wording.options.get(option.id, "")} for option in request.options
        ],
        "binding": request.binding.model_dump(mode="json"),
        "policy": request.policy,
        **({"about": request.about} if request.about else {}),
        **({"text": request.subject} if request.subject else {}),
    }
