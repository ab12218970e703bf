"""Asking the model: one chat completion over an OpenAI-compatible URL."""

from __future__ import annotations

import json
from typing import Any, Final

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from examples.refund_desk.releases import Release

TIMEOUT_SECONDS: Final = 5.0

Message = dict[str, Any]
"""One message in the chat completions form."""


class ModelUnavailableError(Exception):
    """The model could not be asked, or answered in no form we know."""


class _Loose(BaseModel):
    """Base of what a server sends: fields we do not use are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class CalledFunction(_Loose):
    """The tool a model wants called, its arguments still as the text it wrote."""

    name: str
    arguments: str


class ToolCall(_Loose):
    """One call the model asks for."""

    id: str
    function: CalledFunction


class Spoken(_Loose):
    """The model's message."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()

    def as_message(self) -> Message:
        """Return it in the form in which it goes back to the model."""
        calls = [{"type": "function", **call.model_dump(mode="json")} for call in self.tool_calls]
        message: Message = {"role": "assistant", "content": self.content}
        return {**message, "tool_calls": calls} if calls else message


class Usage(_Loose):
    """Tokens counted by the server."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Choice(_Loose):
    """One answer of the model and why it stopped."""

    message: Spoken
    finish_reason: str


class Completion(_Loose):
    """A whole answer of the server."""

    id: str
    model: str
    choices: tuple[Choice, ...] = Field(min_length=1)
    usage: Usage = Usage()

    @property
    def spoken(self) -> Spoken:
        """The message of the first choice; the desk asks for one only."""
        return self.choices[0].message


class ModelClient:
    """The model server behind a URL, with or without the `/v1` at its end."""

    def __init__(self, url: str) -> None:
        base = url.rstrip("/").removesuffix("/v1")
        self._url = f"{base}/v1/chat/completions"
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS)

    def complete(self, release: Release, messages: list[Message]) -> Completion:
        """Ask the release's model with the release's tools.

        Raises:
            ModelUnavailableError: no usable answer in time.
        """
        tools = [tool.model_dump(mode="json") for tool in release.tools.definitions]
        body = {"model": release.model.name, "temperature": 0, "messages": messages, "tools": tools}
        try:
            answer = self._client.post(self._url, json=body)
            answer.raise_for_status()
            return Completion.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError, json.JSONDecodeError) as error:
            raise ModelUnavailableError(f"{type(error).__name__} from the model server") from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
