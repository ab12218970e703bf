"""MLflow's registry as levers: the alias by which consumers load a prompt or a model is moved back."""

from __future__ import annotations

import json
from typing import Final

from andon.adapters.levers.held import HeldLever, Seen
from andon.adapters.levers.kinds import LeverKind, Means
from andon.adapters.levers.options import Shape
from andon.adapters.levers.rest import NOT_FOUND, Rest, content_of
from andon.domain.containment import Hold, Lever, Verb
from andon.domain.errors import InvalidInputError, LeverAwayError, LeverUnknownError
from andon.domain.proof import CACHE
from andon.domain.values import canonical

SHAPE: Final = Shape(
    known=("url", "access", "name", "alias", "to_version", "normal"),
    # Consumers cache: MLflow's own client for 60 s unless told otherwise. Nobody is to forget that.
    needed=("url", "name", "alias", "to_version", CACHE),
)
MODELS: Final = "/api/2.0/mlflow/registered-models"
ALIAS: Final = f"{MODELS}/alias"
NO_ALIAS: Final = 400
VIA: Final = "mlflow_alias"


class MlflowPoint:
    """Moves one alias of one registered prompt or model, which MLflow keeps in the same place."""

    def __init__(self, means: Means) -> None:
        self._rest = Rest(means)

    async def read(self, lever: Lever) -> bytes:
        """Return the version that the alias names; none if there is no such alias."""
        return canonical({"version": await self._version(lever)})

    async def put(self, lever: Lever, hold: Hold, key: str) -> None:  # noqa: ARG002 - moving it twice is moving it once
        """Move the alias to the version that is known to be good."""
        await self._move(lever, lever.options["to_version"])

    async def is_put(self, lever: Lever, hold: Hold) -> bool:  # noqa: ARG002 - all holds ask for the same
        """Whether the registry lists that version under the alias."""
        return await self._version(lever) == lever.options["to_version"]

    async def restore(self, lever: Lever, resting: bytes, key: str) -> None:  # noqa: ARG002 - as with `put`
        """Move the alias back, or take it away where there was none."""
        version = json.loads(resting)["version"]
        if version is not None:
            await self._move(lever, version)
            return
        await self._rest.expect(lever, "DELETE", ALIAS, body=_named(lever))

    def normal(self, lever: Lever) -> bytes | None:
        """Return the version to go back to where none was captured."""
        version = lever.options.get("normal")
        return None if version is None else canonical({"version": version})

    async def look(self, lever: Lever, hold: Hold) -> Seen:  # noqa: ARG002 - all holds ask for the same
        """Ask as a consumer's load by alias does; what consumers have cached is not seen by this."""
        answer = await self._rest.ask(lever, "GET", ALIAS, query=_named(lever))
        if answer.status in {NO_ALIAS, NOT_FOUND}:
            return Seen(held=False, saw="no_alias", via=VIA)
        if answer.status != 200:
            raise LeverAwayError(lever.id, f"answered {answer.status}")
        version = str(content_of(lever, answer).get("model_version", {}).get("version", ""))
        saw = f"version_{version}" if version.isdigit() else "no_version"
        return Seen(held=version == lever.options["to_version"], saw=saw, via=VIA)

    async def _version(self, lever: Lever) -> str | None:
        """Return what the registry lists, which is another of its calls than the one by alias."""
        found = await self._rest.expect(lever, "GET", f"{MODELS}/get", query={"name": lever.options["name"]})
        model = found.get("registered_model")
        if not isinstance(model, dict):
            raise LeverUnknownError(lever.id)
        listed = {one["alias"]: str(one["version"]) for one in model.get("aliases", [])}
        return listed.get(lever.options["alias"])

    async def _move(self, lever: Lever, version: str) -> None:
        await self._rest.expect(lever, "POST", ALIAS, body={**_named(lever), "version": version})


def check(lever: Lever) -> None:
    """Refuse options that name no alias and no version to move it to."""
    SHAPE.check(lever)
    for option in ("to_version", "normal"):
        if option in lever.options and not lever.options[option].isdigit():
            raise InvalidInputError(f"lever {lever.id}: option {option} is a version's number")


def _named(lever: Lever) -> dict[str, str]:
    return {"name": lever.options["name"], "alias": lever.options["alias"]}


KIND: Final = LeverKind(
    verbs=frozenset({Verb.ROLL_BACK_PROMPT, Verb.ROLL_BACK_MODEL}),
    check=check,
    make=lambda means: HeldLever(MlflowPoint(means), means.held),
)
