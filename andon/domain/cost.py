"""What a containment step is expected to cost the business: a code, and a figure where there is one."""

from __future__ import annotations

from pydantic import Field

from andon.domain.values import Spare


class Cost(Spare):
    """The expected price of holding one lever."""

    what: str = Field(pattern=r"^[a-z0-9_]{1,64}$", description="what waits or is lost, such as refunds_wait")
    per_hour: int | None = Field(None, ge=0, description="how much, for each hour that it is held")
    unit: str = Field("", pattern=r"^[A-Za-z_]{0,16}$", description="of the figure: a currency, or cases")

    def facts(self) -> dict[str, str | int | bool]:
        """Return it as a ledger entry names it."""
        figure = {} if self.per_hour is None else {"cost_per_hour": self.per_hour}
        return {"cost": self.what, **figure, **({"cost_unit": self.unit} if self.unit else {})}
