"""An offline model behind the chat completions API: `python -m examples.refund_desk.model_server`.

It needs no weights and no network, and answers the same input with the same output, so a fault of the
example can be shown again at will. Any other OpenAI-compatible server can stand in its place.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any, Final, Literal

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from examples.refund_desk import model_policy
from examples.refund_desk.serving import add_serving_arguments, serve

NAME: Final = "desk-small"
VERSION: Final = "1.0.0"


class Question(BaseModel):
    """The part of a chat completion request that this model reads."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[dict[str, Any]] = Field(min_length=1, max_length=20)
    tools: list[dict[str, Any]] = Field(default_factory=list, max_length=20)
    stream: Literal[False] = False


def build() -> FastAPI:
    """Return the model server."""
    app = FastAPI(title="Offline model")
    fingerprint = hashlib.sha256(Path(model_policy.__file__).read_bytes()).hexdigest()[:12]

    @app.get("/healthz")
    async def tell_health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/v1/models")
    async def list_models() -> dict[str, Any]:
        return {"object": "list", "data": [{"id": NAME, "object": "model", "owned_by": "offline"}]}

    @app.post("/v1/chat/completions")
    async def complete(question: Question) -> dict[str, Any]:
        if question.model != NAME:
            raise HTTPException(404, f"the model {question.model} does not exist; there is {NAME}")
        message = model_policy.spoken(question.messages, question.tools)
        asked = json.dumps(question.messages, sort_keys=True)
        return {
            "id": f"chatcmpl-{hashlib.sha256(asked.encode()).hexdigest()[:24]}",
            "object": "chat.completion",
            "created": 0,
            "model": f"{NAME}-{VERSION}",
            "system_fingerprint": fingerprint,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", **message},
                    "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
                }
            ],
            "usage": _usage(asked, json.dumps(message)),
        }

    return app


def _usage(asked: str, answered: str) -> dict[str, int]:
    counts = {"prompt_tokens": len(asked.split()), "completion_tokens": len(answered.split())}
    return {**counts, "total_tokens": sum(counts.values())}


def main() -> None:
    """Serve the model until a signal."""
    parser = argparse.ArgumentParser(prog="examples.refund_desk.model_server", description=__doc__)
    add_serving_arguments(parser)
    serve(build(), parser.parse_args())


if __name__ == "__main__":
    main()
