"""What Temporal can search incidents by; created in the namespace before any worker starts."""

from __future__ import annotations

from temporalio.common import SearchAttributeKey

SEVERITY = SearchAttributeKey.for_keyword("AndonSeverity")
STAGE = SearchAttributeKey.for_keyword("AndonStage")
SYSTEM = SearchAttributeKey.for_keyword("AndonSystem")
CLASSIFICATION = SearchAttributeKey.for_keyword("AndonClassification")
NEXT_DEADLINE = SearchAttributeKey.for_datetime("AndonNextDeadline")
EXERCISE = SearchAttributeKey.for_bool("AndonExercise")

NAMES = (
    "AndonSeverity",
    "AndonStage",
    "AndonSystem",
    "AndonClassification",
    "AndonNextDeadline",
    "AndonExercise",
)
"""A worker refuses to start without these: an unregistered one blocks a workflow for ever."""
