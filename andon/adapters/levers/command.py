"""Programs of this machine as levers: those that settings name, with arguments that are checked first."""

from __future__ import annotations

import json
import re
from typing import Final

from andon.adapters.levers.child import Ran, run
from andon.adapters.levers.held import HeldLever, Seen
from andon.adapters.levers.kinds import LeverKind, Means
from andon.adapters.levers.options import Shape
from andon.domain.containment import Hold, Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError
from andon.domain.values import canonical

VIA: Final = "command_probe"
DONE: Final = 0
ALREADY: Final = 3
"""Exit code for: it was so before."""
FREE: Final = 1
"""Exit code of a probe for: not held."""

SHAPE: Final = Shape(
    ("put", "restore", "state", "probe", "normal"), needed=("put", "restore"), pairs={"normal": "state"}
)
_PLACE: Final = re.compile(r"\{([a-z]+)\}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,255}")
"""No blank, quote or sign that a program may take for more than a word, and no `-` in front."""


class CommandPoint:
    """Up to four commands: put, restore, state, probe."""

    def __init__(self, means: Means) -> None:
        self._settings = means.settings

    async def read(self, lever: Lever) -> bytes:
        """Return what `state` prints, and whether it says that the lever is held."""
        if "state" not in lever.options:
            raise LeverAwayError(lever.id, "options name no state command")
        ran = await self._state(lever)
        try:
            return canonical({"held": ran.code == ALREADY, "state": ran.printed.decode()})
        except UnicodeDecodeError as error:
            raise LeverAwayError(lever.id, "printed a state that is no UTF-8") from error

    async def put(self, lever: Lever, hold: Hold, key: str) -> None:
        """Run `put`."""
        given = {**_known(lever), "limit": str(hold.limit), "incident": hold.incident, "key": key}
        _done(lever, await self._run(lever, "put", given))

    async def is_put(self, lever: Lever, hold: Hold) -> bool:  # noqa: ARG002 - `state` tells no limits
        """Whether `state` says so; which limit is in force it can't say."""
        if "state" not in lever.options or lever.verb is Verb.RATE_LIMIT:
            return False
        return (await self._state(lever)).code == ALREADY

    async def restore(self, lever: Lever, resting: bytes, key: str) -> None:
        """Run `restore`, with the state to go back to on its standard input."""
        state: str = json.loads(resting)["state"]
        _done(lever, await self._run(lever, "restore", {**_known(lever), "key": key}, state.encode()))

    def normal(self, lever: Lever) -> bytes | None:
        """Return the state that the options name; commands that print none know their own."""
        if "state" in lever.options and "normal" not in lever.options:
            return None
        return canonical({"held": False, "state": lever.options.get("normal", "")})

    async def look(self, lever: Lever, hold: Hold) -> Seen:
        """Run `probe`; without one, nothing is ever proven."""
        if "probe" not in lever.options:
            return Seen(held=False, saw="no_probe", via=VIA)
        given = {**_known(lever), "limit": str(hold.limit), "incident": hold.incident}
        ran = await self._run(lever, "probe", given)
        if ran.code not in {DONE, FREE}:
            raise LeverAwayError(lever.id, f"probe: exit {ran.code}")
        return Seen(held=ran.code == DONE, saw=f"exit_{ran.code}", via=VIA)

    async def _state(self, lever: Lever) -> Ran:
        return _done(lever, await self._run(lever, "state", _known(lever)))

    async def _run(self, lever: Lever, option: str, known: dict[str, str], given: bytes = b"") -> Ran:
        name = lever.options[option]
        command = self._settings.commands.get(name)
        if not command:
            raise InvalidInputError(
                f"lever {lever.id}: option {option} names the command {name!r}; an admin puts it into the "
                "settings under levers.commands"
            )
        filled = [command[0], *(_filled(lever, one, known) for one in command[1:])]
        return await run(lever.id, filled, given=given, within=self._settings.timeout)


def _known(lever: Lever) -> dict[str, str]:
    return {"lever": lever.id, "system": lever.system, "target": lever.target, "verb": lever.verb.value}


def _filled(lever: Lever, argument: str, known: dict[str, str]) -> str:
    """Fill in one argument, which stays one; names of places that a call lacks are refused."""

    def value(place: re.Match[str]) -> str:
        found = known.get(place[1])
        if found is None:
            raise InvalidInputError(f"lever {lever.id}: there is no {place[0]} for argument {argument!r}")
        if found and not _PLAIN.fullmatch(found):
            raise InvalidInputError(f"lever {lever.id}: {place[0]} can't be given to a command")
        return found

    return _PLACE.sub(value, argument)


def _done(lever: Lever, ran: Ran) -> Ran:
    if ran.code not in {DONE, ALREADY}:
        raise LeverAwayError(lever.id, f"exit {ran.code}")
    return ran


KIND: Final = LeverKind(
    verbs=frozenset(Verb), check=SHAPE.check, make=lambda means: HeldLever(CommandPoint(means), means.held)
)
