"""What a run of an eval suite may use, what was enforced of that, and how a run can go wrong."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from andon.domain.values import Carried, Frozen

ENFORCED: Final = "enforced"
MIB: Final = 1024 * 1024


class Problem(StrEnum):
    """Why a run of a suite says nothing about the AI system."""

    TIMEOUT = "timeout"
    """It did not end in its time."""
    MEMORY = "memory"
    """It took more memory than it may."""
    PROCESSES = "processes"
    """It had more processes at a time than it may."""
    OUTPUT = "output"
    """It wrote more than it may."""
    KILLED = "killed"
    """A signal ended it that was not ours."""
    NO_RESULT = "no_result"
    """It ended and left no result."""
    GARBLED = "garbled"
    """It left a result that can't be read."""
    NOT_STARTED = "not_started"
    """It could not be started: the AI system's file, its program or its endpoint is not fit."""


REMEDY: Final[dict[Problem, str]] = {
    Problem.TIMEOUT: "it did not end in its time: see its log, or raise `timeout_seconds`",
    Problem.MEMORY: "it took more memory than it may: see its log, or raise `limits.memory_mib`",
    Problem.PROCESSES: "it had too many processes at a time: see its log, or raise `limits.processes`",
    Problem.OUTPUT: "it wrote more than it may: see its log, or raise `limits.file_mib`",
    Problem.KILLED: "a signal ended it: see its log and the machine's, and run it again",
    Problem.NO_RESULT: "it ended and left no result: see its log",
    Problem.GARBLED: "its result can't be read: see docs/reference/evaluators.md for the form",
    Problem.NOT_STARTED: "it could not be started: `andon systems check` says what is wrong",
}
"""For each problem, what happened and what to do about it."""


class Limits(Frozen):
    """What one run of a suite may use at most."""

    memory_mib: int = Field(4096, ge=64, le=1024 * 1024, description="memory of all its processes together")
    processes: int = Field(256, ge=1, le=10_000, description="processes at a time")
    file_mib: int = Field(1024, ge=1, le=1024 * 1024, description="largest file, and all of the run's folder")
    open_files: int = Field(1024, ge=16, le=65_536, description="open files of one process")
    network: Literal["none", "open"] = Field(
        "none", description="`none`: it reaches servers that it starts itself, and nothing else"
    )


class Confinement(Carried):
    """What was enforced on a run: `enforced`, or `open` or `not_possible` with the reason."""

    time: str = ENFORCED
    memory: str = ENFORCED
    processes: str = ENFORCED
    files: str = ENFORCED
    network: str = ENFORCED

    @property
    def lacking(self) -> tuple[str, ...]:
        """What was not enforced, with the reason, in words to show."""
        said = {
            "time": self.time,
            "memory": self.memory,
            "processes": self.processes,
            "files": self.files,
            "network": self.network,
        }
        return tuple(f"{name}: {text}" for name, text in said.items() if text != ENFORCED)
