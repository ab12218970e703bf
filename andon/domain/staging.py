"""The staging copy of an AI system: where an incident's failing input may be sent again, and where never."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, StringConstraints

from andon.domain.values import Carried, Frozen, IncidentId, PersonId, Sha256Hex, Slug

HeaderName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9-]{1,64}$")]
PORTS: Final = {"https": 443, "http": 80}
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
"""Names of one machine, so that another spelling is no other place."""

REPRODUCTION: Final = "reproduction"


class Staging(Frozen):
    """A copy of an AI system that does nothing outside; that its tools don't is its owner's duty."""

    url: HttpUrl = Field(description="takes one input by POST, and answers as the AI system would")
    versions_url: HttpUrl = Field(description="says which versions the copy runs")
    headers: dict[HeaderName, Slug] = Field(
        default_factory=dict, max_length=8, description="headers, each with the name of its secret"
    )
    body: dict[str, str] = Field(
        default_factory=dict,
        max_length=16,
        description="members of what is sent; `{incident}`, `{text}` and `{attributes.NAME}` are filled in. "
        "Nothing said: the case as suites get it",
    )


class ReproductionCall(Carried):
    """Whose failing input is sent to the staging copy, for whom."""

    incident: IncidentId
    system: Slug
    asked_by: PersonId
    id: Slug = Field(description="of this one, so that a repeat is the same")


class Reproduction(Carried):
    """What came of it; what was said is evidence, encrypted."""

    id: Slug
    status: int | None = Field(description="the HTTP status of the answer; None: no whole answer came")
    versions: Sha256Hex | None = Field(description="digest of the versions that the copy ran")
    as_then: bool | None = Field(
        None, description="whether these are the versions of the incident; None: not known"
    )
    seconds: float = 0.0
    item: Sha256Hex | None = Field(None, description="the evidence item that holds it")
    problem: str = Field("", description="why there is no answer, as a code; empty: there is one")


def origin_of(url: str) -> str:
    """Return where a URL leads, in one spelling."""
    parts = urlsplit(url)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower().rstrip(".")
    return f"{'localhost' if host in LOCAL else host}:{parts.port or PORTS.get(scheme, 0)}"


def mistaken(staging: Staging, versions_url: str | None, others: Iterable[str]) -> str:
    """Return why a copy may be production itself; empty: nothing in the file says that it is.

    Args:
        staging: the copy.
        versions_url: what says which versions run in production.
        others: further addresses of production, those of its levers.
    """
    if versions_url is None:
        return "evidence.versions_url is missing, so nobody could tell the copy from production"
    ours = {origin_of(str(staging.url)), origin_of(str(staging.versions_url))}
    production = {origin_of(versions_url), *(origin_of(one) for one in others if "://" in one)}
    if shared := sorted(ours & production):
        return f"{shared[0]} is production's: a staging copy has an address of its own"
    return ""
