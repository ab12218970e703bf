"""Answers as they are sent, and what is said of them."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from andon.domain.directory import Role
from andon.domain.personal_keys import PersonalSignature
from andon.domain.response import Said
from andon.domain.values import Frozen, Instant, Sha256Hex


class ResponseBody(Frozen):
    """An answer as a person sends it."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    option: str = Field(min_length=1, max_length=64)
    reason: str = Field(min_length=1, max_length=4000, description="why; encrypted before it is kept")
    findings: dict[str, str] = Field(default_factory=dict, max_length=20)
    role: Role | None = Field(None, description="the role you answer in; the token's role if left out")
    emit: bool = Field(False, description="return the signed statement instead of delivering it")
    prepare: bool = Field(
        False, description="return what your own key is to sign; then send that and the signature here"
    )


class SignedBody(Frozen):
    """An answer that was prepared here, with the signature of the person's own key."""

    said: Said = Field(description="exactly as it was prepared; the key signs it as RFC 8785 JSON")
    signature: PersonalSignature
    emit: bool = Field(False, description="return the signed statement instead of delivering it")


class Prepared(Frozen):
    """What a person's own key is to sign."""

    said: Said
    expires_at: Instant = Field(description="until when it is taken; prepare it anew after that")


class ResponseTaken(Frozen):
    """An answer that counts."""

    accepted: bool = True
    decision: str
    late: bool
    outcome: str | None = Field(description="the option the question has settled on, if it has")
    statement: Sha256Hex = Field(description="digest of the signed envelope")
