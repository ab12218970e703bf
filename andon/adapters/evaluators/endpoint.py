"""Suites behind an HTTP endpoint: begun by a POST, asked for until they are over, in the documented form.

The endpoint is told the incident's own case and answers 200 with the result, or 202 with where to ask. Its
calls pass the same checks as those of levers. Nothing of the run is ours, so only its time is bounded.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

from andon.adapters.evaluators.command import as_object
from andon.adapters.evaluators.kinds import EvaluatorKind, Ran, Run
from andon.adapters.options import Option
from andon.adapters.outgoing import Answer
from andon.adapters.places import place_of
from andon.domain.confinement import Confinement, Problem
from andon.domain.errors import EvaluationError, InvalidInputError
from andon.domain.system import Evaluation
from andon.domain.values import canonical

MOST_BYTES: Final = 8 * 1024 * 1024
ASK_EVERY: Final = 1.0
"""Seconds between two questions whether it is over."""
FAILURES: Final = 5
"""Answers in a row that may fail to come before the run is given up."""

ELSEWHERE: Final = "not_possible: it runs elsewhere"
CONFINEMENT: Final = Confinement(memory=ELSEWHERE, processes=ELSEWHERE, files=ELSEWHERE, network=ELSEWHERE)

OPTIONS: Final = {
    "url": Option("where a run is begun", needed=True),
    "secret": Option("name of the secret that is sent as bearer token"),
}


class _NoAnswerError(Exception):
    """No whole answer came; the next one may."""


async def run(one: Run) -> Ran:
    """Begin a run, ask until it is over, and write its result where a command would."""
    try:
        async with asyncio.timeout(one.time.total_seconds()):
            return Ran(0, await _over(one), CONFINEMENT)
    except TimeoutError:
        return Ran(-1, Problem.TIMEOUT, CONFINEMENT)


async def _over(one: Run) -> Problem | None:
    url = one.suite.options["url"]
    headers = _headers(one)
    asked, failures = ("POST", url), 0
    while True:
        try:
            answer = await _call(one, *asked, headers)
            failures = 0
        except (_NoAnswerError, EvaluationError) as error:
            failures += 1
            if isinstance(error, EvaluationError) or failures >= FAILURES:
                return Problem.GARBLED if isinstance(error, EvaluationError) else Problem.NO_RESULT
        else:
            if answer.status == httpx.codes.OK:
                one.result.write_bytes(answer.body)
                return None
            if answer.status != httpx.codes.ACCEPTED:
                return Problem.NOT_STARTED if asked[0] == "POST" else Problem.NO_RESULT
            asked = ("GET", _next(url, answer, one))
        await asyncio.sleep(ASK_EVERY)


def _next(url: str, answer: Answer, one: Run) -> str:
    """Return where to ask, which is of the same origin: an answer sends our secret nowhere else."""
    told = as_object(answer.body, "the answer")
    where = httpx.URL(url).join(str(told.get("status_url", "")))
    if place_of(str(where)) != place_of(url):
        raise InvalidInputError("evaluation: the endpoint says to ask at another place")
    done, total = told.get("done"), told.get("total")
    known = isinstance(done, int) and isinstance(total, int)
    one.progress(f"{done} of {total} cases" if known else "running at the endpoint")
    return str(where)


async def _call(one: Run, method: str, url: str, headers: Mapping[str, str]) -> Answer:
    body = _asked(one) if method == "POST" else None
    try:
        async with one.means.outgoing.client() as client:
            place_of(url)
            async with client.stream(method, url, headers=dict(headers), content=body) as answer:
                return Answer(answer.status_code, await _bounded(answer))
    except httpx.HTTPError as error:
        raise _NoAnswerError from error


async def _bounded(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > MOST_BYTES:
            raise EvaluationError(f"the answer is larger than {MOST_BYTES} bytes")
    return bytes(content)


def _asked(one: Run) -> bytes:
    lines = (one.place / "cases.jsonl").read_text("utf-8").splitlines()
    asked: dict[str, Any] = {
        "incident": one.request.incident,
        "system": one.request.system,
        "suite": one.suite.suite,
        "number": one.request.number,
        "seconds": int(one.time.total_seconds()),
        "cases": [json.loads(line) for line in lines],
    }
    return canonical(asked)


def _headers(one: Run) -> dict[str, str]:
    key = f"evaluation/{one.request.incident}/{one.request.number}"
    headers = {"accept-encoding": "identity", "user-agent": "andon", "content-type": "application/json"}
    named = one.suite.options.get("secret")
    if named is not None:
        secret = one.means.settings.secrets.get(named)
        if secret is None:
            raise InvalidInputError(
                f"evaluation: option secret names {named!r}: put it into the settings under trials.secrets"
            )
        headers["authorization"] = f"Bearer {secret.get_secret_value()}"
    return {**headers, "idempotency-key": key}


def _check(suite: Evaluation) -> None:
    place_of(suite.options["url"])


KIND: Final = EvaluatorKind(name="http", run=run, options=OPTIONS, by_command=False, check=_check)
