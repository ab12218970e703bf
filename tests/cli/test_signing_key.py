"""Opening one's own SSH key: as ssh does it, with the passphrase asked on a terminal and nowhere else."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from select import select

import pytest

from andon.cli.outcome import CommandError
from andon.cli.signing_key import open_key, open_signer, public_half, sign_ssh
from andon.domain.personal_keys import check_signature, ssh_key
from tests.openssh import agent_with, needs_ssh_keygen, new_key, public_line_of, ssh_keygen

pytestmark = needs_ssh_keygen

SAID = b'{"option":"confirmed"}'
OPENING = """
import sys
from pathlib import Path
from andon.cli.outcome import CommandError
from andon.cli.signing_key import open_key, public_half
try:
    print("opened", public_half(open_key(Path(sys.argv[1]))).id)
except CommandError as error:
    print("refused", error.message)
"""


def opened_on_a_terminal(path: Path, *typed: str) -> str:
    """Open a key in a process of its own terminal, on which `typed` is typed once it is asked for."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", OPENING, path],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads are forked over
    )
    os.close(theirs)
    try:
        shown = "".join(_answered(ours, one) for one in typed) + _read_until(
            ours, "\n", after="opened|refused"
        )
        running.wait(timeout=20)
    finally:
        running.kill()
        running.wait(timeout=5)
        os.close(ours)
    return shown


def _answered(terminal: int, line: str) -> str:
    shown = _read_until(terminal, ": ", after="Passphrase")
    os.write(terminal, line.encode() + b"\n")
    return shown


def _read_until(terminal: int, end: str, *, after: str) -> str:
    shown = ""
    while not any((found := shown.find(word)) >= 0 and end in shown[found:] for word in after.split("|")):
        ready, _, _ = select([terminal], [], [], 20)
        assert ready, f"nothing more came after {shown!r}"
        shown += os.read(terminal, 4096).decode()
    return shown


def test_what_an_opened_key_signs_is_verified_with_its_public_line(tmp_path: Path) -> None:
    path = new_key(tmp_path / "id")
    key = open_key(path)
    check_signature(SAID, sign_ssh(SAID, key), ssh_key(public_line_of(path)))
    assert public_half(key).id == ssh_key(public_line_of(path)).id


def test_a_passphrase_is_asked_for_on_the_terminal_and_not_shown(tmp_path: Path) -> None:
    path = new_key(tmp_path / "id", passphrase="correct horse")
    shown = opened_on_a_terminal(path, "correct horse")
    assert f"opened {ssh_key(public_line_of(path)).id}" in shown
    assert "correct horse" not in shown


def test_a_mistyped_passphrase_is_asked_for_again(tmp_path: Path) -> None:
    path = new_key(tmp_path / "id", passphrase="correct horse")
    shown = opened_on_a_terminal(path, "corect horse", "", "correct horse")
    assert "that was not it" in shown
    assert "opened" in shown


def test_three_wrong_passphrases_are_enough(tmp_path: Path) -> None:
    path = new_key(tmp_path / "id", passphrase="correct horse")
    assert "that is not its passphrase" in opened_on_a_terminal(path, "a", "b", "c")


def test_without_a_terminal_no_passphrase_is_read_from_anywhere(tmp_path: Path) -> None:
    path = new_key(tmp_path / "id", passphrase="correct horse")
    ended = subprocess.run(
        [sys.executable, "-c", OPENING, path],
        input="correct horse\n",
        env={**os.environ, "SSH_ASKPASS": "/bin/true", "ANDON_PASSPHRASE": "correct horse"},
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "no terminal to ask" in ended.stdout


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_key_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = new_key(tmp_path / "id")
    path.chmod(mode)
    with pytest.raises(CommandError, match="chmod 600"):
        open_key(path)


def test_the_public_half_in_the_place_of_the_key_is_named_as_such(tmp_path: Path) -> None:
    new_key(tmp_path / "id")
    with pytest.raises(CommandError, match=r"without \.pub"):
        open_key(tmp_path / "id.pub")


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no Ed25519 key"):
        open_key(new_key(tmp_path / "id", kind="ecdsa"))


def test_what_is_no_key_is_refused_at_once(tmp_path: Path) -> None:
    text = tmp_path / "notes"
    text.write_text("buy milk")
    text.chmod(0o600)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (text, tmp_path, tmp_path / "nowhere", tmp_path / "pipe"):
        with pytest.raises(CommandError, match=r"no private key|can't be read"):
            open_key(path)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A real ssh-agent, and the key it holds."""
    path = new_key(tmp_path / "held")
    with agent_with(path, tmp_path) as place:
        monkeypatch.setenv("SSH_AUTH_SOCK", place)
        path.unlink()
        yield path.with_name("held.pub")


def test_a_key_that_ssh_agent_holds_signs_though_its_file_is_gone(agent: Path, tmp_path: Path) -> None:
    signer = open_signer(agent)
    signature = signer.sign(SAID)
    check_signature(SAID, signature, ssh_key(agent.read_text()))
    (tmp_path / "sig").write_text(signature.signature)
    (tmp_path / "allowed").write_text(f"ana {agent.read_text()}")
    verify = ("-Y", "verify", "-n", "andon.response", "-I", "ana")
    files = ("-f", tmp_path / "allowed", "-s", tmp_path / "sig")
    assert ssh_keygen(*verify, *files, stdin=SAID).returncode == 0


def test_an_agent_without_this_key_is_said_to_have_none(agent: Path, tmp_path: Path) -> None:
    other = new_key(tmp_path / "other")
    with pytest.raises(CommandError, match="does not sign with this key"):
        open_signer(other.with_name("other.pub")).sign(SAID)


def test_an_agent_that_has_gone_is_said_not_to_answer(
    agent: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "nowhere"))
    with pytest.raises(CommandError, match="does not answer"):
        open_signer(agent).sign(SAID)


def test_without_an_agent_a_public_key_signs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    new_key(tmp_path / "id")
    with pytest.raises(CommandError, match="no ssh-agent runs"):
        open_signer(tmp_path / "id.pub").sign(SAID)


def test_a_public_key_of_another_kind_is_refused_before_any_agent_is_asked(tmp_path: Path) -> None:
    new_key(tmp_path / "id", kind="ecdsa")
    with pytest.raises(CommandError, match="ssh-keygen -t ed25519"):
        open_signer(tmp_path / "id.pub")


def test_a_private_key_in_a_file_signs_as_its_public_half(tmp_path: Path) -> None:
    path = new_key(tmp_path / "id")
    check_signature(SAID, open_signer(path).sign(SAID), ssh_key(public_line_of(path)))
