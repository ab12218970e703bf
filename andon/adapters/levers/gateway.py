"""LLM gateways as levers: a key or a model of LiteLLM blocked, an endpoint of MLflow's gateway taken away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from andon.adapters.levers.held import HeldLever, Seen
from andon.adapters.levers.kinds import LeverKind, Means
from andon.adapters.levers.options import Shape
from andon.adapters.levers.rest import Rest
from andon.domain.containment import Hold, Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError, LeverUnknownError
from andon.domain.values import canonical

VIA: Final = "gateway_request"
KEY_VERBS: Final = frozenset({Verb.REVOKE_CREDENTIAL})
ROUTE_VERBS: Final = frozenset({Verb.DISABLE_ROUTE, Verb.PAUSE_SYSTEM})
NORMAL: Final = "open"
STOPPED_NAME: Final = "{model}.held-by-andon"

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a lever's proof sends, and which statuses say that it was refused for being stopped."""

    path: str
    key: str
    """The option that names the secret it is sent with."""
    refused: frozenset[int]


class Flavour(Protocol):
    """One gateway's own way."""

    async def state(self, lever: Lever) -> State:
        """Return what the gateway lists."""

    async def set(self, lever: Lever, state: State) -> None:
        """Bring that about."""

    def open(self, lever: Lever) -> State:
        """Return the state in which requests are served."""

    def stopped(self, lever: Lever) -> State:
        """Return the state in which none is."""

    def asked(self, lever: Lever) -> Asked:
        """Return the request that shows it."""


class LiteLlm:
    """LiteLLM's admin interface; it needs the gateway to have a database."""

    def __init__(self, means: Means, rest: Rest) -> None:
        self._means = means
        self._rest = rest

    async def state(self, lever: Lever) -> State:
        """Return whether the key or the model is blocked."""
        if lever.verb in KEY_VERBS:
            query = {"key": self._digest(lever)}
            found = (await self._rest.expect(lever, "GET", "/key/info", query=query)).get("info")
            return {"blocked": isinstance(found, dict) and found.get("blocked") is True}
        query = {"litellm_model_id": lever.options["model_id"]}
        listed = (await self._rest.expect(lever, "GET", "/model/info", query=query)).get("data")
        if not isinstance(listed, list) or not listed:
            raise LeverUnknownError(lever.id)
        return {"blocked": listed[0].get("model_info", {}).get("blocked") is True}

    async def set(self, lever: Lever, state: State) -> None:
        """Block or unblock; the key goes as its digest, which LiteLLM takes as well."""
        what = "block" if state["blocked"] else "unblock"
        if lever.verb in KEY_VERBS:
            await self._rest.expect(lever, "POST", f"/key/{what}", body={"key": self._digest(lever)})
        else:
            body = {"model_id": lever.options["model_id"]}
            await self._rest.expect(lever, "POST", f"/model/{what}", body=body)

    def open(self, lever: Lever) -> State:  # noqa: ARG002 - the same for all
        """Return what is not blocked."""
        return {"blocked": False}

    def stopped(self, lever: Lever) -> State:  # noqa: ARG002 - the same for all
        """Return what is blocked."""
        return {"blocked": True}

    def asked(self, lever: Lever) -> Asked:
        """Send the stopped key itself; of a model, 403 alone: 401 would say that the probe's key is wrong."""
        if lever.verb in KEY_VERBS:
            return Asked("/v1/chat/completions", "key", frozenset({401, 403}))
        return Asked("/v1/chat/completions", "probe", frozenset({403}))

    def _digest(self, lever: Lever) -> str:
        return hashlib.sha256(self._means.secret(lever, "key").get_secret_value().encode()).hexdigest()


class MlflowGateway:
    """An endpoint goes by another name while it is held: one call, and nothing of it is lost.

    To delete it would lose its id and bindings, to detach its models takes a call for each; all three are
    seen by consumers when the gateway's cache of endpoints ends (60 s unless told otherwise).
    """

    BASE: Final = "/api/3.0/mlflow/gateway/endpoints"

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def state(self, lever: Lever) -> State:
        """Return the endpoint's name."""
        query = {"endpoint_id": lever.options["endpoint_id"]}
        found = (await self._rest.expect(lever, "GET", f"{self.BASE}/get", query=query)).get("endpoint")
        if not isinstance(found, dict):
            raise LeverUnknownError(lever.id)
        return {"name": found.get("name", "")}

    async def set(self, lever: Lever, state: State) -> None:
        """Give the endpoint a name."""
        body = {"endpoint_id": lever.options["endpoint_id"], "name": state["name"]}
        await self._rest.expect(lever, "POST", f"{self.BASE}/update", body=body)

    def open(self, lever: Lever) -> State:
        """Return the name that consumers use."""
        return {"name": lever.options["model"]}

    def stopped(self, lever: Lever) -> State:
        """Return a name that none of them uses."""
        return {"name": STOPPED_NAME.format(model=lever.options["model"])}

    def asked(self, lever: Lever) -> Asked:  # noqa: ARG002 - the same for all
        """Send what consumers send; only 404 says that there is no such endpoint."""
        return Asked("/gateway/mlflow/v1/chat/completions", "probe", frozenset({404}))


class GatewayPoint:
    """Stops a gateway's key, model or endpoint, and proves it by a request through the gateway."""

    def __init__(self, means: Means) -> None:
        self._rest = Rest(means)
        self._flavours: Mapping[str, Flavour] = {
            "litellm": LiteLlm(means, self._rest),
            "mlflow": MlflowGateway(self._rest),
        }

    async def read(self, lever: Lever) -> bytes:
        """Return what the gateway lists."""
        return canonical(await self._of(lever).state(lever))

    async def put(self, lever: Lever, hold: Hold, key: str) -> None:  # noqa: ARG002 - stopping twice is stopping once
        """Stop it."""
        flavour = self._of(lever)
        await flavour.set(lever, flavour.stopped(lever))

    async def is_put(self, lever: Lever, hold: Hold) -> bool:  # noqa: ARG002 - all holds ask for the same
        """Whether the gateway lists it as stopped."""
        flavour = self._of(lever)
        return await flavour.state(lever) == flavour.stopped(lever)

    async def restore(self, lever: Lever, resting: bytes, key: str) -> None:  # noqa: ARG002 - as with `put`
        """Bring back what was listed."""
        await self._of(lever).set(lever, json.loads(resting))

    def normal(self, lever: Lever) -> bytes | None:
        """Return the serving state, if `normal` says that it is the one to go back to."""
        if "normal" not in lever.options:
            return None
        return canonical(self._of(lever).open(lever))

    async def look(self, lever: Lever, hold: Hold) -> Seen:  # noqa: ARG002 - all holds ask for the same
        """Send a smallest request through the gateway; only a refusal for being stopped is proof."""
        asked = self._of(lever).asked(lever)
        body = {
            "model": lever.options["model"],
            "messages": [{"role": "user", "content": "ping"}],
            "max_tokens": 1,
        }
        answer = await self._rest.ask(lever, "POST", asked.path, body=body, key=asked.key)
        if answer.status >= 500:
            raise LeverAwayError(lever.id, f"answered {answer.status}")
        return Seen(held=answer.status in asked.refused, saw=str(answer.status), via=VIA)

    def _of(self, lever: Lever) -> Flavour:
        return self._flavours[lever.options["flavour"]]


COMMON: Final = ("flavour", "url", "access", "model", "normal")
SHAPES: Final = {
    ("litellm", True): Shape((*COMMON, "key"), ("url", "access", "model", "key")),
    ("litellm", False): Shape(
        (*COMMON, "model_id", "probe"), ("url", "access", "model", "model_id", "probe")
    ),
    ("mlflow", False): Shape((*COMMON, "endpoint_id", "probe"), ("url", "model", "endpoint_id")),
}


def check(lever: Lever) -> None:
    """Refuse a flavour that can't do what is asked, and options that name nothing to stop."""
    flavour = lever.options.get("flavour", "")
    shape = SHAPES.get((flavour, lever.verb in KEY_VERBS))
    if shape is None:
        able = (
            "litellm (revoke_credential, disable_route, pause_system), mlflow (disable_route, pause_system)"
        )
        raise InvalidInputError(
            f"lever {lever.id}: flavour {flavour!r} can't {lever.verb}; there are: {able}"
        )
    shape.check(lever)
    if lever.options.get("normal", NORMAL) != NORMAL:
        raise InvalidInputError(f"lever {lever.id}: option normal is {NORMAL!r}, or left out")


KIND: Final = LeverKind(
    verbs=KEY_VERBS | ROUTE_VERBS,
    check=check,
    make=lambda means: HeldLever(GatewayPoint(means), means.held),
)
