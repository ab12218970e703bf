"""A staging copy is never production: a file whose addresses say so is refused when it is read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from andon.domain.errors import InvalidInputError
from andon.domain.staging import Staging
from andon.domain.system import AISystem

PRODUCTION = "https://desk.example/versions"
COPY = {"url": "https://copy.example/tickets", "versions_url": "https://copy.example/versions"}


def system(staging: dict[str, Any], **more: Any) -> AISystem:
    known: dict[str, Any] = {"id": "desk", "name": "Desk", "tier": "low", "owner": "bela"}
    return AISystem.model_validate(
        {**known, "evidence": {"versions_url": PRODUCTION}, "staging": staging, **more}
    )


def test_a_copy_with_addresses_of_its_own_is_accepted() -> None:
    assert system(COPY).staging == Staging.model_validate(COPY)


@pytest.mark.parametrize(
    "staging",
    [
        {**COPY, "url": "https://desk.example/tickets"},
        {**COPY, "url": "https://DESK.example:443/tickets"},
        {**COPY, "url": "https://desk.example./tickets"},
        {**COPY, "url": "http://desk.example:443/tickets"},
        {**COPY, "versions_url": PRODUCTION},
        {**COPY, "versions_url": "https://desk.example/other"},
    ],
    ids=["origin", "spelled otherwise", "with a dot", "without TLS", "same versions", "versions beside it"],
)
def test_a_copy_at_an_address_of_productions_is_refused(staging: dict[str, Any]) -> None:
    with pytest.raises((InvalidInputError, ValidationError), match="staging copy has an address of its own"):
        system(staging)


def test_names_of_one_machine_are_one_place() -> None:
    staging = {"url": "http://127.0.0.1:8701/tickets", "versions_url": "http://localhost:9000/versions"}
    with pytest.raises((InvalidInputError, ValidationError), match="localhost:8701 is production's"):
        system(staging, evidence={"versions_url": "http://localhost:8701/versions"})


def test_a_lever_of_production_is_production_too() -> None:
    lever = {
        "verb": "block_source",
        "target": "policies",
        "adapter": "http",
        "options": {"url": "https://copy.example", "secret": "desk"},
    }
    with pytest.raises((InvalidInputError, ValidationError), match=r"copy\.example:443 is production's"):
        system(COPY, levers=[lever])


def test_a_file_that_does_not_say_where_production_is_can_have_no_copy() -> None:
    with pytest.raises((InvalidInputError, ValidationError), match="versions_url is missing"):
        system(COPY, evidence={})


@pytest.mark.parametrize("lacking", ["url", "versions_url"])
def test_a_copy_says_where_it_is_and_what_it_runs(lacking: str) -> None:
    with pytest.raises(ValidationError, match=lacking):
        system({name: value for name, value in COPY.items() if name != lacking})
