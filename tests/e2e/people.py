"""What people and programs send from outside: HTTP with a token, the command line, Temporal's own program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import httpx

from examples.demo.cast import until
from tests.answers import fitting
from tests.cli.running import andon
from tests.e2e.scene import Scene

TEMPORAL: Final = Path(sys.executable).with_name("temporal")
PATIENCE_SECONDS: Final = 60.0
Body = dict[str, Any]


class People:
    """Acts on one scene, each time in a named role."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def ask(self, role: str, path: str, *, at: str = "console", **query: str) -> httpx.Response:
        """Read something."""
        return httpx.get(
            self.scene.ready[at] + path, params=query, headers=self._token(role), timeout=20, trust_env=False
        )

    def send(
        self, role: str, path: str, body: Body | bytes, *, at: str = "door", key: str = "", **query: str
    ) -> httpx.Response:
        """Send JSON, or the bytes given."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        return httpx.post(
            self.scene.ready[at] + path,
            params=query,
            content=content,
            headers={**self._token(role), **headers},
            timeout=40,
            trust_env=False,
        )

    def report(self, body: Body, role: str = "responder", **query: str) -> Body:
        """Report a detection that must be taken."""
        answer = self.send(role, "/v1/detections", body, **query)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def contained(self, body: Body, role: str = "responder") -> Body:
        """Report a detection and wait for proof of containment."""
        answer = self.report(body, role, wait="contained", timeout="20")
        assert answer["contained"], answer
        return answer

    def incident(self, name: str) -> Body:
        """Read an incident whole."""
        answer = self.ask("auditor", f"/v1/incidents/{name}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ledger(self, name: str, kind: str = "") -> list[Body]:
        """Read the entries of an incident's chain, of one kind or all."""
        answer = self.ask("auditor", f"/v1/incidents/{name}/ledger", limit="1000")
        assert answer.status_code == 200, answer.text
        return [entry for entry in answer.json()["entries"] if kind in ("", entry["kind"])]

    def refusals(self, name: str) -> list[str]:
        """Read why answers were refused, oldest first."""
        return [entry["facts"]["refusal"] for entry in self.ledger(name, "response_refused")]

    def question(self, name: str, kind: str) -> str:
        """Wait for the open question of a kind and return its id."""

        def put() -> str | None:
            asked = self.incident(name)["decisions"]
            return next(
                (str(one["id"]) for one in asked if (one["kind"], one["state"]) == (kind, "open")), None
            )

        return until(put, f"question {kind} of {name}", PATIENCE_SECONDS)

    def answer(
        self, name: str, question: str, option: str, role: str, *, key: str = "", **findings: str
    ) -> httpx.Response:
        """Answer a question through the console."""
        body = {"option": option, "reason": f"{option}, says {role}", "findings": findings}
        path = f"/v1/incidents/{name}/decisions/{question}/responses"
        return self.send(role, path, body, at="console", key=key)

    def settle(self, name: str, kind: str, option: str, *roles: str, **findings: str) -> None:
        """Wait for a question and have each role give the same answer, which must count.

        What the option wants to be said besides is filled in, as far as `findings` does not say it.
        """
        question = self.question(name, kind)
        findings = self.wanted(name, question, option) | findings
        for role in roles:
            answer = self.answer(name, question, option, role, **findings)
            assert answer.status_code == 200, answer.text

    def wanted(self, name: str, question: str, option: str) -> dict[str, str]:
        """Return what an option wants to be said besides, with values it takes."""
        asked = next(one for one in self.incident(name)["decisions"] if one["id"] == question)
        wants = next(one["wants"] for one in asked["options"] if one["id"] == option)
        items = self.ask("auditor", f"/v1/incidents/{name}/evidence").json()["items"]
        found = fitting(
            wants,
            asked["findings"],
            person="erik",
            text="https://example.org/changes/12, merged",
            items=items[0]["sha256"][:16] if items else "",
        )
        if "review" in found:
            self._review(name)
        return {one: value for one, value in found.items() if one != "review"}

    def _review(self, name: str) -> None:
        """Write for each part of the review that has no words yet."""
        place = f"/v1/incidents/{name}/review"
        for part in self.ask("auditor", place).json()["missing"]:
            answer = self.send("incident_lead", f"{place}/{part}", {"text": f"{part}: seen"}, at="console")
            assert answer.status_code == 201, answer.text

    def stand_down(self, name: str) -> None:
        """Have two people say that there was nothing, and wait until the incident is closed."""
        self.settle(name, "triage", "false_positive", "responder", "incident_lead")
        self.reached(name, "closed")

    def reached(self, name: str, state: str) -> Body:
        """Wait until an incident is open or closed."""
        return until(
            lambda: found if (found := self.incident(name))["state"] == state else None,
            f"{name} to be {state}",
            PATIENCE_SECONDS,
        )

    def flag(self, key: str, role: str = "detector") -> Body:
        """Evaluate a flag over OFREP."""
        answer = self.send(role, f"/ofrep/v1/evaluate/flags/{key}", {"context": {}}, at="ofrep")
        return dict(answer.json())

    def andon(self, *words: str | Path, check: int = 0) -> str:
        """Run `andon` on the scene and return what it printed."""
        env = {"ANDON_READY": str(self.scene.setting.ready)}
        return andon(*words, cwd=self.scene.root, env=env, check=check).stdout

    def said(self, *words: str | Path, check: int = 0) -> Any:
        """Run `andon` with --json and return what it said."""
        return json.loads(self.andon(*words, "--json", check=check))

    def temporal(self, verb: str, name: str, *words: str) -> bytes:
        """Run Temporal's own program on an incident's workflow and return what it printed."""
        address = ["--address", self.scene.ready["temporal"], "--namespace", "andon"]
        return subprocess.run(
            [TEMPORAL, "workflow", verb, *address, "--workflow-id", f"incident/{name}", *words],
            check=True,
            capture_output=True,
            timeout=30,
        ).stdout

    def signal(self, name: str, signal: str, content: object) -> None:
        """Signal an incident's workflow past all of Andon's own doors."""
        self.temporal("signal", name, "--name", signal, "--input", json.dumps(content))

    def _token(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.scene.ready['tokens'][role]}"}
