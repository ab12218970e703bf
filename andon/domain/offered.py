"""Evidence that a report brings with it: a file that was uploaded, or a place where it lies."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from andon.domain.values import Carried, Frozen, Instant, Sha256Hex, Slug

OFFERED_AT_MOST: Final = 50
"""Pieces of evidence one report may bring."""

UploadId = Annotated[str, StringConstraints(pattern=r"^UPL-[A-Za-z0-9_-]{22}$")]
"""`UPL-` and 128 random bits: whoever does not know it can't name it."""


class Offered(Frozen):
    """One piece of evidence as a report names it: a place that is noted and never fetched, or an upload."""

    kind: Slug = Field(description="a kind of the evidence list, such as output or application_log")
    url: str | None = Field(
        None, max_length=2000, pattern=r"^[A-Za-z][A-Za-z0-9+.-]{1,30}:[^\s\x00-\x1f\x7f]+$"
    )
    upload: UploadId | None = Field(None, description="what `POST /v1/uploads` answered")
    sha256: Sha256Hex | None = Field(None, description="of the whole content, as its sender knows it")
    name: str | None = Field(None, min_length=1, max_length=200)

    @model_validator(mode="after")
    def _lies_in_one_place(self) -> Self:
        if (self.url is None) == (self.upload is None):
            raise ValueError("give one of url and upload")
        return self


class Received(Carried):
    """An upload as it came in, before or after a report claims it."""

    upload: UploadId
    source: str = Field(description="who sent it: `person:<id>` or `source:<id>`")
    received_at: Instant
    sha256: Sha256Hex = Field(description="of the content, found while it came in")
    size_bytes: int = Field(ge=0)
    content_type: str


class Claim(Carried):
    """A report's word for a piece of evidence, kept sealed with the report."""

    detection: str
    source: str
    at: Instant
    offered: Offered
