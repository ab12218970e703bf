"""Traces out of MLflow's tracking server (3.x): the named ones, or the newest of an experiment."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from andon.adapters.options import Option
from andon.adapters.sources.kinds import SourceKind, SourceMeans
from andon.adapters.sources.trace_store import (
    SECRET,
    SUPPLIES,
    TRACES_AT_MOST,
    URL,
    Fetched,
    StoreAddress,
    TraceSource,
    checked,
    from_nanos,
    plain_attributes,
)
from andon.domain.errands import EvidenceQuery
from andon.domain.errors import SourceError
from andon.domain.evidence import GapReason
from andon.domain.system import SourceEntry
from andon.domain.trace import FAILED, Span

API: Final = "/api/3.0/mlflow/traces"
PREFIX: Final = "tr-"
OPTIONS: Final = {
    "url": URL,
    "secret": SECRET,
    "experiment": Option("id of the experiment that is searched when no trace is named; without it none is"),
}
FAILED_STATE: Final = "STATUS_CODE_ERROR"
ABOUT: Final = ("service.name", "service.version", "deployment.environment.name", "deployment.environment")
"""What MLflow keeps of a resource: tags of the trace."""


class MlflowTraces:
    """Asks for traces by id; their ids are OpenTelemetry's behind a prefix."""

    def __init__(self, entry: SourceEntry, means: SourceMeans) -> None:
        self._at = StoreAddress(entry, means)
        self._experiment = entry.options.get("experiment", "")

    async def traces(self, query: EvidenceQuery) -> AsyncIterator[Fetched]:
        """Yield the traces that the query names, or the newest of its window."""
        for trace_id in query.trace_ids or await self._newest(query):
            fetched = await self._trace(trace_id)
            if fetched is not None:
                yield fetched

    async def _trace(self, trace_id: str) -> Fetched | None:
        url = self._at.url(f"{API}/get", trace_id=PREFIX + trace_id.removeprefix(PREFIX))
        try:
            page = await self._at.asking.get(url)
        except SourceError as error:
            if error.reason == GapReason.EMPTY:
                return None
            raise
        try:
            trace = page.read(self._at.source)["trace"]
            about = _about(trace["trace_info"])
            spans = [_span(one, about) for one in trace["spans"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._at.refused("a trace that is not in MLflow's form") from error
        return Fetched(spans, url, page.skew_ms)

    async def _newest(self, query: EvidenceQuery) -> list[str]:
        if not self._experiment:
            return []
        since, until = (int(at.timestamp() * 1000) for at in (query.since, query.until))
        place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": self._experiment}}
        asked = {
            "locations": [place],
            "filter": f"trace.timestamp_ms >= {since} AND trace.timestamp_ms <= {until}",
            "order_by": ["timestamp_ms DESC"],
            "max_results": TRACES_AT_MOST,
        }
        page = await self._at.asking.ask("POST", self._at.url(f"{API}/search"), asked)
        try:
            return [str(one["trace_id"]) for one in page.read(self._at.source).get("traces", [])]
        except (KeyError, TypeError, AttributeError) as error:
            raise self._at.refused("a list of traces that is not in MLflow's form") from error


def _about(info: Mapping[str, Any]) -> dict[str, Any]:
    tags = info.get("tags") or {}
    return {name: tags[name] for name in ABOUT if name in tags}


def _span(one: Mapping[str, Any], about: Mapping[str, Any]) -> Span:
    attributes = plain_attributes(one.get("attributes", []))
    status = one.get("status") or {}
    failed = status.get("code") == FAILED_STATE
    attributes["otel.resource"] = dict(about)
    attributes["otel.status"] = {"code": FAILED if failed else 0, "message": str(status.get("message", ""))}
    attributes["otel.events"] = [
        {
            "name": str(event.get("name", "")),
            "at": from_nanos(event["time_unix_nano"]).isoformat(),
            "attributes": plain_attributes(event.get("attributes", [])),
        }
        for event in one.get("events", [])
    ]
    parent = one.get("parent_span_id")
    return Span(
        trace_id=_hex(one["trace_id"]),
        span_id=_hex(one["span_id"]),
        parent=_hex(parent) if parent else None,
        service=str(about.get("service.name", "")),
        name=str(one["name"]),
        start=from_nanos(one["start_time_unix_nano"]),
        end=from_nanos(one["end_time_unix_nano"]),
        attributes=attributes,
    )


def _hex(text: str) -> str:
    """Return an id, which protobuf's JSON form has in base64, as OpenTelemetry writes it."""
    return base64.b64decode(text, validate=True).hex()


def build(entry: SourceEntry, means: SourceMeans) -> TraceSource:
    """Return the source of an entry."""
    return TraceSource(entry, MlflowTraces(entry, means))


KIND: Final = SourceKind(
    name="mlflow", version="1", options=OPTIONS, supplies=SUPPLIES, build=build, check=checked
)
