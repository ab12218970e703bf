"""A small OpenID Connect provider over real HTTP whose every word a test can change.

The mock of the package `oidc-provider-mock` is the well-behaved one; this one lies, and says when somebody
logged in, which that one does not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import time
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from tests.api.server import free_socket, running

CLIENT = "andon"
SECRET = "the client's secret"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
ANOTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"})
Claims = dict[str, Any]


@dataclass
class Provider:
    """What it says, and what it was asked."""

    issuer: str
    key: RSAKey = field(default_factory=lambda: KEY)
    subject: str = "subject-1"
    change: Callable[[Claims], Claims] = field(default=lambda claims: claims)
    sign: Callable[[Claims], str] | None = None
    asked: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)

    def token(self, nonce: str, *, logged_in: bool) -> str:
        now = int(time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": self.subject, "iat": now, "exp": now + 300}
        claims |= {"nonce": nonce} | ({"auth_time": now} if logged_in else {})
        claims = self.change(claims)
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def described(self) -> dict[str, str]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        } | self.metadata

    def keys(self) -> dict[str, Any]:
        return dict(KeySet([self.key]).as_dict(private=False))


def served_by(provider: Provider) -> FastAPI:
    """Return the provider's server."""
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    async def description() -> dict[str, str]:
        return provider.described()

    @app.get("/jwks")
    async def jwks() -> dict[str, Any]:
        return provider.keys()

    @app.get("/authorize")
    async def authorize(request: Request) -> RedirectResponse:
        provider.asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        provider.codes[code] = provider.asked
        query = {"code": code, "state": provider.asked["state"]} | provider.answer
        return RedirectResponse(f"{provider.asked['redirect_uri']}?{urlencode(query)}", 303)

    @app.post("/token")
    async def token(request: Request) -> JSONResponse:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = provider.codes.pop(form.get("code", ""), None)
        if asked is None or not _allowed(request, form, asked):
            return JSONResponse({"error": "invalid_grant"}, 400)
        made = provider.token(asked["nonce"], logged_in="max_age" in asked)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": made})

    return app


def _allowed(request: Request, form: dict[str, str], asked: dict[str, str]) -> bool:
    basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return (
        request.headers.get("authorization") == f"Basic {basic}"
        and asked.get("code_challenge_method") == "S256"
        and asked.get("code_challenge") == challenge
        and form.get("redirect_uri") == asked.get("redirect_uri")
    )


@asynccontextmanager
async def lying_provider(host: str = "localhost") -> AsyncIterator[Provider]:
    """Serve a provider that tells the truth until a test changes it."""
    listening = free_socket()
    provider = Provider(f"http://{host}:{listening.getsockname()[1]}")
    async with running(served_by(provider), listening):
        yield provider


def unsigned(claims: Claims) -> str:
    """Return a token with `alg: none`."""
    return ".".join(_encoded(one) for one in ({"alg": "none"}, claims)) + "."


def signed_by_a_stranger(claims: Claims) -> str:
    """Return a token that a key of somebody else signed, under the provider's key id."""
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, ANOTHER_KEY)


def signed_by_another_algorithm(claims: Claims) -> str:
    """Return a token that an elliptic key signed, under the key id of an RSA key."""
    return jwt.encode({"alg": "ES256", "kid": "one"}, claims, ECKey.generate_key("P-256", {"kid": "one"}))


def signed_with_the_client_secret(claims: Claims) -> str:
    """Return a token signed with a secret that both sides know."""
    secret = OctKey.import_key(SECRET.ljust(32, "."))
    return jwt.encode({"alg": "HS256", "kid": "one"}, claims, secret)


def signed_with_the_public_key(provider: Provider) -> Callable[[Claims], str]:
    """Return a signer that takes the provider's public key for a shared secret."""
    secret = provider.key.as_pem(private=False)

    def sign(claims: Claims) -> str:
        # By hand: the library that signs the others refuses to do this.
        body = ".".join(_encoded(one) for one in ({"alg": "HS256", "kid": "one"}, claims))
        mark = hmac.digest(secret, body.encode(), "sha256")
        return f"{body}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"

    return sign


def _encoded(part: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
