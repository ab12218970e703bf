"""What an adapter of a lever may use, in tests: settings and the databases of one test."""

from __future__ import annotations

from datetime import timedelta

from pydantic import SecretStr

from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.kinds import Means
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.config import LeverSettings
from andon.register.engine import Databases
from andon.register.held import HeldLevers
from andon.register.switches import Switches

NOWHERE = "http://127.0.0.1:9"


def means_for(
    databases: Databases, *places: str, secrets: dict[str, str] | None = None, seconds: float = 5
) -> Means:
    """Let an adapter call these places with these secrets."""
    switches = Switches(databases.switches)
    return Means(
        settings=LeverSettings(
            secrets={name: SecretStr(value) for name, value in (secrets or {}).items()},
            private_hosts=places,
            timeout=timedelta(seconds=seconds),
        ),
        switches=switches,
        held=HeldLevers(databases.switches),
        flags=FlagLever(switches, OpenFeatureProbe(NOWHERE, SecretStr(""))),
    )
