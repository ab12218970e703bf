"""Kinds of levers, found by entry point: a new one is one file and one line in a package's metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from andon.adapters.entry_points import Found
from andon.adapters.proofs.proven import FurtherLook, proven
from andon.config import LeverSettings
from andon.domain.containment import Lever, Verb
from andon.domain.errors import InvalidInputError
from andon.domain.proof import Ground, check_options
from andon.ports import LeverControl
from andon.register.held import HeldLevers
from andon.register.switches import Switches

GROUP: Final = "andon.levers"
FLAG: Final = "flag"


@dataclass(frozen=True, slots=True)
class Means:
    """What an adapter may use."""

    settings: LeverSettings
    switches: Switches
    held: HeldLevers
    flags: LeverControl
    """The built-in lever, made by whoever knows the door's address and token."""
    looks: Mapping[Ground, FurtherLook] = field(default_factory=dict)
    """Looks at an effect besides each lever's own."""

    def secret(self, lever: Lever, option: str) -> SecretStr:
        """Return the secret that an option of a lever names.

        Raises:
            InvalidInputError: the option or the secret is missing; the message says where to put it.
        """
        return secret_of(self.settings, lever, option)


def secret_of(settings: LeverSettings, lever: Lever, option: str) -> SecretStr:
    """Return the secret that an option of a lever names.

    Raises:
        InvalidInputError: the option or the secret is missing; the message says where to put it.
    """
    name = lever.options.get(option, "")
    found = settings.secrets.get(name)
    if found is None:
        raise InvalidInputError(
            f"lever {lever.id}: option {option} names the secret {name!r}; "
            "put it into the settings under levers.secrets"
        )
    return found


@dataclass(frozen=True, slots=True)
class LeverKind:
    """One kind of lever, as its entry point gives it."""

    verbs: frozenset[Verb]
    check: Callable[[Lever], None]
    """Raises `InvalidInputError` for a lever whose options can't be used; asks nobody."""
    make: Callable[[Means], LeverControl]


KINDS: Final = Found(GROUP, LeverKind)


class Levers(Mapping[str, LeverControl]):
    """Every kind there is, by name; each made when first used, since few need every vendor's library."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._made: dict[str, LeverControl] = {FLAG: self._proven(means.flags)}

    def __getitem__(self, name: str) -> LeverControl:
        if name not in self._made:
            self._made[name] = self._proven(kind(name).make(self._means))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(names())

    def __len__(self) -> int:
        return len(names())

    def _proven(self, lever: LeverControl) -> LeverControl:
        return proven(lever, self._means.held.changed_at, self._means.looks)


def names() -> tuple[str, ...]:
    """Return the names of all kinds, the built-in one first."""
    return (FLAG, *KINDS.names())


def kind(name: str) -> LeverKind:
    """Return a kind by its entry point's name.

    Raises:
        KeyError: no installed package brings it.
        InvalidInputError: what its entry point names is no kind of lever.
    """
    return KINDS.load(name)


def check(lever: Lever) -> None:
    """Refuse a lever that no adapter can serve; asks nobody.

    Raises:
        InvalidInputError: the message names what to change.
    """
    check_options(lever.id, lever.options, lever.adapter, lever.target, lever.proofs)
    if lever.adapter == FLAG:
        return
    if lever.adapter not in KINDS.names():
        raise InvalidInputError(
            f"lever {lever.id}: there is no adapter {lever.adapter!r}; use one of: {', '.join(names())}"
        )
    one = kind(lever.adapter)
    if lever.verb not in one.verbs:
        able = ", ".join(sorted(one.verbs))
        raise InvalidInputError(f"lever {lever.id}: {lever.adapter} can't {lever.verb}; it can: {able}")
    one.check(lever)
