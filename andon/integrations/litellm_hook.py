"""Asks Andon before LiteLLM's proxy serves a request: for gateways without an admin interface.

Copy this file beside the proxy's configuration and name it there:

    litellm_settings:
      callbacks: litellm_hook.andon

Environment of the proxy: `ANDON_URL` (the door), `ANDON_TOKEN` (any token of Andon may evaluate flags),
`ANDON_FLAGS` (flags that must all allow, with commas between them; `{model}` stands for the requested model's
name, in lower case, with `_` for whatever is neither letter nor digit), `ANDON_SECONDS` (longest wait, 2).
Whatever is not a plain "allowed" is a refusal: no answer, an error, an unknown flag, a missing setting.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from typing import Any

import httpx
from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger  # type: ignore[import-not-found]  # in its own environment

TOLD = ("incident", "reason", "title", "contact", "since")
"""What a denial's metadata says for the people who meet it."""

log = logging.getLogger(__name__)


class AndonStop(CustomLogger):  # type: ignore[misc]  # its base is unknown here
    """Refuses requests that a flag does not allow."""

    def __init__(self) -> None:
        super().__init__()
        # This file lives in the proxy's process, which has no settings of Andon.
        environment = os.environ
        self._url = environment.get("ANDON_URL", "").rstrip("/")
        self._token = environment.get("ANDON_TOKEN", "")
        self._flags = [flag.strip() for flag in environment.get("ANDON_FLAGS", "").split(",") if flag.strip()]
        self._seconds = float(environment.get("ANDON_SECONDS", "2"))
        self._client: httpx.AsyncClient | None = None

    async def async_pre_call_hook(
        self,
        user_api_key_dict: Any,  # noqa: ARG002 - LiteLLM's own signature
        cache: Any,  # noqa: ARG002
        data: dict[str, Any],
        call_type: str,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Let the request go on, or raise 403 with what its sender is to know."""
        model = re.sub(r"[^a-z0-9]", "_", str(data.get("model", "")).lower())
        flags = [flag.replace("{model}", model) for flag in self._flags]
        denials = await asyncio.gather(*(self._denial(flag) for flag in flags))
        for denial in denials:
            if denial is not None:
                raise HTTPException(status_code=403, detail=denial)
        if not flags:
            raise HTTPException(status_code=403, detail={"error": "stopped", "reason": "not_configured"})
        return data

    async def aclose(self) -> None:
        """Close its connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _denial(self, flag: str) -> dict[str, str] | None:
        """Return why a flag does not allow; None: it allows."""
        denial = {"error": "stopped", "flag": flag}
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._calls().post(
                    f"{self._url}/ofrep/v1/evaluate/flags/{flag}", json={"context": {}}
                )
            said = answer.json() if answer.status_code == 200 else {}
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            log.warning("no answer about %s: %s", flag, type(error).__name__)
            return {**denial, "reason": "unreachable"}
        if not isinstance(said, dict) or "value" not in said:
            return {**denial, "reason": f"answered_{answer.status_code}"}
        if said["value"] is True:
            return None
        metadata = said.get("metadata")
        known = metadata if isinstance(metadata, dict) else {}
        return {**denial, **{name: str(known[name]) for name in TOLD if name in known}}

    def _calls(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                headers={"Authorization": f"Bearer {self._token}"}, timeout=self._seconds, trust_env=False
            )
        return self._client


andon = AndonStop()
