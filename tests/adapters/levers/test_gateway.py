"""Keys, models and endpoints of LLM gateways as levers, on doubles; tests/external has the real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from andon.adapters.levers import kinds
from andon.adapters.levers.gateway import KIND
from andon.domain.containment import Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError, LeverUnknownError
from andon.register.engine import Databases
from tests.adapters.levers.contract import LeverContract, Subject
from tests.adapters.levers.means import means_for
from tests.adapters.levers.rest_double import LiteLlmDouble, MlflowDouble, Served, Vendor, serving

DESK = "sk-desk"
OTHER_KEY = "sk-other"
SECRETS = {"admin": "sk-master", "desk": DESK, "other": OTHER_KEY}


def lever(verb: Verb, **options: str) -> Lever:
    return Lever(
        id=f"refund_desk.{verb}.model",
        adapter="gateway",
        system="refund_desk",
        verb=verb,
        target="model",
        options={"model": "desk-model", **options},
    )


def subject_of(vendor: Vendor, served: Served, databases: Databases, one: Lever) -> Subject:
    async def in_force() -> bool:
        model, login = one.options["model"], f"Bearer {DESK}"
        path = "/gateway/mlflow/v1/chat/completions" if isinstance(vendor, MlflowDouble) else None
        status, _ = vendor.answer("POST", path or "/v1/chat/completions", {"model": model}, login)
        return status != 200

    return Subject(
        control=KIND.make(means_for(databases, served.place, secrets=SECRETS)), lever=one, in_force=in_force
    )


@pytest.fixture
def litellm() -> LiteLlmDouble:
    double = LiteLlmDouble()
    double.know(DESK)
    double.know(OTHER_KEY)
    return double


@pytest.fixture
def served(litellm: LiteLlmDouble) -> Iterator[Served]:
    with serving(litellm) as there:
        yield there


class TestLiteLlmKey(LeverContract):
    """The key of the AI system is blocked."""

    @pytest.fixture
    async def subject(self, litellm: LiteLlmDouble, served: Served, databases: Databases) -> Subject:
        return subject_of(litellm, served, databases, key_lever(served))


@pytest.mark.long
class TestLiteLlmModel(LeverContract):
    """A model is blocked, whoever asks."""

    @pytest.fixture
    async def subject(self, litellm: LiteLlmDouble, served: Served, databases: Databases) -> Subject:
        return subject_of(litellm, served, databases, model_lever(served))


@pytest.mark.long
class TestMlflowEndpoint(LeverContract):
    """An endpoint goes by another name."""

    @pytest.fixture
    async def subject(self, databases: Databases) -> AsyncIterator[Subject]:
        vendor = MlflowDouble()
        with serving(vendor) as there:
            named = {"flavour": "mlflow", "url": there.url, "endpoint_id": "e-1"}
            yield subject_of(vendor, there, databases, lever(Verb.DISABLE_ROUTE, **named))


def key_lever(served: Served) -> Lever:
    named = {"flavour": "litellm", "url": served.url, "access": "admin", "key": "desk"}
    return lever(Verb.REVOKE_CREDENTIAL, **named)


def model_lever(served: Served, **changes: str) -> Lever:
    named = {"flavour": "litellm", "url": served.url, "access": "admin", "model_id": "m-1", "probe": "desk"}
    return lever(Verb.DISABLE_ROUTE, **{**named, **changes})


async def test_only_the_key_that_is_held_is_refused(
    litellm: LiteLlmDouble, served: Served, databases: Databases
) -> None:
    subject = subject_of(litellm, served, databases, key_lever(served))
    await subject.apply(subject.order())
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.via, proof.saw) == (True, "gateway_request", "401")
    other = litellm.answer("POST", "/v1/chat/completions", {"model": "desk-model"}, f"Bearer {OTHER_KEY}")
    assert other[0] == 200


async def test_a_model_that_another_deployment_still_serves_is_not_held(
    litellm: LiteLlmDouble, served: Served, databases: Databases
) -> None:
    litellm.models["m-2"] = False
    subject = subject_of(litellm, served, databases, model_lever(served))
    await subject.apply(subject.order())
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.saw) == (False, "200")


async def test_a_probe_s_key_that_is_wrong_does_not_prove_a_model_held(
    litellm: LiteLlmDouble, served: Served, databases: Databases
) -> None:
    litellm.keys.clear()
    subject = subject_of(litellm, served, databases, model_lever(served))
    await subject.apply(subject.order())
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.saw) == (False, "401")


async def test_a_gateway_that_breaks_is_away_and_not_held(
    litellm: LiteLlmDouble, served: Served, databases: Databases
) -> None:
    subject = subject_of(litellm, served, databases, model_lever(served))
    await subject.apply(subject.order())
    served.broken = 503
    proof = await subject.probe(subject.order())
    assert (proof.held, proof.saw) == (False, "away")
    with pytest.raises(LeverAwayError, match="503"):
        await subject.release(subject.order())


async def test_what_the_gateway_does_not_know_is_no_lever(
    litellm: LiteLlmDouble, served: Served, databases: Databases
) -> None:
    for one in (model_lever(served, model_id="m-9"), key_lever(served)):
        litellm.keys.clear()
        subject = subject_of(litellm, served, databases, one)
        with pytest.raises(LeverUnknownError):
            await subject.apply(subject.order())


@pytest.mark.parametrize(
    ("verb", "options", "named"),
    [
        (Verb.DISABLE_ROUTE, {}, "there are"),
        (Verb.REVOKE_CREDENTIAL, {"flavour": "mlflow"}, "there are"),
        (Verb.REVOKE_CREDENTIAL, {"flavour": "litellm", "url": "u", "access": "a"}, "key"),
        (Verb.DISABLE_ROUTE, {"flavour": "mlflow", "url": "u"}, "endpoint_id"),
        (Verb.ROLL_BACK_PROMPT, {"flavour": "mlflow"}, "can't roll_back_prompt"),
    ],
)
def test_options_that_can_t_work_are_refused_when_the_file_is_read(
    verb: Verb, options: dict[str, str], named: str
) -> None:
    with pytest.raises(InvalidInputError, match=named):
        kinds.check(lever(verb, **options))
