"""What the command line says to somebody who mistypes, and that it says what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from andon.cli.course import in_words
from andon.cli.main import main
from tests.cli.running import Servant

Printed = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    "name", ["evidence", "change", "people", pytest.param("audit", marks=pytest.mark.long)]
)
def test_each_command_below_another_has_a_line_in_its_list(name: str, capsys: Printed) -> None:
    assert main([name, "--help"]) == 0
    begun = [line.strip(" │") for line in capsys.readouterr().out.splitlines() if line.startswith("│ ")]
    assert begun
    assert not [line for line in begun if line.isalpha() and line.islower()]


def test_help_may_be_asked_for_as_a_word(capsys: Printed) -> None:
    assert main(["help", "definitions"]) == 0
    asked = capsys.readouterr().out
    assert main(["definitions", "-h"]) == 0
    assert capsys.readouterr().out == asked
    assert main(["help"]) == 0
    assert "Look and prove" in capsys.readouterr().out


MISTAKES = {
    "a word that is missing": (["show"], "`andon show` takes INCIDENT, and it is missing"),
    "a value that is missing": (["show", "x", "--as"], "takes --as, and a value after it is missing"),
    "a word too many": (["show", "x", "y"], "has no place for 'y'"),
    "which page helps": (["show"], "`andon show --help` shows all it takes"),
    "a page below another": (["evidence", "list"], "`andon evidence list --help`"),
    "no terminal escapes": (["show", "x", "\x1b[31m"], "\\x1b[31m"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_said_in_one_line_with_the_page_that_helps(name: str, capsys: Printed) -> None:
    words, says = MISTAKES[name]
    assert main(words) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.count("\n") == 1
    assert not told.out


@pytest.mark.parametrize("named", ["../systems", "INC-1/evidence", "..", " ", "a" * 100_000])
def test_an_id_never_leads_to_another_address(
    named: str, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setenv("ANDON_CONSOLE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ANDON_TOKEN", "x")
    assert main(["show", named]) == 2
    told = capsys.readouterr().err
    assert "is no id" in told
    assert len(told) < 400


PLACES = {
    "an address without its scheme": ("localhost:1", "x", "http:// or https://", 2),
    "a token with a letter that none has": ("http://127.0.0.1:1", "t\u00f6ken", "copy it again", 2),
    "a token with a line break": ("http://127.0.0.1:1", "a\nb", "copy it again", 2),
    "nobody at the address": ("http://127.0.0.1:1", "x", "Is `andon up` running", 3),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_place_that_cant_be_used_is_told_with_what_to_do(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    url, token, says, code = PLACES[name]
    monkeypatch.setenv("ANDON_CONSOLE_URL", url)
    monkeypatch.setenv("ANDON_TOKEN", token)
    assert main(["list"]) == code
    assert says in capsys.readouterr().err


def test_who_wants_to_stop_while_no_door_answers_is_told_what_holds(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.setenv("ANDON_DOOR_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ANDON_TOKEN", "x")
    assert main(["stop", "refund_desk", "--reason", "harm"]) == 3
    assert "every flag is its code default" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("within", "words"),
    [
        ("PT1H30M", "1 h 30 min"),
        ("P1D", "1 d"),
        ("same business day, at most PT8H", "same business day, at most 8 h"),
        ("2 business days", "2 business days"),
        (None, ""),
    ],
)
def test_how_long_something_may_take_is_said_in_words(within: str | None, words: str) -> None:
    assert in_words(within) == words


REFUSED = {
    "an option by the name that people type": (
        (400, {"detail": "query.asked_of.literal['me']: Input should be 'me'"}),
        "--asked-of: Input should be 'me' (400)",
    ),
    "an incident that is not there": ((404, {"detail": "no incident 'INC-1'"}), "`andon list --state all`"),
    "a token that is not in force": (
        (401, {"detail": "Send a token"}),
        "the access token is wrong, expired or revoked",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_to_do_next(name: str, servant: Servant, ready: Path, capsys: Printed) -> None:
    answer, says = REFUSED[name]
    servant.answers["/v1/incidents"] = answer
    assert main(["list", "--ready-file", str(ready)]) in {2, 4}
    assert says in capsys.readouterr().err
