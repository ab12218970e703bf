"""Who sends in a foreign form, and as which source: by an access token, or by a signature over the body."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fastapi import Request

from andon.api.authentication import Caller, Rule, TokenBook, caller
from andon.api.bodies import read_body
from andon.api.problems import ProblemError
from andon.domain.access import Scope
from andon.domain.directory import Role
from andon.domain.source import Source, SourceKind, SourceLimits
from andon.door.opening import NO_LIMITS
from andon.door.policy import PolicyDesk
from andon.door.senders.signatures import Signatures

BATCH: Final = 16
"""A request that may hold many reports may be so many times as large as one detection."""
SPLIT_IT: Final = "Send fewer reports at a time; the reference says which setting of the sender does it."


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of a foreign sender."""

    source: Source
    who: str
    """`source:<account>`."""
    body: bytes
    received_at: datetime
    call: str = ""
    """The sender's own id of this request, if it is signed."""


@dataclass(frozen=True)
class Sender(Rule):
    """Lets accounts in by token, and those of the role detector by signature too."""

    kind: SourceKind = SourceKind.NATIVE
    """The form that is read at this address."""

    async def known(self, request: Request) -> Caller:
        """Return the account behind a token or a signature.

        Raises:
            ProblemError: 401, there is none; 413, the body is too large to be looked at.
        """
        if not Signatures.on(request):
            return await caller(request)
        source = named_source(request, self.kind)
        body = await body_of(request, 1 if self.kind is SourceKind.NATIVE else BATCH)
        signatures: Signatures = request.app.state.signatures
        account = await signatures.check(source, request, body)
        tokens: TokenBook = request.app.state.tokens
        bar = await tokens.bar(account, Role.DETECTOR)
        request.state.person = account
        return Caller(account, Role.DETECTOR, frozenset({Scope.INTAKE}), bar=bar)


def sender(kind: SourceKind, roles: Collection[Role] = (Role.DETECTOR,)) -> Sender:
    """Return the guard of an address that takes one form."""
    return Sender(frozenset(roles), Scope.INTAKE, kind=kind)


async def sent_by(found: Caller, request: Request, kind: SourceKind) -> Sent:
    """Return the request of a sender who was let in.

    Raises:
        ProblemError: 403, the account may not send as this source; 404, there is no such source.
    """
    source = source_for(request, kind, found.person)
    body = await body_of(request)
    return Sent(source, f"source:{found.person}", body, datetime.now(UTC), call_of(request))


async def body_of(request: Request, times: int = BATCH, instead: str = SPLIT_IT) -> bytes:
    """Return the body, read once a request.

    Args:
        request: the request.
        times: how many times as large as one detection it may be.
        instead: what the sender of a larger body can do.

    Raises:
        ProblemError: 413, it is larger.
    """
    kept: bytes | None = getattr(request.state, "body", None)
    if kept is None:
        kept = await read_body(request, times * request.app.state.body_bytes, instead=instead)
        request.state.body = kept
    return kept


def call_of(request: Request) -> str:
    """Return the sender's own id of a signed request; empty: it is not signed."""
    return request.headers.get("webhook-id", "") if Signatures.on(request) else ""


def limits_of(request: Request, account: str) -> SourceLimits:
    """Return the bounds of an account that sends detections as they are."""
    native = _sources(request, SourceKind.NATIVE).values()
    return next((one.limits for one in native if one.sender == account), NO_LIMITS)


def source_for(request: Request, kind: SourceKind, account: str) -> Source:
    """Return the source that a request names, else the account's own, else the one all may use."""
    if "source" in request.query_params:
        source = named_source(request, kind)
    else:
        source = _usual(_sources(request, kind), account)
    if source.sender not in (None, account):
        raise ProblemError(403, "forbidden", f"{source.id} is sent by another account than {account}.")
    return source


def named_source(request: Request, kind: SourceKind) -> Source:
    """Return the source that `?source=` names.

    Raises:
        ProblemError: 404, none of this kind has the name.
    """
    name, known = request.query_params.get("source", ""), _sources(request, kind)
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        raise ProblemError(
            404, "no-such-source", f"Name a source of the kind {kind} with ?source=ID; there are: {there}."
        )
    return known[name]


def _sources(request: Request, kind: SourceKind) -> dict[str, Source]:
    policy: PolicyDesk = request.app.state.policy
    return {name: one for name, one in policy.in_force.shelf.sources.items() if one.kind is kind}


def _usual(known: dict[str, Source], account: str) -> Source:
    own = [one for one in known.values() if one.sender == account]
    for_all = [one for one in known.values() if one.sender is None]
    if len(own) == 1 or (not own and len(for_all) == 1):
        return (own or for_all)[0]
    shipped = next((one for one in for_all if one.id == one.kind.value), None)
    if shipped is not None and not own:
        return shipped
    names = ", ".join(sorted(one.id for one in own or for_all)) or "none"
    raise ProblemError(
        404, "no-such-source", f"Say which source this is with ?source=ID; there are: {names}."
    )
