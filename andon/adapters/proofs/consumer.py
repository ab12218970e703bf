"""Proof by the consumer's path: the flag that the AI system reads, evaluated as the AI system does."""

from __future__ import annotations

from datetime import datetime

from andon.adapters.levers.flag import FlagProbe
from andon.domain.containment import Order
from andon.domain.proof import Finding, Ground, Part


class ConsumerLook:
    """Evaluates the permission that `options.flag` names; only a server's own `false` is held."""

    def __init__(self, probe: FlagProbe) -> None:
        self._probe = probe

    async def look(self, order: Order, *, since: datetime, sent: int) -> Part:  # noqa: ARG002 - a look of any kind
        """Evaluate once."""
        seen = await self._probe.look(order.lever.options["flag"], number=False)
        finding = Finding.UNPROVEN
        if seen.value is not None:
            finding = Finding.HELD if seen.value is False else Finding.NOT_HELD
        return Part(ground=Ground.CONSUMER, finding=finding, saw=seen.code)
