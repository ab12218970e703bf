"""People at the pages: their sessions, live pages, and the provider they sign in with."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from andon.settings.section import LOOPBACK, Section


class SignInSettings(Section):
    """Sessions of people at the pages, and the tokens they make."""

    idle: timedelta = Field(timedelta(minutes=30), description="a session unused for so long has ended")
    longest: timedelta = Field(timedelta(hours=8), description="every session has ended after so long")
    recent: timedelta = Field(
        timedelta(minutes=5), description="how old a proof of presence may be for what is sensitive"
    )
    link: timedelta = Field(timedelta(minutes=5), description="how long a one-time link is good")
    token_days: int = Field(
        90, ge=1, le=366, description="days a new token is in force unless said otherwise"
    )
    tokens: bool | None = Field(
        None,
        description="whether people sign in to pages with a token or a one-time link; none: only while no "
        "OpenID Connect provider is named",
    )


class LiveSettings(Section):
    """Open pages that are told when something changed."""

    streams: int = Field(1_000, ge=0, le=10_000, description="pages that one console keeps live at a time")
    streams_per_session: int = Field(
        4,
        ge=1,
        le=100,
        description="pages in sight that one browser keeps live; the oldest gives way to one more. Browsers "
        "have six connections to a place that speaks HTTP/1.1: more than five need HTTP/2 in front",
    )


class OidcSettings(Section):
    """The OpenID Connect provider people sign in with; none while `issuer` is empty."""

    issuer: str = Field("", description="the provider's issuer URL, exactly as its ID tokens say it")
    client_id: str = Field("", description="this console's id at the provider")
    client_secret: SecretStr = Field(SecretStr(""), description="its secret; empty for a public client")
    scopes: str = Field("openid profile email", description="scopes asked for; `openid` must be among them")
    claim: str = Field(
        "sub",
        description="claim that names the person, looked up with the issuer among the identities of the "
        "directory; anything but `sub` may be given to another person one day",
    )
    skew: timedelta = Field(
        timedelta(seconds=60),
        ge=timedelta(0),
        le=timedelta(minutes=5),
        description="clock difference allowed",
    )
    timeout: timedelta = Field(timedelta(seconds=10), description="longest wait for the provider")

    @model_validator(mode="after")
    def _refuse_what_can_not_work(self) -> OidcSettings:
        if not self.issuer:
            return self
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise ValueError("issuer: must be https, but on this machine")
        if not self.client_id:
            raise ValueError("client_id: name this console as the provider knows it")
        if "openid" not in self.scopes.split():
            raise ValueError("scopes: openid must be among them")
        return self
