"""A worker that can't let go of a workflow ends."""

from __future__ import annotations

import inspect
import logging
import subprocess
import sys

import temporalio.worker._workflow as sdk

from workers.wedged import EX_SOFTWARE, SAYS, SDK, EndsWhenWedged


def said(message: str, level: int = logging.ERROR) -> list[int]:
    ended: list[int] = []
    handler = EndsWhenWedged(ended.append)
    logger = logging.getLogger(SDK)
    logger.addHandler(handler)
    try:
        logger.log(level, message, "01a2025b")
    finally:
        logger.removeHandler(handler)
    return ended


def test_it_ends_when_the_sdk_can_not_evict_a_workflow() -> None:
    assert said(SAYS + " for run ID %s, continually retrying eviction.") == [EX_SOFTWARE]


def test_it_goes_on_after_any_other_error() -> None:
    assert said("Failed handling activation on workflow with run ID %s") == []


def test_the_sdk_says_it_in_these_words_and_there() -> None:
    assert sdk.logger.name == SDK
    assert SAYS in inspect.getsource(sdk)


def test_the_process_is_gone_at_once() -> None:
    source = (
        "import logging; from workers.wedged import SAYS, SDK, end_when_wedged;"
        "end_when_wedged(); logging.getLogger(SDK).error(SAYS); print('still here')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", source], check=False, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (EX_SOFTWARE, "")
