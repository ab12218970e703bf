"""The people of the demo, who do everything through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

PATIENCE_SECONDS: Final = 60.0
LOOK_EVERY_SECONDS: Final = 0.2
TRACE_DIGITS: Final = 32
"""Of a trace id; an item of this kind may also hold log records that belong to no trace."""

T = TypeVar("T")


class DemoError(Exception):
    """Something did not happen as it must."""


@dataclass(frozen=True)
class Cast:
    """Runs `andon` as somebody."""

    ready: Path
    log: Path

    def run(self, *command: str, role: str = "responder", fine: tuple[int, ...] = (0,)) -> str:
        """Run one command and return what it printed.

        Raises:
            DemoError: it ended with a code that is not among the fine ones.
        """
        full = [
            sys.executable,
            "-m",
            "andon.cli.main",
            *command,
            "--ready-file",
            str(self.ready),
            "--as",
            role,
        ]
        done = subprocess.run(full, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)  # noqa: S603 - our own program
        with self.log.open("a") as log:
            log.write(f"$ andon {' '.join(command)} --as {role}\n{done.stdout}{done.stderr}\n")
        if done.returncode not in fine:
            raise DemoError(f"andon {' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def ask(self, *command: str, role: str = "auditor") -> Any:
        """Run one command and return its JSON."""
        return json.loads(self.run(*command, "--json", role=role))

    def incident(self, incident: str) -> dict[str, Any]:
        """Look at the incident."""
        shown: dict[str, Any] = self.ask("show", incident)
        return shown

    def traced(self, incident: str) -> list[str]:
        """Say of one preserved trace what led to its output, and what of that was not seen."""
        preserved = self.ask("evidence", "list", incident)["items"]
        named = [str(one["id"]).rsplit("/", 1)[-1] for one in preserved if one["kind"] == "application_log"]
        trace = next((one for one in named if len(one) == TRACE_DIGITS), None)
        if trace is None:
            return ["no trace was preserved"]
        told = self.run("evidence", "trace", trace, "--incident", incident, "--json", fine=(0, 1))
        tree = json.loads(told)["tree"]
        seen = sum(1 for one in tree["links"] if one["steps"])
        missing = [str(one["says"]) for one in tree["missing"]]
        steps = f"trace {trace[:8]}: {len(tree['steps'])} steps, {seen} of {len(tree['links'])} links seen"
        return [steps, *missing]

    def key_of(self, role: str) -> Path:
        """Make an SSH key for somebody and let them prove that it is theirs; return the private file."""
        private = self.ready.parent / f"{role}_ed25519"
        key = Ed25519PrivateKey.generate()
        private.touch(mode=0o600)
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
        public = private.with_suffix(".pub")
        public.write_bytes(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
        self.run("keys", "add", str(private), "--label", "made for the demo", role=role)
        return private

    def answer(
        self,
        incident: str,
        kind: str,
        option: str,
        role: str,
        reason: str,
        *findings: str,
        key: Path | None = None,
    ) -> Any:
        """Answer the open question of a kind, once it is put; with a key, sign it."""
        question = self.question(incident, kind)
        extra = [part for finding in findings for part in ("--finding", finding)]
        extra += ["--key", str(key)] if key else []
        return json.loads(
            self.run("respond", incident, question, option, "--reason", reason, *extra, "--json", role=role)
        )

    def question(self, incident: str, kind: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Wait for an open question of a kind and return its id."""

        def put() -> str | None:
            asked = [one for one in self.incident(incident)["decisions"] if one["kind"] == kind]
            return next((str(one["id"]) for one in asked if one["state"] == "open"), None)

        return until(put, f"the question {kind}", seconds)


def until(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Look again until there is something to see.

    Raises:
        DemoError: it did not come in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(LOOK_EVERY_SECONDS)
    raise DemoError(f"{what} did not come within {seconds:.0f} s")
