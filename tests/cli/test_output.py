"""Where output goes: pipes that close, disks that are full, encodings and terminals of any width."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from andon.cli import screen

ANDON = [sys.executable, "-P", "-m", "andon.cli.main"]


class Terminal(io.StringIO):
    """Text as a terminal would get it."""

    def isatty(self) -> bool:
        return True


ROWS = [("INC-20261122-xg0s4n", "high", "triage_classify"), ("INC-20261122-utblnv", "low", "")]


def _printed(width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    screen.table("Incidents", ("incident", "severity", "stage"), ROWS, empty="None.")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    return [line.rstrip() for line in plain.splitlines()]


def test_a_wide_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "INC-20261122-xg0s4n  high      triage_classify" in _printed(80, monkeypatch)


def test_a_narrow_terminal_gets_names_and_values_and_no_word_cut_in_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = _printed(40, monkeypatch)
    assert found[1:4] == ["incident  INC-20261122-xg0s4n", "severity  high", "stage     triage_classify"]
    assert found[-2:] == ["incident  INC-20261122-utblnv", "severity  low"]
    assert max(len(line) for line in found) <= 40


def test_who_reads_no_further_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(BrokenPipeError):
        screen.say("a line")


def _ended(words: list[str], redirected: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    command = f'exec "$@" {redirected}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, "sh", *ANDON, *words],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("redirected", "code"), [(">/dev/full", 2), (">&-", 0), ("2>&-", 0), ("<&-", 0), (">&- 2>&-", 0)]
)
def test_an_output_that_takes_nothing_ends_a_command_in_words(redirected: str, code: int) -> None:
    assert _ended(["help"], redirected)[0] == code


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_encoding_that_lacks_a_character_gets_its_number(encoding: str) -> None:
    code, printed = _ended(["show", "--help"], "", {"PYTHONIOENCODING": encoding})
    assert (code, "Show one incident" in printed) == (0, True)


@pytest.mark.long
def test_a_real_terminal_closed_by_its_reader_leaves_no_traceback(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with (tmp_path / "errors").open("w+b") as errors:
        running = subprocess.Popen([*ANDON, "help"], stdout=theirs, stderr=errors)
        os.close(theirs)
        os.close(ours)
        running.wait(60)
        errors.seek(0)
        assert b"Traceback" not in errors.read()
