"""Looking at a flag as an application does: through the OpenFeature SDK and OFREP.

The provider answers with the caller's default when anything goes wrong, so the default given
here is the value that proves nothing, and an answer with an error counts as unseen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagEvaluationDetails, Reason
from pydantic import SecretStr

from andon.adapters.levers.flag import Look

TIMEOUT_SECONDS: Final = 2.0
SIDE_BY_SIDE: Final = 4
NO_LIMIT: Final = 2**31 - 1
"""Default of a number: no order's limit is that lax."""

_ANSWERED: Final = frozenset({Reason.STATIC, Reason.TARGETING_MATCH, Reason.SPLIT})
"""Reasons a server gives when it decided; the others come from the SDK or a cache."""


class OpenFeatureProbe:
    """An OpenFeature client of its own, on connections of its own."""

    def __init__(self, url: str, token: SecretStr) -> None:
        provider = OFREPProvider(
            url,
            headers_factory=lambda: {"Authorization": f"Bearer {token.get_secret_value()}"},
            timeout=TIMEOUT_SECONDS,
        )
        # Neither a proxy nor a .netrc file may answer in the door's place or change the token.
        provider.session.trust_env = False
        domain = f"andon-probe {url}"
        api.set_provider(provider, domain)
        self._client = api.get_client(domain)
        # Evaluation blocks; threads of its own keep a hanging door away from other work.
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="probe")

    async def look(
        self, key: str, *, number: bool, about: str = "", said: Mapping[str, str] | None = None
    ) -> Look:
        """Evaluate a permission, or a limit if `number`, for a targeting key and what else is said of it."""
        loop = asyncio.get_running_loop()
        ask = self._number if number else self._permission
        context = EvaluationContext(about or None, dict(said or {}))
        return await loop.run_in_executor(self._threads, ask, key, context)

    def _permission(self, key: str, context: EvaluationContext) -> Look:
        return _look(self._client.get_boolean_details(key, True, context))

    def _number(self, key: str, context: EvaluationContext) -> Look:
        return _look(self._client.get_integer_details(key, NO_LIMIT, context))


def _look(details: FlagEvaluationDetails[bool] | FlagEvaluationDetails[int]) -> Look:
    if details.error_code is not None:
        return Look(value=None, code=f"error/{details.error_code.value}")
    shown = str(details.value).lower()
    # Without a variant the server did not say what it chose, and `value` may be the default.
    decided = details.reason in _ANSWERED and details.variant is not None
    return Look(
        value=details.value if decided else None,
        code=f"{shown}/{details.reason}",
        incident=str(details.flag_metadata.get("incident", "")),
    )
