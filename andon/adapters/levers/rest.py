"""Calls to a vendor's REST interface for levers: at the lever's URL, with the key that an option names."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from andon.adapters.levers.kinds import Means
from andon.adapters.outgoing import Answer, Outgoing
from andon.domain.containment import Lever
from andon.domain.errors import LeverAwayError, LeverUnknownError
from andon.domain.values import canonical

ACCESS: Final = "access"
NOT_FOUND: Final = 404


class Rest:
    """Speaks JSON with a vendor, by checked addresses only."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._outgoing = Outgoing(means.settings)

    async def ask(
        self,
        lever: Lever,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str = ACCESS,
    ) -> Answer:
        """Call once and return the answer, whatever its status.

        Args:
            lever: its option `url` is where the vendor is.
            method: the HTTP method.
            path: below that URL.
            query: the question, encoded here.
            body: what is sent as JSON.
            key: the option that names the secret; an option that is left out calls without one.

        Raises:
            InvalidInputError: the URL may not be called, or the secret is missing.
            LeverAwayError: no whole answer came in time.
        """
        url = lever.options["url"].rstrip("/") + path + (f"?{urlencode(query)}" if query else "")
        headers = self._credentials(lever, key)
        if body is None:
            return await self._outgoing.call(lever.id, method, url, headers=headers)
        headers["content-type"] = "application/json"
        return await self._outgoing.call(lever.id, method, url, headers=headers, body=canonical(dict(body)))

    async def expect(
        self,
        lever: Lever,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Call once and return the JSON object of a call that went well.

        Raises:
            LeverUnknownError: the vendor knows no such thing. Final.
            LeverAwayError: it refused, broke, or answered something else than JSON.
        """
        answer = await self.ask(lever, method, path, query=query, body=body)
        if answer.status == NOT_FOUND:
            raise LeverUnknownError(lever.id)
        if answer.status != 200:
            raise LeverAwayError(lever.id, f"answered {answer.status}")
        return content_of(lever, answer)

    def _credentials(self, lever: Lever, key: str) -> dict[str, str]:
        """A secret with a colon is a name and a password, as MLflow's own login takes it."""
        if key not in lever.options:
            return {}
        secret = self._means.secret(lever, key).get_secret_value()
        if ":" in secret:
            return {"authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
        return {"authorization": f"Bearer {secret}"}


def content_of(lever: Lever, answer: Answer) -> dict[str, Any]:
    """Return an answer's JSON object.

    Raises:
        LeverAwayError: it is none.
    """
    try:
        return answer.object()
    except ValueError as error:
        raise LeverAwayError(lever.id, "answered no JSON object") from error
