"""Commands of this machine as levers: real processes, named by an admin, and nothing left of them."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from andon.adapters.levers.child import MOST_BYTES, run
from andon.config import LeverSettings
from andon.domain.containment import Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError
from andon.register.engine import Databases
from tests.adapters.levers.contract import OTHER, LeverContract, Subject
from tests.adapters.levers.making import control_of, lever_of, rest_long, settings_for

SWITCH = """
place="$2"; lever="$3"
case "$1" in
  put) [ -e "$place/$lever.held" ] && exit 3
       echo "$4 $5 $6" > "$place/$lever.held"; echo "$6" >> "$place/log" ;;
  restore) cat > "$place/$lever.state"; rm -f "$place/$lever.held"; echo "$4" >> "$place/log" ;;
  state) [ -e "$place/$lever.state" ] && cat "$place/$lever.state" || printf open
         [ -e "$place/$lever.held" ] && exit 3 || exit 0 ;;
  probe) [ -e "$place/$lever.held" ] || exit 1 ;;
esac
"""
MISLEADING = (
    "-rf",
    "a b",
    "a;reboot",
    "$(reboot)",
    "`reboot`",
    "a\nb",
    "a|b",
    "a'b",
    'a"b',
    "../*",
    "a\0b",
    "é",
)
WITHIN = timedelta(seconds=5)
OPTIONS = {"put": "stop", "restore": "start", "state": "state", "probe": "probe"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / "switch.sh").write_text(SWITCH)
    return folder


def commands(place: Path) -> dict[str, tuple[str, ...]]:
    script = ("/bin/sh", str(place / "switch.sh"))
    return {
        "stop": (*script, "put", str(place), "{lever}", "{limit}", "{incident}", "{key}"),
        "start": (*script, "restore", str(place), "{lever}", "{key}"),
        "state": (*script, "state", str(place), "{lever}"),
        "probe": (*script, "probe", str(place), "{lever}"),
    }


def settings_of(place: Path) -> LeverSettings:
    return settings_for(commands=commands(place))


def subject_of(
    place: Path, databases: Databases, settings: LeverSettings, options: dict[str, str]
) -> Subject:
    lever = lever_of("command", Verb.DISABLE_ROUTE, options, "chat")

    async def in_force() -> bool:
        return (place / f"{lever.id}.held").exists()

    return Subject(
        control=control_of("command", databases, settings),
        lever=lever,
        in_force=in_force,
        captures="state" in options,
    )


@pytest.fixture
def subject(place: Path, databases: Databases) -> Subject:
    return subject_of(place, databases, settings_of(place), OPTIONS)


class TestCommandLever(LeverContract):
    @pytest.fixture
    def subject(self, place: Path, databases: Databases) -> Subject:
        return subject_of(place, databases, settings_of(place), OPTIONS)


async def test_the_state_before_is_given_back_on_standard_input(subject: Subject, place: Path) -> None:
    (place / f"{subject.lever.id}.state").write_text("two lanes\nopen")
    await subject.apply(subject.order())
    (place / f"{subject.lever.id}.state").write_text("closed")
    await subject.release(subject.order())
    assert (place / f"{subject.lever.id}.state").read_text() == "two lanes\nopen"


async def test_the_arguments_are_those_of_the_order(subject: Subject, place: Path) -> None:
    put = subject.order(incident=OTHER)
    await subject.apply(put)
    assert (place / f"{subject.lever.id}.held").read_text() == f"0 {OTHER} {put.key('apply')}\n"


async def test_commands_without_a_state_are_let_go_all_the_same(place: Path, databases: Databases) -> None:
    bare = {name: OPTIONS[name] for name in ("put", "restore", "probe")}
    subject = subject_of(place, databases, settings_of(place), bare)
    await subject.apply(subject.order())
    assert (await subject.probe(subject.order())).held
    assert await subject.release(subject.order())
    assert not await subject.in_force()


async def test_without_a_probe_nothing_is_ever_proven(place: Path, databases: Databases) -> None:
    bare = {name: OPTIONS[name] for name in ("put", "restore")}
    subject = subject_of(place, databases, settings_of(place), bare)
    await subject.apply(subject.order())
    assert (await subject.probe(subject.order())).saw == "no_probe"


@pytest.mark.parametrize(
    ("code", "held", "saw"), rest_long((0, True, "exit_0"), (1, False, "exit_1"), (2, False, "away"))
)
async def test_a_probe_speaks_by_its_exit_code(
    place: Path, databases: Databases, code: int, held: bool, saw: str
) -> None:
    settings = settings_for(commands={**commands(place), "probe": ("/bin/sh", "-c", f"exit {code}")})
    subject = subject_of(place, databases, settings, OPTIONS)
    await subject.apply(subject.order())
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.saw) == (held, saw)


@pytest.mark.parametrize("code", rest_long((1,), (2,), (127,)))
async def test_a_command_that_fails_is_tried_again(place: Path, databases: Databases, code: int) -> None:
    settings = settings_for(commands={**commands(place), "stop": ("/bin/sh", "-c", f"exit {code}")})
    subject = subject_of(place, databases, settings, OPTIONS)
    with pytest.raises(LeverAwayError, match=f"exit {code}"):
        await subject.apply(subject.order())


async def test_a_value_that_a_program_could_misread_never_reaches_one(subject: Subject, place: Path) -> None:
    for value in MISLEADING:
        subject.lever = subject.lever.model_copy(update={"id": value})
        with pytest.raises(InvalidInputError, match="can't be given"):
            await subject.apply(subject.order())
    assert [path.name for path in place.iterdir()] == ["switch.sh"]


async def test_a_value_is_one_argument_whatever_stands_around_it() -> None:
    ran = await run(
        "l", ("/bin/sh", "-c", 'printf "%s" "$#$1"', "sh", "--to=a b $(id)"), given=b"", within=WITHIN
    )
    assert ran.printed == b"1--to=a b $(id)"


@pytest.mark.parametrize(
    ("options", "settings", "problem"),
    rest_long(
        ({**OPTIONS, "put": "reboot"}, {}, "levers.commands"),
        (OPTIONS, {"state": ("/nowhere/at-all",)}, "can't be started"),
        (OPTIONS, {"state": ("/bin/sh", "{secret}")}, "no {secret}"),
    ),
)
async def test_only_what_settings_name_is_run(
    place: Path,
    databases: Databases,
    options: dict[str, str],
    settings: dict[str, tuple[str, ...]],
    problem: str,
) -> None:
    subject = subject_of(place, databases, settings_for(commands={**commands(place), **settings}), options)
    with pytest.raises(InvalidInputError, match=problem):
        await subject.apply(subject.order())


async def test_nothing_of_our_environment_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDON_PROBE_TOKEN", "secret")
    monkeypatch.setenv("LANG", "C")
    ran = await run("l", ("env",), given=b"", within=WITHIN)
    assert {line.partition("=")[0] for line in ran.printed.decode().splitlines()} == {"PATH", "LANG"}


async def test_a_command_works_in_an_empty_folder_that_is_gone_afterwards() -> None:
    ran = await run("l", ("/bin/sh", "-c", "pwd; ls -A; touch left"), given=b"", within=WITHIN)
    folder = ran.printed.decode().strip()
    assert "\n" not in folder
    assert not Path(folder).exists()


async def test_a_command_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    script = f"sleep 60 & echo $! > {tmp_path}/pid; echo $$ >> {tmp_path}/pid; wait"
    with pytest.raises(LeverAwayError, match="timeout"):
        await run("l", ("/bin/sh", "-c", script), given=b"", within=timedelta(seconds=0.5))
    for pid in (tmp_path / "pid").read_text().split():
        await ended(int(pid))


async def test_what_a_command_leaves_running_is_ended(tmp_path: Path) -> None:
    script = f"sleep 60 >/dev/null 2>&1 & echo $! > {tmp_path}/pid"
    assert (await run("l", ("/bin/sh", "-c", script), given=b"", within=WITHIN)).code == 0
    await ended(int((tmp_path / "pid").read_text()))


async def test_what_a_command_leaves_running_with_its_output_open_does_not_hold_us_up(tmp_path: Path) -> None:
    script = f"sleep 60 & echo $! > {tmp_path}/pid; echo done"
    assert (await run("l", ("/bin/sh", "-c", script), given=b"", within=WITHIN)).printed == b"done\n"
    await ended(int((tmp_path / "pid").read_text()))


async def test_what_leaves_the_process_group_holds_us_up_no_longer_than_the_time_out(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"setsid sh -c 'echo $$ > {pid}; exec sleep 60' & until [ -s {pid} ]; do sleep 0.05; done"
    with pytest.raises(LeverAwayError, match="timeout"):
        await run("l", ("/bin/sh", "-c", script), given=b"", within=timedelta(seconds=1.5))
    os.kill(int(pid.read_text()), signal.SIGKILL)


async def test_a_command_that_prints_without_end_is_ended() -> None:
    with pytest.raises(LeverAwayError, match=str(MOST_BYTES)):
        await run("l", ("yes",), given=b"", within=WITHIN)


async def test_a_command_that_does_not_read_its_input_is_no_failure() -> None:
    assert (await run("l", ("true",), given=b"x" * MOST_BYTES, within=WITHIN)).code == 0


async def test_a_command_that_is_killed_is_tried_again() -> None:
    with pytest.raises(LeverAwayError, match="signal 9"):
        await run("l", ("/bin/sh", "-c", "kill -9 $$"), given=b"", within=WITHIN)


def test_an_option_that_nobody_reads_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="knows no option shell"):
        lever_of("command", Verb.DISABLE_ROUTE, {**OPTIONS, "shell": "x"}, "chat")


def test_every_verb_can_be_carried_out_by_a_command() -> None:
    for verb in Verb:
        assert isinstance(lever_of("command", verb, OPTIONS, "chat"), Lever)


async def ended(pid: int) -> None:
    """Wait a bounded time until a process is no more; one that nobody has collected yet is none either."""
    async with asyncio.timeout(5):
        while _runs(pid):
            await asyncio.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
