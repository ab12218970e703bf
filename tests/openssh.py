"""The real `ssh-keygen`, and keys that it made."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SSH_KEYGEN = shutil.which("ssh-keygen")

needs_ssh_keygen = pytest.mark.skipif(
    # In CI, which installs it, these tests are not skipped but fail.
    SSH_KEYGEN is None and not os.environ.get("CI"),
    reason="no ssh-keygen: install it (apt-get install openssh-client) to test against the real OpenSSH",
)


def ssh_keygen(*words: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run `ssh-keygen`; a refusal is an answer, not an error."""
    return subprocess.run(["ssh-keygen", *words], input=stdin, capture_output=True, timeout=20, check=False)


def new_key(path: Path, *, kind: str = "ed25519", passphrase: str = "", comment: str = "ana@laptop") -> Path:
    """Make a key pair and return the private half's path; the public half lies beside it."""
    made = ssh_keygen("-q", "-t", kind, "-N", passphrase, "-C", comment, "-f", path)
    assert made.returncode == 0, made.stderr
    return path


@contextmanager
def agent_with(key: Path, folder: Path) -> Iterator[str]:
    """Run a real ssh-agent that holds `key`, and give the place of its socket."""
    place = str(folder / "agent.sock")
    running = subprocess.Popen(["ssh-agent", "-D", "-a", place], stdout=subprocess.PIPE)
    try:
        assert running.stdout is not None
        assert running.stdout.readline(), "ssh-agent did not start"
        ready = {**os.environ, "SSH_AUTH_SOCK": place}
        subprocess.run(["ssh-add", "-q", key], check=True, capture_output=True, timeout=20, env=ready)
        yield place
    finally:
        running.kill()
        running.communicate(timeout=5)


def public_line_of(path: Path) -> str:
    """Return the public half that lies beside a private key."""
    return path.with_name(path.name + ".pub").read_text()
