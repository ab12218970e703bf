"""Signing in with an OpenID Connect provider: authorization code with PKCE, by Authlib.

What is checked, in this order, before a provider's word is taken (OpenID Connect Core 1.0, 3.1.3.7;
RFC 9700, 2.1 and 4):
 1. the answer comes to the browser that asked, and carries the state of that very request;
 2. it names the provider we asked, if it names one (RFC 9207);
 3. the code is exchanged with the verifier only we have (RFC 7636, S256);
 4. the ID token is signed by one of the provider's keys, by an asymmetric algorithm;
 5. issuer, audience, authorized party, expiry, time of issue and nonce are right;
 6. where a fresh login was asked for, the provider says when it was, and it was after we asked.
"""

from __future__ import annotations

import logging
import secrets
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.deprecate import AuthlibDeprecationWarning
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, ValidationError

from andon.api.problems import ProblemError
from andon.config import LOOPBACK, OidcSettings
from andon.domain.values import Frozen, Instant

with warnings.catch_warnings():
    # Authlib asks for httpx2 here, which nothing else of Andon uses; with httpx it does the same.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import AsyncOAuth2Client

logger = logging.getLogger(__name__)

ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "Ed25519", "EdDSA"),
)
"""Signed by the provider alone. `none` proves nothing, and with HS256 whoever can check can also sign."""


class ProviderAwayError(ProblemError):
    """The provider can't be reached, or does not answer as one."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "provider-away",
            "The service you sign in with does not answer. Try again in a moment; meanwhile whoever has an "
            "access token can use the command line.",
        )


class NotProvenError(ProblemError):
    """A sign-in that ended without a proof of who is there."""

    def __init__(self, detail: str) -> None:
        super().__init__(403, "not-proven", f"{detail} Start again from the sign-in page.")


class Asked(Frozen):
    """What one request to the provider must be answered with; kept sealed, for the browser that asked."""

    state: str
    nonce: str
    verifier: str
    at: Instant
    fresh: bool
    """Whether a login from now on was asked for, not one of before."""


@dataclass(frozen=True, slots=True)
class Identified:
    """Whom a provider says is there."""

    issuer: str
    subject: str


class _Metadata(BaseModel):
    """The part of a provider's description that is used (OpenID Connect Discovery 1.0, 3)."""

    model_config = ConfigDict(extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Provider:
    """One OpenID Connect provider. Its description and keys are read at each sign-in: none are ever stale."""

    def __init__(self, settings: OidcSettings, callback: str, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._callback = callback
        self._now = now

    async def ask(self, *, fresh: bool) -> tuple[str, Asked]:
        """Return where to send the browser, and what its answer is checked against.

        Args:
            fresh: make the provider ask who is there even if it knows the browser.

        Raises:
            ProviderAwayError: the provider does not answer.
        """
        metadata = await self._metadata()
        asked = Asked(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            at=self._now().astimezone(UTC),
            fresh=fresh,
        )
        again = {"prompt": "login", "max_age": "0"} if fresh else {}
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=asked.state,
                nonce=asked.nonce,
                code_verifier=asked.verifier,
                **again,
            )
        return str(url), asked

    async def answered(self, answer: dict[str, str], asked: Asked) -> Identified:
        """Return whom the provider's answer proves to be there.

        Raises:
            NotProvenError: it proves nothing.
            ProviderAwayError: the provider does not answer.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), asked.state.encode()):
            raise _refused("the state is not that of the request")
        metadata = await self._metadata()
        if answer.get("iss", metadata.issuer) != metadata.issuer:
            raise _refused("the answer is of another provider")
        if "error" in answer:
            logger.info("the provider let nobody in", extra={"error": answer["error"][:64]})
            raise NotProvenError("The service you sign in with did not let you in.")
        return self._checked(
            await self._exchanged(metadata, answer, asked), await self._keys(metadata), asked
        )

    def _checked(self, token: dict[str, Any], keys: KeySet, asked: Asked) -> Identified:
        settings = self._settings
        try:
            opened = jwt.decode(str(token["id_token"]), keys, algorithms=list(ALGORITHMS))
            claims = CodeIDToken(
                opened.claims,
                opened.header,
                options={
                    "iss": {"essential": True, "value": settings.issuer},
                    "aud": {"essential": True, "value": settings.client_id},
                    "sub": {"essential": True},
                    "exp": {"essential": True},
                    "iat": {"essential": True},
                    "nonce": {"essential": True, "value": asked.nonce},
                },
                params={
                    "nonce": asked.nonce,
                    "client_id": settings.client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(self._now().timestamp()), leeway=int(settings.skew.total_seconds()))
        except (JoseError, AuthlibBaseError, ValueError, KeyError, TypeError) as error:
            raise _refused(f"the ID token does not hold: {type(error).__name__}: {error}") from error
        if asked.fresh:
            self._check_login(claims.get("auth_time"), asked)
        subject = claims.get(settings.claim)
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise _refused(f"the ID token has no text as {settings.claim}")
        return Identified(settings.issuer, subject)

    def _check_login(self, at: object, asked: Asked) -> None:
        begun = asked.at.timestamp() - self._settings.skew.total_seconds()
        if not isinstance(at, int | float) or at < begun:
            raise _refused("the provider does not say that it asked again who is there")

    async def _exchanged(self, metadata: _Metadata, answer: dict[str, str], asked: Asked) -> dict[str, Any]:
        try:
            async with self._client() as client:
                token: dict[str, Any] = await client.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=answer.get("code", ""),
                    code_verifier=asked.verifier,
                )
        except httpx.HTTPError as error:
            raise _away(error) from error
        except (AuthlibBaseError, ValueError) as error:
            raise _refused(f"the code was not exchanged: {error}") from error
        return token

    async def _metadata(self) -> _Metadata:
        issuer = self._settings.issuer
        try:
            found = _Metadata.model_validate(
                await self._fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            )
        except (ValidationError, ValueError) as error:
            raise _away(error) from error
        if found.issuer != issuer:
            raise _away(f"it calls itself {found.issuer[:200]}")
        for url in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            _check_transport(url)
        return found

    async def _keys(self, metadata: _Metadata) -> KeySet:
        try:
            return KeySet.import_key_set(await self._fetched(metadata.jwks_uri))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _away(error) from error

    async def _fetched(self, url: str) -> Any:
        _check_transport(url)
        timeout = self._settings.timeout.total_seconds()
        try:
            async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
                answer = await client.get(url, headers={"Accept": "application/json"})
                return answer.raise_for_status().json()
        except httpx.HTTPError as error:
            raise _away(error) from error

    def _client(self) -> AsyncOAuth2Client:
        secret = self._settings.client_secret.get_secret_value()
        return AsyncOAuth2Client(
            self._settings.client_id,
            secret or None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=self._settings.scopes,
            redirect_uri=self._callback,
            code_challenge_method="S256",
            timeout=self._settings.timeout.total_seconds(),
            trust_env=False,
        )


def _check_transport(url: str) -> None:
    """Refuse to speak in clear to anything but this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise _away(f"{url[:200]} is not https")


def _away(reason: object) -> ProviderAwayError:
    logger.error("the OpenID Connect provider can't be used: %s", reason)
    return ProviderAwayError()


def _refused(reason: str) -> NotProvenError:
    logger.warning("a sign-in proved nothing: %s", reason[:300])
    return NotProvenError("The service you sign in with did not prove who you are.")
