"""What comes in over OTLP, kept in one transaction with what is found in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, TypeVar

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from andon.api.bodies import check_depth
from andon.recorder.otlp import from_json, from_protobuf, spans_of
from andon.recorder.otlp_logs import logs_of, outputs_in
from andon.recorder.results import WantedResults
from andon.register.results import Results
from andon.register.traces import Traces

DEPTH: Final = 40
PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

Request = TypeVar("Request", bound=Message)


class TakingIn:
    """Reads requests and keeps what they hold; each call blocks until it is kept."""

    def __init__(self, kept: Traces, results: Results) -> None:
        self._kept = kept
        self._results = results
        self.wanted: WantedResults | None = None

    def spans(self, body: bytes, media_type: str) -> int:
        """Keep a request's spans and return how many were refused."""
        rows, refused = spans_of(_read(body, media_type, ExportTraceServiceRequest), datetime.now(UTC))
        found = self.wanted.among(rows) if self.wanted is not None else []
        if rows:
            outputs = outputs_in(rows)
            with self._results.together():
                self._kept.spans.add(rows)
                self._kept.logs.add_outputs(outputs)
                self._results.add(found)
        return refused

    def logs(self, body: bytes, media_type: str) -> int:
        """Keep a request's log records and return how many were refused."""
        rows, refused = logs_of(_read(body, media_type, ExportLogsServiceRequest), datetime.now(UTC))
        found = self.wanted.among_logs(rows) if self.wanted is not None else []
        if rows:
            outputs = outputs_in(rows)
            with self._results.together():
                self._kept.logs.add(rows)
                self._kept.logs.add_outputs(outputs)
                self._results.add(found)
        return refused


def _read(body: bytes, media_type: str, kind: type[Request]) -> Request:
    if media_type != JSON:
        return from_protobuf(body, kind)
    check_depth(body, DEPTH)
    return from_json(body, kind)
