"""What a client shows, as a row of the table: an exception, an answer handed over as if all were well, or a stream.

A row holds what somebody can act upon who has nothing but the client. Classes of httpx and httpx2 that stand behind the
client's own are told by their names alone, so that the generations can be compared.
"""

import json
from typing import Any, NamedTuple

import openai

from faultlab.errors import FaultlabError
from faultlab.wire import Data

SHOWN_CHARACTERS = 100
"""How much of a message is told: wordings differ in their beginnings."""


class Met(NamedTuple):
    """What a call came to: an answer, or the pieces of a stream, or an exception and the pieces that came before it."""

    answer: Any = None
    pieces: list | None = None
    error: Exception | None = None


def row(met, call, sent):
    """The row of what was met; `sent` are the events that the provider had to send."""
    if met.pieces is None:
        return _returned(met.answer)
    shown = _events(met.pieces) if call == "responses" else _chunks(met.pieces)
    if met.error is None:
        return shown
    body = b"".join(event.data for event in sent if isinstance(event, Data))
    return _raised(met.error, body) | (shown if met.pieces else {})


def _raised(error, sent):
    for link in (error, error.__cause__):
        if isinstance(link, FaultlabError):
            raise link
    shown = {"raises": _class(error)}
    if isinstance(error, (openai.APIError, ValueError)):
        shown["message"] = str(getattr(error, "message", error))[:SHOWN_CHARACTERS]
    if isinstance(error, openai.APIError):
        shown |= {"code": error.code, "type": error.type, "body": _part(error.body, sent)}
    if isinstance(error, openai.APIStatusError):
        shown |= {"status": error.status_code, "request_id": bool(error.request_id)}
    if isinstance(error, openai.APIConnectionError):
        shown["cause"] = type(error.__cause__).__name__
    return shown


def _class(error):
    """Its name, behind its library's unless that is the client's own."""
    library = type(error).__module__.partition(".")[0]
    return type(error).__name__ if library == "openai" else f"{library}.{type(error).__name__}"


def _part(body, sent):
    """Which part of what was on the wire an exception holds as its body."""
    if body is None:
        return "none"
    if body in [document["error"] for document in _documents(sent.decode()) if "error" in document]:
        return "error"
    if isinstance(body, str):
        return "text" if body else "empty"
    return "list" if isinstance(body, list) else "document"


def _documents(body):
    """The JSON objects of a body: itself, or the data of each event of a stream."""
    lines = [line.removeprefix("data:") for line in body.splitlines() if line.startswith("data:")]
    found = [json.loads(text) for text in lines or [body] if _is_json(text)]
    return [document for document in found if isinstance(document, dict)]


def _returned(answer):
    shown = {"returns": type(answer).__name__}
    if isinstance(answer, str):
        return shown | {"text": answer[:SHOWN_CHARACTERS]}
    return shown | (_response(answer) if hasattr(answer, "output") else _completion(answer))


def _completion(answer):
    choices = answer.choices
    shown = {"choices": None if choices is None else len(choices)}
    shown |= {"error": True} if (answer.model_extra or {}).get("error") else {}
    if not choices:
        return shown
    message = choices[0].message
    shown |= {"finish_reason": choices[0].finish_reason, "message": "null" if message is None else "object"}
    return shown if message is None else shown | _message(message)


def _message(message):
    content = "null" if message.content is None else "text" if message.content else "empty"
    return {"content": content} | _tool_calls([call.function.arguments for call in message.tool_calls or []])


def _response(answer):
    return {"status": answer.status, "output": None if answer.output is None else len(answer.output)} | _why(answer)


def _why(answer):
    """Why a response failed, or is incomplete."""
    why = {"error": answer.error.code} if answer.error else {}
    return why | ({"incomplete": answer.incomplete_details.reason} if answer.incomplete_details else {})


def _chunks(chunks):
    """A stream of chat completions."""
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    deltas = [choice.delta for choice in choices if choice.delta]
    reasons = [choice.finish_reason for choice in choices if choice.finish_reason]
    arguments = {}
    for call in (call for delta in deltas for call in delta.tool_calls or []):
        arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    shown = {"chunks": len(chunks), "characters": sum(len(delta.content or "") for delta in deltas)}
    if len(choices) < len(chunks):
        shown["without_choices"] = len(chunks) - len(choices)
    if chunks:
        shown["finish_reason"] = reasons[-1] if reasons else None
    return shown | _tool_calls(list(arguments.values()))


def _events(events):
    """A stream of a response."""
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    shown = {"events": len(events), "characters": len("".join(texts))}
    if not events:
        return shown
    last = events[-1]
    shown |= {"last_event": last.type} | ({"error": last.code} if last.type == "error" else {})
    response = getattr(last, "response", None)
    return shown if response is None else shown | {"status": response.status} | _why(response)


def _tool_calls(arguments):
    if not arguments:
        return {}
    return {"tool_calls": len(arguments), "arguments": "json" if all(map(_is_json, arguments)) else "broken"}


def _is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
