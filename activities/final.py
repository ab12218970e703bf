"""Turning final domain errors into errors Temporal does not retry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from andon.domain.errors import (
    EvaluationError,
    InvalidInputError,
    LeverUnknownError,
    NotFoundError,
    ReleaseRefusedError,
    SignatureError,
    SourceError,
    StoreConflictError,
)

FINAL = (
    EvaluationError,
    InvalidInputError,
    LeverUnknownError,
    NotFoundError,
    ReleaseRefusedError,
    SignatureError,
    SourceError,
    StoreConflictError,
)
"""Errors that a second attempt can't mend."""


@contextmanager
def final_errors() -> Iterator[None]:
    """Raise final domain errors as non-retryable `ApplicationError`, typed by their class."""
    try:
        yield
    except FINAL as error:
        name = type(error).__name__
        raise ApplicationError(str(error), type=name, non_retryable=True) from error
