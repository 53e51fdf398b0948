"""What a client meets, through each of the four transports: httpx2 and httpx, sync and async.

That connections break here as on real sockets is shown in `test_sockets.py`, beside this file.
"""

import asyncio
import contextlib
import dataclasses
import importlib
import sys
import threading
from pathlib import Path

import openai
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from dropped import Dropped
from libraries import LIBRARIES

from faultlab import faults
from faultlab.adapters.base import Router
from faultlab.adapters.transport import async_transport, installed_library, transport
from faultlab.clock import VirtualClock
from faultlab.errors import UnknownHost
from faultlab.faults import FAULTS
from faultlab.schedule import Entry, Schedule
from faultlab.script import Reply, Script, ToolCall
from faultlab.upstream import Stage, Upstream
from faultlab.wire import DropKind

_BASE = "https://api.openai.com/v1"
_MESSAGES = [{"role": "user", "content": "ping"}]
_CALLS = Reply("", (ToolCall("terminal", '{"command": "ls"}'),))
_HELLO = Reply("hello from the model")


@dataclasses.dataclass
class Bench:
    """An upstream, and a real client before it, over one of the four transports."""

    module: object
    awaited: bool
    upstream: Upstream
    router: Router = dataclasses.field(init=False)

    def __post_init__(self):
        self.router = Router([self.upstream])

    @property
    def clock(self):
        return self.upstream.stage.clock

    @property
    def exchange(self):
        (exchange,) = self.upstream.exchanges
        return exchange

    def http_client(self):
        if self.awaited:
            return self.module.AsyncClient(transport=async_transport(self.router, self.clock, self.module))
        return self.module.Client(transport=transport(self.router, self.clock, self.module))

    def client(self, http_client=None, timeout=30.0):
        return (openai.AsyncOpenAI if self.awaited else openai.OpenAI)(
            api_key=self.upstream.api_key,
            base_url=_BASE,
            http_client=http_client or self.http_client(),
            max_retries=0,
            timeout=timeout,
        )

    def ask(self, call="chat", *, http_client=None, timeout=30.0, **more):
        """The whole answer, or all events of a stream, of one call through the real client."""
        client = self.client(http_client, timeout)
        create = client.chat.completions.create if call == "chat" else client.responses.create
        asked = ({"messages": _MESSAGES} if call == "chat" else {"input": "ping"}) | more
        if self.awaited:
            return asyncio.run(self._awaited(client, create, asked))
        with contextlib.closing(client):
            answer = create(model="gpt-5.1", **asked)
            return list(answer) if asked.get("stream") else answer

    async def _awaited(self, client, create, asked):
        async with client:
            answer = await create(model="gpt-5.1", **asked)
            return [event async for event in answer] if asked.get("stream") else answer


def _benches(module, awaited):
    def make(*chosen, says=(_HELLO,)):
        script, schedule = Script(says), Schedule([Entry(tuple(chosen))] if chosen else [])
        upstream = Upstream("primary", "openai", _BASE, Stage(VirtualClock()), script=script, schedule=schedule)
        return Bench(module, awaited, upstream)

    return make


@pytest.fixture(params=[f"{library}-{twin}" for library in LIBRARIES for twin in ("sync", "async")])
def bench(request):
    library, _, twin = request.param.partition("-")
    return _benches(importlib.import_module(library), twin == "async")


@pytest.fixture(params=LIBRARIES)
def sync_bench(request):
    """For what is seen from outside of a call, or done by another thread: an async client belongs to its loop."""
    return _benches(importlib.import_module(request.param), awaited=False)


def test_a_healthy_answer_arrives(bench):
    met = bench()
    assert met.ask().choices[0].message.content == "hello from the model"
    assert (met.exchange.status, met.exchange.key_of, met.exchange.ended_s) == (200, "primary", 0)


def test_a_healthy_response_arrives(bench):
    assert bench().ask("responses").output_text == "hello from the model"


def test_a_healthy_stream_arrives(bench):
    chunks = bench().ask(stream=True, stream_options={"include_usage": True})
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "hello from the model"
    assert chunks[-1].usage.completion_tokens == 5


def test_a_healthy_stream_of_a_response_arrives(bench):
    events = bench(says=[_CALLS]).ask("responses", stream=True)
    assert events[-1].type == "response.completed"
    assert events[-1].response.output[0].arguments == '{"command": "ls"}'


def test_tool_calls_and_reasoning_arrive(bench):
    message = bench(says=[dataclasses.replace(_CALLS, reasoning="hm")]).ask().choices[0].message
    assert (message.tool_calls[0].function.name, message.reasoning_content) == ("terminal", "hm")


# Fault → class, status, code, and of a connection's failure the library's class, its text, and what the system said.
_RAISED = {
    "unauthorized": ("AuthenticationError", 401, "invalid_api_key"),
    "token_expired": ("AuthenticationError", 401, None),
    "payment_required": ("APIStatusError", 402, "insufficient_credits"),
    "forbidden": ("PermissionDeniedError", 403, "unsupported_country_region_territory"),
    "model_not_found": ("NotFoundError", 404, "model_not_found"),
    "request_timeout": ("APIStatusError", 408, None),
    "conflict": ("ConflictError", 409, None),
    "payload_too_large": ("APIStatusError", 413, None),
    "unprocessable": ("UnprocessableEntityError", 422, "invalid_request_error"),
    "rate_limit": ("RateLimitError", 429, "rate_limit_exceeded"),
    "request_exceeds_rate_limit": ("RateLimitError", 429, "rate_limit_exceeded"),
    "insufficient_quota": ("RateLimitError", 429, "insufficient_quota"),
    "daily_limit": ("RateLimitError", 429, "rate_limit_exceeded"),
    "usage_limit": ("RateLimitError", 429, None),
    "credit_cap": ("PermissionDeniedError", 403, "403"),
    "not_entitled": ("RateLimitError", 429, None),
    "capacity": ("RateLimitError", 429, None),
    "content_filter": ("BadRequestError", 400, "content_filter"),
    "tool_use_failed": ("BadRequestError", 400, "tool_use_failed"),
    "bad_request": ("BadRequestError", 400, "unsupported_parameter"),
    "context_overflow": ("BadRequestError", 400, "context_length_exceeded"),
    "output_too_large": ("BadRequestError", 400, None),
    "server_error": ("InternalServerError", 500, None),
    "bad_gateway": ("InternalServerError", 502, None),
    "unavailable": ("InternalServerError", 503, None),
    "overloaded": ("InternalServerError", 529, None),
    "gateway_timeout": ("InternalServerError", 504, None),
    "status": ("InternalServerError", 500, None),
    "not_json": ("JSONDecodeError", None, None),
    "empty_body": ("JSONDecodeError", None, None),
}
_BROKEN = {
    "dns_failure": ("ConnectError", "[Errno -2] Name or service not known", "gaierror"),
    "refused": ("ConnectError", "[Errno 111] Connection refused", "ConnectionRefusedError"),
    "reset": ("ReadError", "[Errno 104] Connection reset by peer", "ConnectionResetError"),
    "disconnected": ("RemoteProtocolError", "Server disconnected without sending a response.", None),
    "half_closed": ("RemoteProtocolError", "Server disconnected without sending a response.", None),
    "tls_failure": ("ConnectError", "[SSL: UNEXPECTED_EOF_WHILE_READING]", "SSLEOFError"),
    "certificate_invalid": ("ConnectError", "[SSL: CERTIFICATE_VERIFY_FAILED]", "SSLCertVerificationError"),
    "connect_timeout": ("ConnectTimeout", "timed out", "TimeoutError"),
    "read_timeout": ("ReadTimeout", "timed out", "TimeoutError"),
    "truncated": (
        "RemoteProtocolError",
        "peer closed connection without sending complete message body (received",
        None,
    ),
    "cut": ("ReadError", "[Errno 104] Connection reset by peer", "ConnectionResetError"),
    "stall": ("ReadTimeout", "timed out", "TimeoutError"),
}
# Fault → what the client hands over as if all were well, in chat completions.
_RETURNED = {
    "missing_end": lambda answer: answer.choices[0].finish_reason == "stop",
    "error_event": lambda answer: answer.choices[0].finish_reason == "stop",
    "slow": lambda answer: answer.choices[0].message.content == "hello from the model",
    "drip": lambda answer: answer.choices[0].message.content == "hello from the model",
    "html_page": lambda answer: answer.startswith("<!DOCTYPE html>"),
    "no_choices": lambda answer: answer.choices is None,
    "empty_choices": lambda answer: answer.choices == [],
    "null_message": lambda answer: answer.choices[0].message is None,
    "null_content": lambda answer: answer.choices[0].message.content is None,
    "empty_content": lambda answer: answer.choices[0].message.content == "",
    "wrong_shape": lambda answer: answer.choices == ["hello from the model"],
    "bad_tool_arguments": lambda answer: answer.choices[0].message.tool_calls[0].function.arguments == '{"command":',
    "unknown_tool": lambda answer: answer.choices[0].message.tool_calls[0].function.name == "no_such_terminal",
    "error_in_200": lambda answer: answer.choices is None and answer.error["message"] == "Provider returned error",
    "length": lambda answer: answer.choices[0].finish_reason == "length",
    "window_exceeded_finish": lambda answer: answer.choices[0].finish_reason == "model_context_window_exceeded",
}
# The same in Responses, where they differ in kind.
_RETURNED_AS_RESPONSE = {
    "html_page": lambda answer: answer.startswith("<!DOCTYPE html>"),
    "no_choices": lambda answer: answer.output is None,
    "empty_choices": lambda answer: answer.output == [],
    "null_message": lambda answer: answer.output == [None],
    "null_content": lambda answer: answer.output[0].content is None,
    "empty_content": lambda answer: answer.output_text == "",
    "wrong_shape": lambda answer: answer.output == ["hello from the model"],
    "error_in_200": lambda answer: answer.error.message == "Provider returned error",
    "length": lambda answer: answer.incomplete_details.reason == "max_output_tokens",
    "responses_failed": lambda answer: (answer.status, answer.error.code) == ("failed", "server_error"),
    "responses_incomplete": lambda answer: (answer.status, answer.output_text) == ("incomplete", "hello from"),
}


def test_every_fault_stands_in_one_of_the_tables():
    assert set(_RAISED) | set(_BROKEN) | set(_RETURNED) | set(_RETURNED_AS_RESPONSE) == set(FAULTS) - {"wire"}


def _raised_by(met, *asked, **more):
    with pytest.raises((openai.OpenAIError, met.module.TransportError, ValueError)) as raised:
        met.ask(*asked, **more)
    return raised.value


_IS_OLD = openai.__version__.startswith(("1.", "2."))


def _of_the_library(met, error, *, streamed):
    """What the library raised: openai wraps that, but before version 3 not what breaks a stream."""
    is_bare = _IS_OLD and streamed and met.exchange.status == 200
    assert isinstance(error, met.module.TransportError if is_bare else openai.APIConnectionError)
    return error if is_bare else error.__cause__


@pytest.mark.parametrize("call", ["chat", "responses"])
@pytest.mark.parametrize("name", _RAISED)
def test_an_error_is_raised_as_what_it_is(bench, name, call):
    met = bench(FAULTS[name]())
    error = _raised_by(met, call)
    code = getattr(error, "code", None)  # a number is made a text from openai 3 on
    found = (type(error).__name__, getattr(error, "status_code", None), None if code is None else str(code))
    assert found == _RAISED[name]
    assert (met.exchange.faults, met.exchange.status) == ((name,), found[1] or 200)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", _BROKEN)
def test_a_connection_breaks_as_a_real_one_does(bench, name, streamed):
    met = bench(FAULTS[name]())
    error = _raised_by(met, stream=streamed)
    library, text, behind = _BROKEN[name]
    cause = _of_the_library(met, error, streamed=streamed)
    if cause is not error:
        assert isinstance(error, openai.APITimeoutError) == library.endswith("Timeout")
    assert type(cause) is getattr(met.module, library)
    assert str(cause).startswith(text.removesuffix("(received") if streamed else text)
    hidden = cause.__cause__.__context__
    assert (type(hidden).__name__ if hidden else None) == behind
    assert met.exchange.ended_s == (30 if library.endswith("Timeout") else 0)


# What no fault plays, but a provider's catalogue may: the library's class, its text, and what stands behind it.
_DROPPED = {
    "hostname_mismatch": (
        "ConnectError",
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch",
        "SSLCertVerificationError",
    ),
    "plain_http": ("ConnectError", "[SSL: WRONG_VERSION_NUMBER] wrong version number", "SSLError"),
    "proxy_refused": ("ConnectError", "[Errno 111] Connection refused", "ConnectionRefusedError"),
    "proxy_407": ("ProxyError", "407 Proxy Authentication Required", None),
    "proxy_403": ("ProxyError", "403 Forbidden", None),
    "proxy_502": ("ProxyError", "502 Bad Gateway", None),
    "closed_at_once": ("ReadError", "[Errno 104] Connection reset by peer", "ConnectionResetError"),
    "upload_reset": ("RemoteProtocolError", "Server disconnected without sending a response.", None),
    "not_http": ("RemoteProtocolError", r"illegal status line: bytearray(b'\x00\x01garbage')", None),
    "pool_timeout": ("PoolTimeout", "", None),
    "write_timeout": ("WriteTimeout", "timed out", "TimeoutError"),
    "write_error": ("WriteError", "[Errno 32] Broken pipe", "BrokenPipeError"),
    "local_protocol": ("LocalProtocolError", "Illegal header value", None),
    "proxy_error": ("ProxyError", "ProxyError", None),
    "unsupported_protocol": (
        "UnsupportedProtocol",
        "Request URL is missing an 'http://' or 'https://' protocol.",
        None,
    ),
}
# The same, of which the library's core knows nothing: what stands behind it is its cause.
_DROPPED_ABOVE_THE_CORE = {
    "close_error": ("CloseError", "CloseError", None),
    "too_many_redirects": ("TooManyRedirects", "Exceeded maximum allowed redirects.", None),
    "decoding": ("DecodingError", "Error -3 while decompressing data: incorrect header check", "error"),
}


def test_every_way_to_drop_a_connection_is_played_by_a_fault_or_stands_in_a_table():
    played = {fault.event.kind for fault in FAULTS.values() if hasattr(fault, "event") and hasattr(fault.event, "kind")}
    assert played | set(_DROPPED) | set(_DROPPED_ABOVE_THE_CORE) == set(DropKind)


@pytest.mark.parametrize("kind", [*_DROPPED, *_DROPPED_ABOVE_THE_CORE])
def test_a_connection_that_is_dropped_raises_what_the_library_raises(bench, kind):
    met = bench(Dropped(DropKind(kind)))
    cause = _raised_by(met).__cause__
    library, text, behind = {**_DROPPED, **_DROPPED_ABOVE_THE_CORE}[kind]
    assert type(cause) is getattr(met.module, library)
    assert str(cause).startswith(text)
    hidden = cause.__cause__
    if kind in _DROPPED:
        assert type(hidden).__name__ == library
        hidden = hidden.__context__
    assert (type(hidden).__name__ if hidden else None) == behind


@pytest.mark.parametrize("name", _RETURNED)
def test_what_is_no_error_to_the_client_is_handed_over(bench, name):
    met = bench(FAULTS[name](), says=[_CALLS if "tool" in name else _HELLO])
    assert _RETURNED[name](met.ask())


@pytest.mark.parametrize("name", _RETURNED_AS_RESPONSE)
def test_so_it_is_in_responses(bench, name):
    assert _RETURNED_AS_RESPONSE[name](bench(FAULTS[name]()).ask("responses"))


# Streams.


def test_a_stream_that_is_cut_gives_what_came_before(sync_bench):
    met = sync_bench(faults.cut(after_events=2))
    with contextlib.closing(met.client()) as client:
        stream = client.chat.completions.create(model="m", messages=_MESSAGES, stream=True)
        assert next(stream).id == next(stream).id
        with pytest.raises((openai.APIConnectionError, met.module.ReadError)):
            next(stream)


@pytest.mark.parametrize("call", ["chat", "responses"])
def test_a_stream_without_its_end_raises_nothing(bench, call):
    events = bench(faults.missing_end()).ask(call, stream=True)
    if call == "chat":
        assert [chunk.choices[0].finish_reason for chunk in events] == [None] * len(events)
    else:
        assert events[-1].type == "response.output_item.done"


def test_an_error_in_a_stream_is_raised_in_chat(bench):
    error = _raised_by(bench(faults.error_event(code=429, message="slow down")), stream=True)
    assert type(error) is openai.APIError
    assert (error.message, str(error.code)) == ("slow down", "429")


def test_and_handed_over_in_responses(bench):
    event = bench(faults.error_event(code="server_error")).ask("responses", stream=True)[-1]
    assert (event.type, event.code) == ("error", "server_error")


def test_a_failed_response_raises_nothing_in_a_stream(bench):
    assert (
        bench(faults.responses_failed(code="rate_limit_exceeded")).ask("responses", stream=True)[-1].response.error.code
        == "rate_limit_exceeded"
    )


@pytest.mark.parametrize(
    ("name", "events"), [("html_page", 0), ("empty_body", 0), ("no_choices", 1), ("empty_choices", 1)]
)
def test_a_stream_that_is_none_is_empty(bench, name, events):
    assert len(bench(FAULTS[name]()).ask(stream=True)) == events


# Time.


def test_a_slow_answer_takes_its_time_on_the_clock_and_on_nobody_s_account(bench):
    met = bench(faults.slow(first_s=20, event_every_s=2))
    chunks = met.ask(stream=True)
    assert met.clock.now_s == 20 + 2 * len(chunks)
    assert met.exchange.ended_s == met.clock.now_s
    assert met.clock.waits == ()


def test_an_answer_slower_than_the_time_out_is_given_up(bench):
    met = bench(faults.slow(first_s=31))
    assert isinstance(_raised_by(met), openai.APITimeoutError)
    assert (met.clock.now_s, met.exchange.status) == (30, None)


def test_a_stall_that_passes_is_borne(bench):
    met = bench(faults.stall(for_s=29))
    assert met.ask().choices[0].message.content == "hello from the model"
    assert met.clock.now_s == 29


def test_connecting_and_reading_have_time_outs_of_their_own(bench):
    for fault, taken_s in ((faults.connect_timeout(), 3), (faults.read_timeout(), 7)):
        met = bench(fault)
        _raised_by(met, timeout=met.module.Timeout(7, connect=3))
        assert met.clock.now_s == taken_s


def test_the_client_s_own_back_off_costs_nothing_and_is_told(bench):
    met = bench(faults.rate_limit(retry_after_s=5))
    error = _raised_by(met)
    assert error.response.headers["retry-after"] == "5"


def test_a_client_that_is_closed_meanwhile_fails_at_that_moment(sync_bench):
    met = sync_bench(faults.read_timeout())
    http_client = met.http_client()
    met.clock.at(7, http_client.close)
    cause = _raised_by(met, http_client=http_client).__cause__
    assert type(cause) is met.module.ReadError
    assert met.exchange.ended_s == met.clock.now_s == 7


def test_so_does_one_that_another_thread_closes(sync_bench):
    met = sync_bench(faults.stall(after_events=1))
    http_client, woken = met.http_client(), threading.Event()

    def close():
        woken.wait(5)
        http_client.close()

    thread = threading.Thread(target=close)
    thread.start()
    met.clock.at(7, woken.set)
    error = _raised_by(met, http_client=http_client, stream=True)
    assert type(_of_the_library(met, error, streamed=True)) is met.module.ReadError
    thread.join()
    assert met.clock.now_s == 7


def test_a_stream_that_is_left_early_is_over_at_that_moment(sync_bench):
    met = sync_bench(faults.slow(event_every_s=2))
    with contextlib.closing(met.client()) as client:
        with client.chat.completions.create(model="m", messages=_MESSAGES, stream=True) as stream:
            next(stream)
            next(stream)
        assert met.exchange.ended_s == 2


# The rest.


def test_a_host_that_nobody_stands_for_is_the_harness_s_error(sync_bench):
    met = sync_bench()
    with met.http_client() as client, pytest.raises(UnknownHost, match="example"):
        client.get("https://api.example.com/v1")
    assert met.router.refused == ["https://api.example.com/v1"]


def test_no_key_is_left_in_the_trace(bench):
    met = bench()
    met.ask()
    assert met.upstream.api_key not in repr(met.exchange)
    assert met.exchange.request.headers["authorization"] == "[redacted]"


def test_a_body_that_is_sent_in_pieces_is_read(sync_bench):
    met = sync_bench()
    with met.http_client() as client:
        answer = client.post(f"{_BASE}/chat/completions", content=iter([b'{"model": ', b'"gpt-5.1"}']))
    assert answer.json()["model"] == "gpt-5.1"


def test_the_library_of_the_installed_client_is_the_one_that_it_uses():
    library = installed_library()
    assert library.__name__ == ("httpx" if _IS_OLD else "httpx2")
    assert issubclass(openai.DefaultHttpxClient, library.Client)
    router = Router([])
    assert isinstance(transport(router, VirtualClock()), library.BaseTransport)
    assert isinstance(async_transport(router, VirtualClock()), library.AsyncBaseTransport)
