"""What each provider really sends, through the real client, becomes the kind that the contract names."""

import importlib
import importlib.util
import json
import ssl
from pathlib import Path
from types import SimpleNamespace

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseError

import faultlab
from faultlab.adapters.transport import installed_library, transport
from faultlab.clock import VirtualClock
from faultlab.providers import GENERIC, Occasion, entries, response
from faultlab.trace import Exchange
from faultlab.upstream import Answer
from faultlab.wire import Data, Head
from hermes_agent import failures
from hermes_agent.api_modes import API_MODES
from hermes_agent.errors import NoKey, StreamEndedEarly
from hermes_agent.messages import Asked, Failure, FailureKind, Reply, ToolCall
from tests.promise import holds_for

HTTP = installed_library()
LIBRARIES = [importlib.import_module(name) for name in ("httpx2", "httpx") if importlib.util.find_spec(name)]
NOW_S = 1_767_225_600.0  # 2026-01-01, as on every virtual clock
ASKED = Asked(estimate=1000, now_s=NOW_S)
ENTRIES = {entry.id: entry for entry in entries()}
VERDICTS = json.loads((Path(faultlab.__file__).parent / "providers" / "kinds.json").read_text("utf-8"))
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
RESPONSES = {"model": "m", "input": "hi"}

PER_DAY = [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "250"}]
PER_MINUTE = [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "10"}]


class Wire:
    """Answers every request with the same events."""

    def __init__(self, events):
        self.events = events

    def answer(self, request, _credential=None):
        return Answer(Exchange(1, "provider", request, 0.0), self.events)


def client(events, library=HTTP):
    http = library.Client(transport=transport(Wire(events), VirtualClock(), library), follow_redirects=False)
    return openai.OpenAI(api_key="sk-test", base_url="http://provider.test/v1", max_retries=0, http_client=http)


def ask(events, call, streamed, library):
    name, asked = ("codex_responses", RESPONSES) if call == "responses" else ("chat_completions", CHAT)
    more = {"stream": True} if streamed else {}
    mode = API_MODES[name]
    return mode.read(mode.call(client(events, library), asked | more, show=len))


def recognised(events, asked=ASKED, *, call="chat", streamed=False, library=HTTP):
    try:
        reply = ask(events, call, streamed, library)
    except Exception as error:  # noqa: BLE001  # whatever the client raises is what is recognised
        return failures.from_exception(error, asked)
    return failures.judge(reply, asked)


def status_error(status, body=None, headers=None, asked=ASKED):
    return recognised(response(status, body, tuple((headers or {}).items())), asked)


def readings():
    """Each entry, in each API that sends it, with each way in which it is to be read: some depend on what was asked."""
    for name, verdict in VERDICTS.items():
        for call in ENTRIES[name].calls:
            for number, reading in enumerate([verdict, *verdict.get("also", [])]):
                yield name, call, number, reading


def asked_of(reading):
    return Asked(**{"estimate": 1000, "now_s": NOW_S} | reading.get("asked", {}))


@holds_for(readings, lambda case: f"{case[0]} in {case[1]}, reading {case[2]}")
def test_what_providers_send_is_recognised(case):
    name, call, _, reading = case
    entry = ENTRIES[name]
    failure = recognised(entry.example(), asked_of(reading), call=call, streamed=entry.streamed)
    if reading["kind"] is None:
        assert failure is None
        return
    assert failure is not None
    assert failure.kind == reading["kind"]
    assert failure.retry_after_s == pytest.approx(reading.get("retry_after_s"))
    assert failure.limit_tokens == reading.get("limit_tokens")
    assert failure.fits_max_tokens == reading.get("fits_max_tokens")
    assert failure.for_money == reading.get("for_money", False)
    assert failure.message


def test_the_table_judges_the_whole_catalogue():
    assert VERDICTS.keys() == ENTRIES.keys()
    kinds = {reading["kind"] for verdict in VERDICTS.values() for reading in (verdict, *verdict.get("also", []))}
    assert kinds == {*FailureKind, None} - {FailureKind.INTERNAL}


@holds_for(lambda: VERDICTS, str)
def test_a_verdict_that_the_status_alone_does_not_give_says_why(name):
    status = ENTRIES[name].status
    plain = failures.from_exception(status_only(status), ASKED).kind if status not in (None, 200) else None
    verdict = VERDICTS[name]
    for reading in (verdict, *verdict.get("also", [])):
        assert reading["kind"] == plain or reading["why"].endswith(".")
    assert ("also" in verdict) == ("asked" in verdict)


@holds_for(lambda: [name for name, entry in ENTRIES.items() if (entry.status or 0) >= 300], str)
def test_a_status_says_the_same_to_who_asked_for_a_stream(name):
    entry, reading = ENTRIES[name], VERDICTS[name]
    failure = recognised(entry.example(), asked_of(reading), call=entry.calls[0], streamed=True)
    assert failure == recognised(entry.example(), asked_of(reading), call=entry.calls[0])


@holds_for(lambda: ENTRIES, str)
def test_numbers_made_for_a_request_are_recognised_like_those_that_were_seen(name):
    entry, reading = ENTRIES[name], VERDICTS[name]
    asked = asked_of(reading)
    occasion = Occasion("m", asked.estimate, asked.max_tokens, NOW_S, "account", "answer")
    failure = recognised(entry.events(occasion), asked, call=entry.calls[0], streamed=entry.streamed)
    assert (failure and failure.kind) == reading["kind"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, "bad_request"),
        (307, "bad_request"),
        (400, "bad_request"),
        (401, "unauthorized"),
        (402, "billing"),
        (403, "forbidden"),
        (404, "not_found"),
        (408, "timed_out"),
        (409, "bad_request"),
        (413, "payload_too_large"),
        (418, "bad_request"),
        (422, "bad_request"),
        (429, "rate_limited"),
        (498, "overloaded"),
        (499, "timed_out"),
        (500, "server_error"),
        (501, "bad_request"),
        (502, "server_error"),
        (503, "overloaded"),
        (504, "server_error"),
        (520, "server_error"),
        (524, "server_error"),
        (529, "overloaded"),
        (599, "server_error"),
        (999, "bad_request"),
        (200, "invalid_response"),
    ],
)
def test_a_status_alone_has_a_kind(status, kind):
    failure = failures.from_exception(status_only(status), ASKED)
    assert (failure.kind, failure.status) == (kind, status)


CONNECTIONS = [name for name, entry in ENTRIES.items() if entry.status is None]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
@pytest.mark.parametrize("name", CONNECTIONS)
def test_each_http_library_fails_alike(name, library):
    assert recognised(ENTRIES[name].example(), library=library).kind == VERDICTS[name]["kind"]


KIND_OF_FAULT = {
    "unauthorized": "unauthorized",
    "token_expired": "unauthorized",
    "payment_required": "billing",
    "forbidden": "forbidden",
    "model_not_found": "not_found",
    "request_timeout": "timed_out",
    "payload_too_large": "payload_too_large",
    "unprocessable": "bad_request",
    "rate_limit": "rate_limited",
    "request_exceeds_rate_limit": "payload_too_large",
    "insufficient_quota": "billing",
    "bad_request": "bad_request",
    "context_overflow": "context_overflow",
    "output_too_large": "output_too_large",
    "server_error": "server_error",
    "bad_gateway": "server_error",
    "unavailable": "overloaded",
    "overloaded": "overloaded",
    "gateway_timeout": "server_error",
    "daily_limit": "billing",
    "usage_limit": "billing",
    "credit_cap": "billing",
    "not_entitled": "billing",
    "capacity": "overloaded",
    "content_filter": "bad_request",
    "tool_use_failed": "invalid_response",
    "error_event": "server_error",
}


@pytest.mark.parametrize("fault", GENERIC)
def test_what_stands_for_a_fault_is_the_failure_that_it_means(fault):
    assert VERDICTS[GENERIC[fault]]["kind"] == KIND_OF_FAULT[fault]


def status_only(status):
    error = RuntimeError(f"Error code: {status}")
    error.status_code = status
    return error


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status):
    failure = status_error(status, {}, {"location": "https://elsewhere.test/"})
    assert (failure.kind, failure.status) == ("bad_request", status)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StreamEndedEarly("the stream ended"), "unreachable"),
        (NoKey("no key for openai"), "unauthorized"),
        (json.JSONDecodeError("Expecting value", "", 0), "invalid_response"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "invalid_response"),
        (ValueError("whatever"), "bad_request"),
        (TypeError("unexpected keyword"), "bad_request"),
        (ConnectionResetError(104, "Connection reset by peer"), "unreachable"),
        (TimeoutError("timed out"), "timed_out"),
        (ssl.SSLError("[SSL: TLSV1_ALERT_INTERNAL_ERROR]"), "unreachable"),
        (ssl.SSLCertVerificationError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"), "bad_request"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value,
)
def test_an_exception_is_known_by_its_class(error, kind):
    assert failures.from_exception(error, ASKED).kind == kind


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("ReadError", "[Errno 104] Connection reset by peer", "unreachable"),
        ("RemoteProtocolError", "peer closed connection", "unreachable"),
        ("ReadTimeout", "The read operation timed out", "timed_out"),
        ("ConnectTimeout", "timed out", "timed_out"),
        ("ProxyError", "502 Bad Gateway", "unreachable"),
        ("ProxyError", "407 Proxy Authentication Required", "bad_request"),
        ("ConnectError", "[SSL] record layer failure (_ssl.c:1032)", "bad_request"),
        ("InvalidURL", "Invalid port", "bad_request"),
    ],
)
def test_an_exception_of_an_http_library_is_known_by_its_class(library, name, text, kind):
    assert failures.from_exception(getattr(library, name)(text), ASKED).kind == kind


def connection_error(cause):
    error = openai.APIConnectionError(request=HTTP.Request("POST", "http://provider.test"))
    error.__cause__ = cause
    return error


def test_a_connection_error_is_known_by_its_cause():
    assert failures.from_exception(connection_error(None), ASKED).kind == "unreachable"
    assert failures.from_exception(connection_error(HTTP.ConnectError("refused")), ASKED).kind == "unreachable"
    assert failures.from_exception(connection_error(KeyError("x")), ASKED).kind == "bad_request"


def test_causes_that_run_in_a_circle_come_to_an_end():
    error = connection_error(None)
    error.__cause__ = error
    assert failures.from_exception(error, ASKED).kind == "bad_request"


def test_the_message_of_a_connection_error_names_its_cause():
    failure = failures.from_exception(connection_error(HTTP.ConnectError("[Errno 111] Connection refused")), ASKED)
    assert failure.message == "Connection error: [Errno 111] Connection refused"


def said(message="broken", **error):
    return {"error": {"message": message} | error}


RPD = "Rate limit reached for m in organization o on requests per day (RPD): Limit 200, Used 200. Try again in 7m12s."
# A local server out of memory: its hint names the context, but a shorter one does not help.
MEMORY = "Prefill context too large for available memory. Reduce context size or lower memory_guard_tier."
# OpenRouter's concurrency budget: throttling, whatever its words say of credits.
IN_FLIGHT = {
    "reason": "in_flight_budget_exhausted",
    "limit_source": "openrouter_in_flight_budget",
    "headers": {"Retry-After": "120"},
}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (402, said("would exceed your available credits", code=402, metadata=IN_FLIGHT), "rate_limited"),
        (402, said("Payment required"), "billing"),
        (429, said("The model is currently at capacity. Please retry promptly."), "overloaded"),
        (429, said("would exceed your account's monthly spend limit", type="rate_limit_error"), "billing"),
        (429, said(RPD, code="rate_limit_exceeded"), "billing"),
        (429, [said(status="RESOURCE_EXHAUSTED", details=[{"violations": PER_DAY}])], "billing"),
        (429, [said(status="RESOURCE_EXHAUSTED", details=[{"violations": PER_MINUTE}])], "rate_limited"),
        (400, said("You're out of extra usage. Add more and keep going."), "billing"),
        (400, said("Overloaded", type="overloaded_error"), "overloaded"),
        (500, said("Overloaded", type="overloaded_error"), "overloaded"),
        (400, said(MEMORY, code="prefill_memory_exceeded"), "bad_request"),
        (403, said("Try again in 20s", code="rate_limit_exceeded"), "forbidden"),
        (400, said("slow down", code="rate_limit_exceeded"), "bad_request"),
        (400, said("This model's maximum context length is 8192 tokens.", code="bad"), "context_overflow"),
        (500, said(code="context_length_exceeded"), "context_overflow"),
        (400, {"message": "messages.3.content: field required"}, "bad_request"),
    ],
)
def test_words_that_a_row_names_outrank_the_status_and_no_others(status, body, kind):
    assert status_error(status, body).kind == kind


def test_a_wait_within_the_body_is_read_where_a_gateway_packs_its_headers():
    assert status_error(402, said(code=402, metadata=IN_FLIGHT)).retry_after_s == 120


def test_a_402_is_a_bill_even_with_a_retry_after():
    failure = status_error(402, {"error": {"message": "Payment required"}}, {"retry-after": "60"})
    assert (failure.kind, failure.retry_after_s) == ("billing", 60)


@pytest.mark.parametrize(
    "body",
    [
        said("Invalid input", flagged_input="This model's maximum context length is 5 tokens"),
        said("Invalid input", metadata={"previous_errors": [{"code": "insufficient_quota"}]}),
        {"detail": [{"type": "missing", "loc": ["body", "messages"], "msg": "required", "input": "余额不足"}]},
    ],
)
def test_what_a_provider_echoes_is_not_read(body):
    assert status_error(400, body).kind == "bad_request"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (429, "rate_limited"),
        ("502", "server_error"),
        ("rate_limit_exceeded", "rate_limited"),
        ("server_is_overloaded", "overloaded"),
        ("context_length_exceeded", "context_overflow"),
        ("insufficient_quota", "billing"),
        ("1302", "rate_limited"),
        ("invalid_api_key", "unauthorized"),
        ("never_seen", "server_error"),
        (200, "server_error"),
        (None, "server_error"),
    ],
)
def test_an_error_amid_a_stream_is_known_by_its_code(code, kind):
    event = json.dumps({"error": {"code": code, "message": "broken"}, "choices": []})
    stream = (Head(200, (("content-type", "text/event-stream"),)), Data(f"data: {event}\n\n".encode()))
    assert recognised(stream, streamed=True).kind == kind


def test_an_exact_code_counts_before_a_vague_one():
    error = {"type": "service_unavailable_error", "code": "invalid_request_error", "message": "busy"}
    assert failures.judge(Reply(error=error), ASKED).kind == "overloaded"


# --- what a 200 is worth


def call(arguments="{}"):
    return ToolCall("call_1", "terminal", arguments)


FULL = Asked(estimate=900, window=1000)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply("hello", finish_reason="stop"), None),
        (Reply("hello"), None),
        (Reply(tool_calls=(call(),), finish_reason="tool_calls"), None),
        (Reply(tool_calls=(call(""),)), None),
        (Reply(tool_calls=(call('{"a": listt"}'),)), None),
        (Reply(tool_calls=(call('{"city": "Par'),)), "invalid_response"),
        (Reply(tool_calls=(call('{"city": "Par'),), finish_reason="length"), None),
        (Reply(), "invalid_response"),
        (Reply(" \n"), "invalid_response"),
        (Reply(reasoning="hm"), "invalid_response"),
        (Reply(malformed="choices is empty"), "invalid_response"),
        (Reply("cut", finish_reason="length"), None),
        (Reply(finish_reason="length"), None),
        (Reply(finish_reason="model_context_window_exceeded"), "context_overflow"),
        (Reply("partly", finish_reason="model_context_window_exceeded"), "context_overflow"),
        (Reply(finish_reason="content_filter"), "bad_request"),
        (Reply(finish_reason="sensitive"), "bad_request"),
        (Reply("partly", finish_reason="content_filter"), None),
        (Reply(refusal="I cannot help with that", finish_reason="content_filter"), None),
        (Reply(refusal="I cannot help with that", finish_reason="stop"), None),
        (Reply("partly", finish_reason="error"), "server_error"),
        (Reply("partly", finish_reason="network_error"), "server_error"),
        (Reply("partly", finish_reason="insufficient_system_resource"), "server_error"),
        (Reply("partly", finish_reason="error", error={"code": 429}), "rate_limited"),
        (Reply(error={"code": 429}), "rate_limited"),
        (Reply(error={"code": "insufficient_quota"}), "billing"),
        (Reply(error={"message": "who knows"}), "invalid_response"),
        (Reply(error="who knows"), "invalid_response"),
        (Reply("hello", error={"message": "who knows"}), "invalid_response"),
        (Reply("hello", error={}), None),
        (Reply(error={"code": 400, "message": "bad"}, malformed="choices is missing or null"), "bad_request"),
    ],
)
def test_a_200_is_looked_at_in_the_contracts_order(reply, kind):
    failure = failures.judge(reply, ASKED)
    assert (failure.kind if failure else None) == kind


@pytest.mark.parametrize(
    ("reply", "asked", "kind"),
    [
        (Reply(finish_reason="stop"), FULL, "context_overflow"),
        (Reply(finish_reason="length"), FULL, "context_overflow"),
        (Reply(finish_reason="stop"), Asked(estimate=899, window=1000), "invalid_response"),
        (Reply(finish_reason="stop"), Asked(estimate=900), "invalid_response"),
        (Reply(malformed="choices is empty"), FULL, "invalid_response"),
        (Reply(finish_reason="stop", native_finish_reason="network_error"), FULL, "invalid_response"),
        (Reply(finish_reason="stop", native_finish_reason="stop"), FULL, "context_overflow"),
        (Reply("hello", finish_reason="stop"), FULL, None),
        (Reply(tool_calls=(call(),)), FULL, None),
    ],
)
def test_an_empty_answer_from_a_window_nearly_full_is_an_overflow(reply, asked, kind):
    failure = failures.judge(reply, asked)
    assert (failure.kind if failure else None) == kind


def test_an_error_object_of_the_client_is_read_like_any_other():
    error = ResponseError.construct(code="rate_limit_exceeded", message="Try again in 7s", odd={1: 2})
    assert failures.judge(Reply(error=error, finish_reason="error"), ASKED) == Failure(
        FailureKind.RATE_LIMITED, "Try again in 7s", retry_after_s=7.0
    )


# --- total

NAMES = ["error", "message", "code", "type", "detail", "metadata", "raw", "headers", "n_ctx", "retryDelay", "resets_at"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
ASKEDS = st.builds(Asked, st.integers(0, 10**6), st.none() | st.integers(1, 10**6), st.none() | st.integers(1, 10**6))
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "retry-after-ms", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"]),
    st.text(max_size=12) | st.sampled_from(["0", "-1", "inf", "nan", "1e400", "6m0s", "Thu, 01 Jan 1970 00:00:00 GMT"]),
)


@given(JSON, st.integers(100, 999), ASKEDS, HEADERS)
def test_recognition_of_any_status_and_body_is_total(body, status, asked, headers):
    error = status_only(status)
    error.body, error.response = body, SimpleNamespace(headers=headers)
    failure = failures.from_exception(error, asked)
    assert failure.kind in FailureKind
    assert failure.retry_after_s is None or 0 <= failure.retry_after_s < float("inf")
    assert len(failure.message) <= 300
    assert "\n" not in failure.message


@given(JSON, st.none() | st.text(max_size=10) | st.sampled_from(["error", "length", "content_filter"]), ASKEDS)
def test_judging_any_error_object_is_total(error, finish_reason, asked):
    failure = failures.judge(Reply(error=error, finish_reason=finish_reason), asked)
    assert failure is not None or finish_reason == "length"
