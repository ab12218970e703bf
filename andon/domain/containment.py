"""Orders on levers: what contains an AI system, what undoes it, and what a flag then says.

A lever is a set of holds. Each incident's order on it is one hold; the lever allows only when
none is left, and the strictest hold wins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from pydantic import Field

from andon.domain.cost import Cost
from andon.domain.directory import Role
from andon.domain.errors import InvalidInputError
from andon.domain.proof import Ground, Part
from andon.domain.share import Share
from andon.domain.values import Carried, IncidentId, Instant, Sha256Hex, Slug


class Verb(StrEnum):
    """What an order does to a lever."""

    PAUSE_SYSTEM = "pause_system"
    DISABLE_TOOL = "disable_tool"
    DISABLE_ROUTE = "disable_route"
    ROUTE_TO_REVIEW = "route_to_review"
    RATE_LIMIT = "rate_limit"
    NARROW_PERMISSIONS = "narrow_permissions"
    REVOKE_CREDENTIAL = "revoke_credential"
    ROTATE_CREDENTIAL = "rotate_credential"
    ROLL_BACK_PROMPT = "roll_back_prompt"
    ROLL_BACK_MODEL = "roll_back_model"
    ROLL_BACK_INDEX = "roll_back_index"
    ROLL_BACK_POLICY = "roll_back_policy"
    ROLL_BACK_INTEGRATION = "roll_back_integration"
    BLOCK_SOURCE = "block_source"
    BLOCK_WRITES = "block_writes"
    QUARANTINE_RECORDS = "quarantine_records"
    QUARANTINE_SESSION = "quarantine_session"
    ENFORCE_FILTER = "enforce_filter"
    SWITCH_TO_FALLBACK = "switch_to_fallback"
    NOTIFY_ONLY = "notify_only"


class OrderState(StrEnum):
    """How far an order has come. Only `PROVEN` may be called contained."""

    REQUESTED = "requested"
    APPLIED = "applied"
    PROVEN = "proven"
    UNPROVEN = "unproven"
    FAILED = "failed"
    RELEASED = "released"
    EXPIRED = "expired"


IN_FORCE: Final = frozenset(
    {OrderState.REQUESTED, OrderState.APPLIED, OrderState.PROVEN, OrderState.UNPROVEN, OrderState.EXPIRED}
)
"""States in which the hold stands, or may stand. An expired order asks; it never lets go by itself."""


BY_HAND: Final[Slug] = "manual"
"""The adapter of a step that no lever carries out: a person does, and says so on record."""


class Lever(Carried):
    """One enforcement point of an AI system."""

    id: str = Field(description="unique across systems; for flags, the flag key")
    adapter: Slug = Field(description="which lever adapter serves it")
    system: Slug
    verb: Verb
    target: str = Field("", description="tool, route or source, where the verb has one")
    options: dict[str, str] = Field(
        default_factory=dict, description="where its adapter finds it, as the system's file says; no secrets"
    )
    cost: Cost | None = Field(None, description="what holding it costs; else what the step says")

    @property
    def by_hand(self) -> bool:
        """Whether a person carries its orders out."""
        return self.adapter == BY_HAND

    proofs: tuple[Ground, ...] = Field((), description="looks that must find the effect besides its own")


class Order(Carried):
    """A containment action to be applied to one lever."""

    id: str = Field(description="`<incident>/order/<n>`; the idempotency key starts with it")
    incident: IncidentId
    lever: Lever
    limit: int = Field(0, description="for rate_limit: requests a minute that stay allowed")
    share: Share | None = Field(None, description="requests it lets through, while it is let go in steps")
    authority: str = Field(description="who or what allows it: `playbook:<id>` or `person:<id>`")
    assignee: Role
    reason: str = Field(description="reason code that users of the AI system are told")
    contact: str = Field("", description="whom users of the AI system can ask")
    ordered_at: Instant
    expires_at: Instant = Field(description="when it is looked at again")
    cost: Cost | None = Field(None, description="what it is expected to cost while it stands")

    def key(self, verb: str) -> str:
        """Idempotency key: survives retry, reset and continue-as-new."""
        return f"{self.id}/{verb}"

    def hold(self, since: Instant) -> Hold:
        """Return the hold this order puts on its lever."""
        return Hold(
            order=self.id,
            incident=self.incident,
            lever=self.lever.id,
            limit=self.limit,
            share=self.share,
            reason=self.reason,
            contact=self.contact,
            since=since,
            expires_at=self.expires_at,
        )


class Applied(Carried):
    """What a lever reported after it took an order. Not proof."""

    order: str
    at: Instant
    captured: Sha256Hex | None = Field(description="digest of the state before, or None if it was lost")
    gap: str | None = Field(None, description="why the state before could not be captured")


class Proof(Carried):
    """What a probe, independent of the lever's own reply, saw."""

    order: str
    held: bool = Field(description="whether the effect of the order was seen")
    at: Instant
    via: str = Field(description="the path the probe took, such as `openfeature`")
    saw: str = Field(description="code of what was seen, such as `false/STATIC`")
    parts: tuple[Part, ...] = Field((), description="each look, where there are more than the lever's own")
    ready_at: Instant | None = Field(
        None, description="nothing was looked at: caches may show the state before until then"
    )


class Released(Carried):
    """A hold was taken off a lever; other incidents' holds may still stand."""

    order: str
    at: Instant
    allowed: bool = Field(description="whether the lever allows again")


class Hold(Carried):
    """One order in force, as the switch store keeps it."""

    order: str
    incident: str
    lever: str
    limit: int
    share: Share | None = None
    reason: str
    contact: str
    since: Instant
    expires_at: Instant


def strictest(holds: Sequence[Hold]) -> Hold | None:
    """Return the hold that counts: the lowest limit, of equals the oldest; None: nothing holds."""
    return min(holds, key=lambda hold: (hold.limit, hold.since, hold.order), default=None)


FLAG_SHAPES: Final[dict[Verb, str]] = {
    Verb.PAUSE_SYSTEM: "{system}.allowed",
    Verb.DISABLE_TOOL: "{system}.tool.{target}.allowed",
    Verb.DISABLE_ROUTE: "{system}.route.{target}.allowed",
    Verb.BLOCK_SOURCE: "{system}.source.{target}.allowed",
    Verb.ROUTE_TO_REVIEW: "{system}.unreviewed.allowed",
    Verb.RATE_LIMIT: "{system}.rate_limit",
    Verb.QUARANTINE_SESSION: "{system}.session.{target}.allowed",
}
"""The verbs a flag can carry out. Flags are permissions: their absence means contained."""


def flag_key(system: Slug, verb: Verb, target: str = "") -> str:
    """Return the flag that carries out `verb`.

    Raises:
        InvalidInputError: no flag can do this, or the target is missing.
    """
    shape = FLAG_SHAPES.get(verb)
    if shape is None:
        able = ", ".join(FLAG_SHAPES)
        raise InvalidInputError(f"{verb} can't be done by a flag; flags can do: {able}")
    if "{target}" in shape and not target:
        raise InvalidInputError(f"{verb} needs a target, such as the tool's name")
    return shape.format(system=system, target=target)


STATIC: Final = "STATIC"
SPLIT: Final = "SPLIT"
TARGETING_MATCH: Final = "TARGETING_MATCH"
"""Reasons of OpenFeature: the same for all, by a percentage of targeting keys, by what the context says."""


def session_flag(system: Slug) -> str:
    """Return the flag that applications evaluate with a session's id as targeting key."""
    return f"{system}.session.allowed"


class FlagAnswer(Carried):
    """What an OpenFeature client is told."""

    key: str
    value: bool | int
    holds: tuple[Hold, ...] = Field((), description="the holds that explain a denial, strictest first")
    reason: str = Field(STATIC, description="why the answer is this one, in OpenFeature's words")


def answer_flag(
    key: str, holds: Sequence[Hold], *, normal: bool | int, context: Mapping[str, object] | None = None
) -> FlagAnswer:
    """Answer for one flag: normal when nothing holds it, otherwise the strictest hold.

    A pause of the whole system denies each of its permissions too, so that an application
    which asks only for the tool is stopped all the same. A hold with a share stands for whoever is not
    in it by the evaluation `context`; without one it stands for everybody.
    """
    system = key.split(".", 1)[0]
    pause = f"{system}.allowed"
    concerned = [hold for hold in holds if hold.lever in (pause, key)]
    counting = [hold for hold in concerned if not _lets_through(hold, system, context or {})]
    reason = _reason(concerned)
    pausing = [hold for hold in counting if hold.lever == pause]
    own = [hold for hold in counting if hold.lever == key and key != pause]
    if isinstance(normal, bool):
        standing = (*pausing, *own)
        return FlagAnswer(key=key, value=normal and not standing, holds=standing, reason=reason)
    if pausing:
        return FlagAnswer(key=key, value=0, holds=(*pausing, *own), reason=reason)
    strictest = sorted(own, key=lambda hold: hold.limit)
    value = min([normal, *(hold.limit for hold in own)])
    return FlagAnswer(key=key, value=value, holds=tuple(strictest), reason=reason)


def _lets_through(hold: Hold, system: Slug, context: Mapping[str, object]) -> bool:
    return hold.share is not None and hold.share.lets_through(system, context)


def _reason(holds: Sequence[Hold]) -> str:
    """Return why the answer is one for this request alone, if it is."""
    shares = [hold.share for hold in holds if hold.share is not None]
    if any(share.percent is not None for share in shares):
        return SPLIT
    return TARGETING_MATCH if shares else STATIC
