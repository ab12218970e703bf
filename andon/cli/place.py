"""Where Andon is, and who asks: from the ready file of `andon up`, or from the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from andon.cli.outcome import CommandError, Exit

DEFAULT_DATA: Final = Path(".andon")
READY_VARIABLE: Final = "ANDON_READY"
TOKEN_VARIABLE: Final = "ANDON_TOKEN"  # noqa: S105 - the name of a variable
CONSOLE_VARIABLE: Final = "ANDON_CONSOLE_URL"
DOOR_VARIABLE: Final = "ANDON_DOOR_URL"


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """Options of every command that talks to Andon."""

    ready_file: Path | None = None
    """Ready file of `andon up`; else $ANDON_READY, else ready.json in the data folder."""

    data: Path | None = None
    """Data folder of `andon up`, when it is not .andon."""

    role: Annotated[str | None, Parameter(name="--as", env_var="ANDON_AS")] = None
    """Role to act in; picks that role's token from the ready file."""


HERE: Final = Where()


@dataclass(frozen=True)
class Place:
    """Addresses of one Andon, and the token to use there."""

    console: str
    door: str
    token: str = field(repr=False)
    role: str = ""
    ready: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def live(self, name: str) -> Any:
        """Return something only a ready file says, such as where Temporal is.

        Raises:
            CommandError: Andon was found through the environment, which does not say.
        """
        try:
            return self.ready[name]
        except KeyError as error:
            raise CommandError(
                f"{name} is named in the ready file of `andon up` only: give --ready-file FILE",
                Exit.BAD_INPUT,
            ) from error


def find(where: Where, *, role: str | None) -> Place:
    """Find Andon and the caller's token.

    Args:
        where: what the person gave.
        role: the role a command acts in when the person names none; None: it must be named.

    Raises:
        CommandError: nothing was found, or no token fits.
    """
    path = _ready_path(where)
    if path is None:
        return _from_environment()
    ready = _read(path)
    chosen = where.role or role
    tokens = ready.get("tokens")
    if not isinstance(tokens, dict):
        raise CommandError(f"{path} is no ready file of `andon up`: it lists no tokens", Exit.BAD_INPUT)
    if chosen is None:
        raise CommandError(
            f"say who you are with --as ROLE, or set ANDON_AS; roles: {', '.join(sorted(tokens))}",
            Exit.BAD_INPUT,
        )
    if chosen not in tokens:
        raise CommandError(
            f"there is no token for {chosen!r} in {path}; roles: {', '.join(sorted(tokens))}", Exit.BAD_INPUT
        )
    return Place(
        console=str(ready.get("console", "")),
        door=str(ready.get("door", "")),
        token=str(tokens[chosen]),
        role=chosen,
        ready=ready,
    )


def _ready_path(where: Where) -> Path | None:
    """Return the ready file to use, or None when the environment names the servers."""
    if where.ready_file is not None:
        return where.ready_file
    if where.data is not None:
        return where.data / "ready.json"
    if named := os.environ.get(READY_VARIABLE):
        return Path(named)
    if os.environ.get(CONSOLE_VARIABLE) or os.environ.get(DOOR_VARIABLE):
        return None
    return DEFAULT_DATA / "ready.json"


def _from_environment() -> Place:
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        raise CommandError(
            f"set {TOKEN_VARIABLE} to your access token; an admin makes one with `andon tokens create`",
            Exit.BAD_INPUT,
        )
    return Place(
        console=os.environ.get(CONSOLE_VARIABLE, ""), door=os.environ.get(DOOR_VARIABLE, ""), token=token
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise CommandError(
            f"no Andon found: {path} is not there. Start one with `andon up`, or name its ready file with "
            f"--ready-file, its data folder with --data, or set {CONSOLE_VARIABLE}, {DOOR_VARIABLE} and "
            f"{TOKEN_VARIABLE}",
            Exit.UNREACHABLE,
        ) from error
    except (OSError, ValueError) as error:
        raise CommandError(
            f"{path} can't be read as a ready file of `andon up`: {error}", Exit.BAD_INPUT
        ) from error
    if not isinstance(found, dict):
        raise CommandError(f"{path} is no ready file of `andon up`", Exit.BAD_INPUT)
    return found
