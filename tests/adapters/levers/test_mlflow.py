"""The alias of a prompt or a model as a lever, on a double; tests/external/mlflow has the real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from andon.adapters.levers import kinds
from andon.adapters.levers.mlflow import KIND
from andon.domain.containment import Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError, LeverUnknownError
from andon.register.engine import Databases
from tests.adapters.levers.contract import LeverContract, Subject
from tests.adapters.levers.means import means_for
from tests.adapters.levers.rest_double import MlflowDouble, Served, serving

NAMED = {"name": "refund_prompt", "alias": "production", "to_version": "2", "cache_seconds": "0"}


@pytest.fixture
def vendor() -> MlflowDouble:
    return MlflowDouble()


@pytest.fixture
def served(vendor: MlflowDouble) -> Iterator[Served]:
    with serving(vendor) as there:
        yield there


def lever(**options: str) -> Lever:
    return Lever(
        id="refund_desk.roll_back_prompt.refund_prompt",
        adapter="mlflow",
        system="refund_desk",
        verb=Verb.ROLL_BACK_PROMPT,
        target="refund_prompt",
        options={**NAMED, **options},
    )


@pytest.fixture
def subject(vendor: MlflowDouble, served: Served, databases: Databases) -> Subject:
    async def in_force() -> bool:
        return vendor.aliases.get("production") == "2"

    means = means_for(databases, served.place, secrets={"registry": "andon:secret"})
    return Subject(
        control=KIND.make(means), lever=lever(url=served.url, access="registry"), in_force=in_force
    )


class TestMlflow(LeverContract):
    """One alias, moved and moved back."""


async def test_proof_names_the_version_that_consumers_get(subject: Subject, vendor: MlflowDouble) -> None:
    await subject.apply(subject.order())
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.via, proof.saw) == (True, "mlflow_alias", "version_2")
    vendor.aliases["production"] = "3"
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.saw) == (False, "version_3")


async def test_the_version_of_before_comes_back(subject: Subject, vendor: MlflowDouble) -> None:
    await subject.apply(subject.order())
    await subject.release(subject.order())
    assert vendor.aliases == {"production": "3"}


async def test_an_alias_that_was_not_there_is_taken_away_again(
    subject: Subject, vendor: MlflowDouble
) -> None:
    del vendor.aliases["production"]
    assert (await subject.probe(subject.order())).saw == "no_alias"
    await subject.apply(subject.order())
    assert (await subject.probe(subject.order())).held
    await subject.release(subject.order())
    assert vendor.aliases == {}


@pytest.mark.parametrize("wrong", [{"name": "none"}, {"to_version": "9"}])
async def test_a_name_or_version_that_is_not_there_is_no_lever(
    subject: Subject, wrong: dict[str, str]
) -> None:
    subject.lever = lever(**{"url": subject.lever.options["url"], **wrong})
    with pytest.raises(LeverUnknownError):
        await subject.apply(subject.order())


async def test_a_registry_that_breaks_is_away(subject: Subject, served: Served) -> None:
    served.broken = 500
    with pytest.raises(LeverAwayError, match="500"):
        await subject.apply(subject.order())
    assert (await subject.probe(subject.order())).saw == "away"


async def test_only_places_an_admin_named_are_called(subject: Subject, databases: Databases) -> None:
    subject.control = KIND.make(means_for(databases, secrets={"registry": "andon:secret"}))
    with pytest.raises(InvalidInputError, match="private_hosts"):
        await subject.control.read(subject.order())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"cache_seconds": ""}, "cache_seconds"),
        ({"to_version": "latest"}, "number"),
        ({"model": "x"}, "model"),
    ],
)
def test_options_that_can_t_work_are_refused_when_the_file_is_read(
    change: dict[str, str], named: str
) -> None:
    with pytest.raises(InvalidInputError, match=named):
        kinds.check(lever(url="https://mlflow.example", **change))
