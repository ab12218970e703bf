"""Levers of a kind, made as a worker makes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from andon.adapters.levers import kinds
from andon.adapters.levers.flag import FlagLever
from andon.adapters.levers.openfeature_probe import OpenFeatureProbe
from andon.config import LeverSettings
from andon.domain.containment import Lever, Verb
from andon.ports import LeverControl
from andon.register.engine import Databases
from andon.register.held import HeldLevers
from andon.register.switches import Switches
from tests.adapters.levers.vendor import TOKEN, WEBHOOK_SECRET


def settings_for(
    *urls: str, timeout: float = 5, commands: Mapping[str, tuple[str, ...]] | None = None
) -> LeverSettings:
    """Settings that name these places, the vendor's secrets and these commands."""
    return LeverSettings.model_validate(
        {
            "private_hosts": tuple(urlsplit(url).netloc for url in urls),
            "secrets": {
                "token": TOKEN,
                "hook": WEBHOOK_SECRET,
                "wrong": "whsec_bm90LXRoZS1zZWNyZXQtb2YtdGhlLXZlbmRvcg==",
                "split": "a\nb",
            },
            "commands": commands or {},
            "timeout": timedelta(seconds=timeout),
        }
    )


def control_of(kind: str, databases: Databases, settings: LeverSettings) -> LeverControl:
    """Make the one control of a kind, found by its entry point."""
    switches = Switches(databases.switches)
    means = kinds.Means(
        settings=settings,
        switches=switches,
        held=HeldLevers(databases.switches),
        flags=FlagLever(switches, OpenFeatureProbe("http://127.0.0.1:1", settings.secrets["token"])),
    )
    return kinds.kind(kind).make(means)


def lever_of(kind: str, verb: Verb, options: dict[str, str], target: str = "") -> Lever:
    """A lever whose options its kind takes."""
    name = ".".join(part for part in ("refund_desk", verb.value, target) if part)
    lever = Lever(id=name, adapter=kind, system="refund_desk", verb=verb, target=target, options=options)
    kinds.check(lever)
    return lever


def rest_long(*rows: tuple[Any, ...]) -> list[Any]:
    """The rows of a table, of which all but the first are left to `make long`."""
    marks = (pytest.mark.long,)
    return [pytest.param(*row, marks=marks if nth else ()) for nth, row in enumerate(rows)]
