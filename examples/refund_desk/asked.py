"""Each question to a switch, told to the trace that asked it."""

from __future__ import annotations

from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType
from openfeature.hook import Hook, HookContext, HookHints
from opentelemetry import trace


class FlagEvents(Hook):
    """Writes an evaluation on the span it belongs to, as OpenTelemetry names it."""

    def finally_after(
        self,
        hook_context: HookContext,
        details: FlagEvaluationDetails[FlagValueType],
        hints: HookHints,  # noqa: ARG002 - given by the SDK
    ) -> None:
        """Tell the answer; one that could not be had is told with the default that stood in for it."""
        provider = hook_context.provider_metadata
        attributes = {
            "feature_flag.key": hook_context.flag_key,
            "feature_flag.result.value": str(details.value).lower(),
            "feature_flag.result.reason": str(details.reason or "unknown").lower(),
            "feature_flag.provider.name": provider.name if provider else "none",
        }
        trace.get_current_span().add_event("feature_flag.evaluation", attributes)
