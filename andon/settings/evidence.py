"""What is kept of incidents and can be checked: checkpoints, originals and holds, uploaded bundles."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field, model_validator

from andon.settings.section import Section


class CheckpointSettings(Section):
    """Checkpoints of the log over all incidents, and who vouches for them."""

    every: timedelta = Field(
        timedelta(minutes=1),
        ge=timedelta(milliseconds=100),
        le=timedelta(hours=1),
        description="how often the log takes in what is new and is signed",
    )
    overdue: timedelta = Field(
        timedelta(minutes=5), gt=timedelta(0), description="no checkpoint for so long is an alarm"
    )
    origin: str = Field(
        "",
        max_length=255,
        description="name of the log, with no spaces and no plus; none: one made from its key. It is part "
        "of what is signed: leave it as it is once a checkpoint was handed out",
    )
    authority_url: str = Field(
        "", description="time stamp authority (RFC 3161) that stamps checkpoints; none: no stamps"
    )
    authority_roots: Path | None = Field(
        None, description="PEM file of the certificates that its chain may end in"
    )
    authority_policy: str = Field("", description="its policy that is wanted, in numbers; none: any")
    witness_url: str = Field("", description="witness (C2SP tlog-witness) that signs checkpoints; none: none")
    witness_key: str = Field("", description="its public key, as `andon witness` prints it")

    @model_validator(mode="after")
    def _refuse_what_can_not_be_checked(self) -> CheckpointSettings:
        if self.authority_url and self.authority_roots is None:
            raise ValueError("authority_roots: name the certificates of the time stamp authority")
        if self.witness_url and not self.witness_key:
            raise ValueError("witness_key: name the key of the witness")
        return self


class CustodySettings(Section):
    """Originals, holds and erasures."""

    originals_url: str = Field(
        "",
        description="URL of this console under another host, from which originals are downloaded, so that "
        "nothing in one can reach a session; none: the console's own",
    )
    ticket: timedelta = Field(
        timedelta(minutes=1),
        gt=timedelta(0),
        le=timedelta(minutes=10),
        description="how long the address of an original is good, once",
    )
    every: timedelta = Field(
        timedelta(minutes=1),
        ge=timedelta(milliseconds=100),
        le=timedelta(hours=24),
        description="how often the custodian sets holds, carries out erasures and ends what is due",
    )


class VerifyingSettings(Section):
    """Verifying bundles that people upload: in a process of its own, within these bounds."""

    upload_bytes: int = Field(
        512 * 1024 * 1024, ge=1, description="largest bundle; for a larger one there is `andon audit verify`"
    )
    time: timedelta = Field(
        timedelta(minutes=5),
        gt=timedelta(0),
        le=timedelta(hours=1),
        description="how long one verification may take",
    )
    memory_mib: int = Field(1024, ge=256, le=1024 * 1024, description="memory that one may take")
    waiting: int = Field(
        4, ge=0, le=100, description="bundles that may wait their turn; each takes its size on disk"
    )
    folder: Path | None = Field(None, description="where they lie meanwhile; none: `verifying` in `data_dir`")
