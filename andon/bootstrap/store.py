"""The store is tried before a worker writes evidence to it, and rid of what uploads left there."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from andon.adapters.clock import utc_now
from andon.adapters.store.checks import passing
from andon.adapters.store.s3 import S3EvidenceStore

logger = logging.getLogger(__name__)

WITHIN: Final = 60.0
"""Seconds; a store that was killed takes locked objects again after about fifteen."""
PAUSE: Final = 1.0
LEFT_FOR: Final = timedelta(days=1)
EVIDENCE: Final = "evidence/"


async def prove_store(store: S3EvidenceStore) -> bool:
    """Say in the log whether the store's locks hold; if they do not, nothing stored is called locked."""
    try:
        async with asyncio.timeout(WITHIN):
            return await _proven(store)
    except TimeoutError:
        logger.error("the evidence store gave no clear answer: nothing stored there is called locked")  # noqa: TRY400 - the trace says nothing
        return False


async def _proven(store: S3EvidenceStore) -> bool:
    while True:
        try:
            checks = await store.prove()
            removed = await store.abort_older(EVIDENCE, utc_now() - LEFT_FOR)
        except (BotoCoreError, ClientError) as error:
            if not passing(error):
                raise
            logger.warning("the evidence store is not ready (%s)", type(error).__name__)
            await asyncio.sleep(PAUSE)
            continue
        failed = [check for check in checks if not check.passed]
        for check in failed:
            logger.error("evidence store: %s: wanted %s, saw %s", check.name, check.expected, check.seen)
        logger.info("evidence store: %d of %d checks passed", len(checks) - len(failed), len(checks))
        if removed:
            logger.info("evidence store: removed %d unfinished uploads", removed)
        return not failed
