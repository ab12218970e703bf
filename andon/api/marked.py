"""Short statements that Andon makes to itself: written and read with one key, so nobody else can make one."""

from __future__ import annotations

import base64
import hmac
from typing import Generic, TypeVar

from pydantic import ValidationError

from andon.domain.values import Frozen, canonical

Said = TypeVar("Said", bound=Frozen)


class Marked(Generic[Said]):
    """Writes statements of one form as text for a header or an address (HMAC-SHA256), and reads them.

    It says nothing of time: whoever reads judges whether what was said is still good.
    """

    def __init__(self, key: bytes, form: type[Said]) -> None:
        self._key = key
        self._form = form

    def write(self, said: Said) -> str:
        """Return the statement and its mark."""
        content = canonical(said)
        return f"{base64.urlsafe_b64encode(content).decode()}.{self._mark(content)}"

    def read(self, sent: str) -> Said | None:
        """Return what was said; None if this is no such statement, or was altered."""
        body, _, mark = sent.partition(".")
        try:
            content = base64.b64decode(body, altchars=b"-_", validate=True)
        except ValueError:
            return None
        if not hmac.compare_digest(self._mark(content).encode(), mark.encode()):
            return None
        try:
            return self._form.model_validate_json(content)
        except ValidationError:
            return None

    def _mark(self, content: bytes) -> str:
        return hmac.new(self._key, content, "sha256").hexdigest()
