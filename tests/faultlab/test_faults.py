"""Each fault does its one thing, and says so when it cannot."""

import dataclasses
import itertools
import json
import re
from email.utils import parsedate_to_datetime
from functools import partial

import pytest

from faultlab import Lab, faults
from faultlab.clock import START
from faultlab.dialects import CHAT, RESPONSES, Question
from faultlab.errors import UnknownName
from faultlab.faults import FAULTS, Fault, Moment, inject
from faultlab.faults.catalogued import Catalogued
from faultlab.providers import provider
from faultlab.script import Reply, Shape, ToolCall
from faultlab.trace import GENERIC_SHAPE
from faultlab.wire import FOR_EVER, Data, Drop, DropKind, Head, Pause, Request
from tests.promise import holds_for

_REQUEST = Request("POST", "https://api.openai.com/v1/chat/completions", {}, b"{}")
_REPLY = Reply("Hello from the model", (ToolCall("terminal", '{"command": "ls"}'), ToolCall("read_file", "{}")))
_TEXT = Reply("Hello from the model, which has more to say than one word")
_ASKED_FOR = """
unauthorized token_expired payment_required forbidden model_not_found request_timeout conflict payload_too_large
unprocessable rate_limit request_exceeds_rate_limit insufficient_quota bad_request context_overflow output_too_large
server_error bad_gateway unavailable overloaded gateway_timeout status wire
daily_limit usage_limit credit_cap not_entitled capacity content_filter tool_use_failed
dns_failure refused reset disconnected half_closed tls_failure certificate_invalid connect_timeout read_timeout
truncated cut missing_end stall slow drip error_event
not_json html_page empty_body no_choices empty_choices null_message null_content empty_content wrong_shape
bad_tool_arguments unknown_tool error_in_200 length window_exceeded_finish responses_failed responses_incomplete
"""
_VERBS = ("answer", "reply", "events")


def _moment(dialect=CHAT, *, estimate=100, max_tokens=None, streamed=False, name="openai"):
    question = Question("gpt-5.1", estimate, max_tokens, streamed=streamed)
    return Moment(provider(name), dialect, question, START)


def _rendered(reply=_TEXT, *, dialect=CHAT, streamed=False):
    return dialect.render(reply, Question("gpt-5.1", 100, None, streamed=streamed), "0a1b", int(START))


def _error(fault, **moment):
    head, body = fault.answer(_REQUEST, _moment(**moment))
    return head, json.loads(body.data)["error"]


def _made(name):
    """The fault in its simplest form."""
    return FAULTS[name](id="openai.404.model_not_found") if name == "wire" else FAULTS[name]()


def _bodies(events):
    return [event.data for event in events if isinstance(event, Data)]


# The table.


def test_every_fault_stands_in_the_table_under_its_own_name_and_has_a_constructor():
    for name, fault in FAULTS.items():
        assert fault.name == name
        assert getattr(faults, name) is fault
        assert _made(name) == _made(name)


every_fault = holds_for(FAULTS.values, lambda fault: fault.name)


def test_the_table_has_the_faults_that_were_asked_for():
    assert set(FAULTS) == set(_ASKED_FOR.split())


@every_fault
def test_a_fault_is_frozen_has_one_verb_and_fields_that_may_be_left_out(fault):
    overridden = [verb for verb in _VERBS if getattr(fault, verb) is not getattr(Fault, verb)]
    assert len(overridden) == 1
    assert fault.__dataclass_params__.frozen
    assert all(field.default is None for field in dataclasses.fields(fault) if field.name != fault.shorthand)


def _usual_shape(name):
    """What goes over the wire to whoever asks OpenAI, in the words of a docstring."""
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"], faults=[_made(name)]).behind
    asked = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": name == "error_event"}
    request = Request("POST", f"{upstream.base_url}/chat/completions", {}, json.dumps(asked).encode())
    exchange = upstream.answer(request).exchange
    head = next(event for event in exchange.sent if isinstance(event, Head))
    body = [event.data for event in exchange.sent if isinstance(event, Data)]
    shape = exchange.shape.removeprefix(GENERIC_SHAPE)
    source = f"`{shape}`" if "." in shape else "no source shows one"
    waits = [f"`{name}`" for name, _ in head.headers if name.startswith("retry-after")]
    told = [
        str(head.status),
        *_error_told(body[-1] if body else b""),
        *([f"headers {' and '.join(waits)}"] if waits else []),
    ]
    return f"Usual shape ({source}): {', '.join(told)}."


def _error_told(body):
    if not body or b"<html>" in body:
        return ["an HTML page"] if body else ["an empty body"]
    document = json.loads(body.removeprefix(b"data: "))
    error = document.get("error", document)
    return [f"{name} `{error[name]}`" for name in ("type", "code") if error.get(name)] or ["neither type nor code"]


@holds_for(lambda: [fault for fault in FAULTS.values() if issubclass(fault, Catalogued)], lambda fault: fault.name)
def test_a_docstring_says_what_goes_over_the_wire(fault):
    assert _usual_shape(fault.name) in " ".join(fault.__doc__.split())


@every_fault
def test_a_docstring_tells_every_field(fault):
    told = set(re.findall(r"`(\w+)`", fault.__doc__))
    shared = {"variant", "strict"} if issubclass(fault, Catalogued) else set()
    assert {field.name for field in dataclasses.fields(fault)} - shared <= told


@pytest.mark.parametrize(
    ("fault", "fields"),
    [
        ("rate_limit", "retry_after_s retry_after_ms retry_after_date_s"),
        ("request_exceeds_rate_limit", "limit requested"),
        ("context_overflow", "limit requested"),
        ("output_too_large", "limit prompt max_tokens"),
        ("unavailable", "retry_after_s"),
        ("status", "code headers body"),
        ("cut", "after_events"),
        ("stall", "after_events for_s"),
        ("slow", "first_s event_every_s"),
        ("drip", "every_s"),
        ("error_event", "code message after_events"),
        ("bad_tool_arguments", "call"),
        ("unknown_tool", "call"),
        ("error_in_200", "code message"),
        ("responses_failed", "code"),
        ("responses_incomplete", "reason"),
    ],
)
def test_its_fields_are_those_of_a_scenario(fault, fields):
    own = [field.name for field in dataclasses.fields(FAULTS[fault]) if field.name not in ("variant", "strict", "of")]
    assert own == fields.split()


@every_fault
def test_what_a_provider_has_its_own_words_for_can_be_chosen_among_and_held_to_its_sources(fault):
    named = {field.name for field in dataclasses.fields(fault)} & {"variant", "strict"}
    assert named == ({"variant", "strict"} if issubclass(fault, Catalogued) else {"strict"} & {*_fields_of(fault)})


def _fields_of(fault):
    return [field.name for field in dataclasses.fields(fault)]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("rate_limit", {"retry_after_s": -1}),
        ("rate_limit", {"retry_after_s": "1s"}),
        ("rate_limit", {"retry_after_s": True}),
        ("rate_limit", {"retry_after_s": float("nan")}),
        ("rate_limit", {"retry_after_ms": float("inf")}),
        ("rate_limit", {"retry_after_date_s": "tomorrow"}),
        ("rate_limit", {"retry_after_s": 10**400}),
        ("context_overflow", {"limit": 0}),
        ("context_overflow", {"requested": 1.5}),
        ("status", {"code": 199}),
        ("status", {"code": 600}),
        ("status", {"headers": "retry-after: 1"}),
        ("cut", {"after_events": -1}),
        ("stall", {"for_s": "long"}),
        ("bad_tool_arguments", {"call": 0}),
        ("error_event", {"message": 5}),
        ("error_in_200", {"code": 1.5}),
        ("responses_incomplete", {"reason": 1}),
    ],
)
def test_a_field_out_of_its_unit_is_refused_with_its_name_what_is_allowed_and_what_stood_there(name, fields):
    ((field, value),) = fields.items()
    with pytest.raises(ValueError, match=rf"^{field}: (a|the) .*, not ") as refused:
        FAULTS[name](**fields)
    assert str(refused.value).endswith(f", not {repr(value)[:60]}")


@holds_for(lambda: FAULTS, str)
def test_a_fault_that_has_no_meaning_in_a_dialect_says_why(name):
    unfit = {dialect for dialect in ("chat", "responses") if _made(name).fits(dialect, provider("openai"))}
    expected = {
        "window_exceeded_finish": {"responses"},
        "responses_failed": {"chat"},
        "responses_incomplete": {"chat"},
    }
    assert unfit == expected.get(name, set())


# Status.


@pytest.mark.parametrize(
    ("fault", "headers"),
    [
        (faults.rate_limit(), {"retry-after-ms": "200", "retry-after": "1"}),
        (faults.rate_limit(retry_after_s=1), {"retry-after": "1"}),
        (faults.rate_limit(retry_after_s=0.5), {"retry-after": "0.5"}),
        (faults.rate_limit(retry_after_ms=1500), {"retry-after-ms": "1500"}),
        (faults.unavailable(retry_after_s=30), {"retry-after": "30"}),
        (faults.unavailable(), {}),
    ],
)
def test_a_wait_that_a_field_states_is_the_only_one_in_the_headers(fault, headers):
    head, _ = _error(fault)
    assert {name: value for name, value in head.headers if name.startswith("retry-after")} == headers


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"retry_after_s": 90}, "1m30s"),
        ({"retry_after_ms": 644}, "644ms"),
        ({"retry_after_ms": 3000, "retry_after_s": 40}, "3s"),
        ({"retry_after_date_s": 5}, "5s"),
    ],
)
def test_the_wait_that_a_field_states_is_the_one_that_the_provider_words(fields, told):
    assert f"Please try again in {told}." in _error(faults.rate_limit(**fields))[1]["message"]


@pytest.mark.parametrize("fields", [{}, {"retry_after_date_s": -5}])
@pytest.mark.parametrize("estimate", [1, 100, 20_000])
def test_a_wait_that_no_field_states_is_shorter_than_the_first_wait_of_an_agent(fields, estimate):
    _, error = _error(faults.rate_limit(**fields), estimate=estimate)
    told = re.search(r"try again in ([\d.]+)(ms|s)\.", error["message"])
    assert 0 < float(told[1]) * {"ms": 0.001, "s": 1}[told[2]] < 2


def test_the_words_tell_of_the_limit_that_is_meant():
    for of, words in (("requests", "requests per min (RPM)"), ("tokens", "tokens per min (TPM)")):
        assert words in _error(faults.rate_limit(of=of))[1]["message"]
        assert words in _error(faults.rate_limit(of=of), name="acme")[1]["message"]
    for of, words in (("requests", "requests per day (RPD)"), ("tokens", "tokens per day (TPD)")):
        assert words in _error(faults.daily_limit(of=of))[1]["message"]
    assert "tokens per minute" not in _error(faults.rate_limit(of="requests"), name="groq")[1]["message"]
    with pytest.raises(ValueError, match=r"^of: the word requests or tokens, not 'minutes'"):
        faults.rate_limit(of="minutes")


@pytest.mark.parametrize("ahead_s", [90, -90])
def test_a_date_is_so_many_seconds_ahead_of_the_virtual_clock(ahead_s):
    head, _ = _error(faults.rate_limit(retry_after_date_s=ahead_s))
    assert parsedate_to_datetime(head.header("retry-after")).timestamp() == START + ahead_s


@pytest.mark.parametrize("fault", [faults.context_overflow, faults.request_exceeds_rate_limit])
@pytest.mark.parametrize("estimate", [0, 1, 7, 100, 50_000])
@pytest.mark.parametrize("fields", [{}, {"limit": 8192}, {"requested": 9000}, {"limit": 8192, "requested": 9000}])
def test_a_size_that_was_exceeded_is_below_what_was_asked(fault, estimate, fields):
    chosen = fault(**fields)
    numbers = chosen.stated(_moment(estimate=estimate))
    names = ("window", "prompt") if "window" in numbers else ("limit", "requested")
    limit, requested = (numbers[name] for name in names)
    assert 0 < limit < requested
    assert {"limit": limit, "requested": requested} | fields == {"limit": limit, "requested": requested}
    message = _error(chosen, estimate=estimate)[1]["message"]
    assert str(limit) in message
    assert str(requested) in message


def _outputs():
    """Estimates of a prompt, what was asked for, and what a fault may be told."""
    told = [{}, {"limit": 8192}, {"prompt": 500}, {"max_tokens": 3000}, {"limit": 2}]
    return itertools.product([0, 1, 100, 50_000], [None, 1, 4096], told)


@holds_for(_outputs, str)
def test_an_output_that_is_too_large_leaves_room_for_the_prompt_alone(case):
    estimate, asked, fields = case
    stated = faults.output_too_large(**fields).stated(_moment(estimate=estimate, max_tokens=asked))
    assert 0 < stated["prompt"] < stated["window"] < stated["prompt"] + stated["output"]
    numbers = {"limit": stated["window"], "prompt": stated["prompt"], "max_tokens": stated["output"]}
    assert numbers | fields == numbers


@pytest.mark.parametrize(
    ("fault", "status", "headers", "body"),
    [
        (faults.status(), 500, {}, b'{"error": {"message": "Internal Server Error", "code": null}}'),
        (faults.status(code=418, body={"a": 1}), 418, {"content-type": "application/json"}, b'{"a": 1}'),
        (faults.status(code=429, body="busy", headers={"Retry-After": 7}), 429, {"retry-after": "7"}, b"busy"),
        (faults.status(code=302, headers={"location": "https://elsewhere"}), 302, {"content-length": "0"}, b""),
        (faults.status(code=599), 599, {}, b'{"error": {"message": "Error 599", "code": null}}'),
        (faults.status(code=200, body=""), 200, {}, b""),
    ],
)
def test_any_status_can_be_sent(fault, status, headers, body):
    head, sent = fault.answer(_REQUEST, _moment())
    assert (head.status, sent.data) == (status, body)
    assert headers.items() <= dict(head.headers).items()


# The catalogue's.


def test_a_fault_is_sent_in_the_shape_of_the_provider_that_is_asked():
    for name, code in (("groq", "rate_limit_exceeded"), ("openrouter", 429), ("openai", "rate_limit_exceeded")):
        _, error = _error(faults.rate_limit(), name=name)
        assert error["code"] == code
    assert "GroqCloud" not in str(_error(faults.rate_limit(), name="acme"))


def test_a_variant_is_named():
    _, error = _error(faults.rate_limit(variant="upstream.limit_source"), name="openrouter")
    assert error["metadata"]["limit_source"] == "upstream_provider_shared_pool"


@pytest.mark.parametrize(
    ("fault", "name", "why"),
    [
        (faults.rate_limit(variant="tokens_per_minut"), "groq", "did you mean 'tokens_per_minute'"),
        (faults.rate_limit(variant="x"), "acme", "no shape of its own is known"),
        (faults.rate_limit(strict=True), "acme", "no source shows what acme sends"),
        (faults.payment_required(strict=True), "fireworks", "no source shows the body of fireworks.402"),
        (faults.error_event(strict=True), "lmstudio", "no source shows what lmstudio sends"),
        (faults.error_in_200(strict=True), "groq", "no source shows what groq sends"),
        (faults.conflict(strict=True), "openai", "no source shows what openai sends"),
        (faults.usage_limit(strict=True), "codex", "no source shows what codex sends"),
        (faults.rate_limit(variant=""), "groq", "sends no variant ''"),
        (faults.wire(id="openrouter.200.error_only"), "openai-codex", "an answer of chat"),
    ],
)
def test_what_is_not_to_be_had_says_why(fault, name, why):
    assert why in fault.fits("responses" if name == "openai-codex" else "chat", provider(name))


@pytest.mark.parametrize(
    "fault", [faults.rate_limit(strict=True), faults.wire(id="groq.429.tokens_per_minute", strict=True)]
)
def test_what_a_source_shows_may_be_asked_for_strictly(fault):
    assert fault.fits("chat", provider("groq")) is None


@pytest.mark.parametrize(
    ("entry", "near"),
    [
        ("groq.429.tokens_per_minut", "groq.429.tokens_per_minute"),
        ("grok.429.tokens_per_minute", "groq.429.tokens_per_minute"),
        ("xi.429.credits_exhausted", "xai.429.credits_exhausted"),
    ],
)
def test_an_entry_that_is_not_there_names_the_nearest_one(entry, near):
    with pytest.raises(UnknownName, match=f"unknown entry '{entry}'; did you mean '{near}'"):
        faults.wire(id=entry)


@pytest.mark.parametrize("fault", [faults.error_event, faults.error_in_200])
@pytest.mark.parametrize("beside", [{"variant": "x"}, {"strict": True}])
def test_words_of_one_s_own_are_no_provider_s(fault, beside):
    with pytest.raises(ValueError, match=r"^message: words of your own are no provider's"):
        fault(message="gone", **beside)


def test_an_event_of_an_error_goes_on_counting():
    events = _rendered(dialect=RESPONSES, streamed=True)
    *_, last = faults.error_event(after_events=4, message="gone").events(events, _moment(RESPONSES))
    assert b'"sequence_number":4' in last.data


def test_a_whole_answer_s_error_speaks_of_the_server_where_nobody_says_otherwise():
    assert "context" not in _error(faults.error_in_200(), name="llamacpp")[1]["message"]
    assert "overloaded" in _error(faults.error_in_200(), name="openrouter")[1]["message"]


def test_an_entry_whose_body_is_inferred_is_refused_when_it_is_asked_for_strictly():
    with pytest.raises(ValueError, match=r"^strict: .*fireworks.402.payment_required: body is inferred"):
        faults.wire(id="fireworks.402.payment_required", strict=True)
    with pytest.raises(ValueError, match=r"^id: an entry of the catalogue"):
        faults.wire(strict=True)


def test_an_entry_by_its_id_states_the_wait_that_was_seen():
    head, _ = _error(faults.wire(id="azure.429.token_rate"))
    assert head.header("retry-after") == "86400"


def test_the_bytes_of_a_stream_are_no_answer_to_who_asked_for_none():
    stream = faults.wire(id="openrouter.stream.keepalive_comments")
    assert stream.answer(_REQUEST, _moment()) is None
    assert b": OPENROUTER PROCESSING" in _bodies(stream.answer(_REQUEST, _moment(streamed=True)))[0]


@pytest.mark.parametrize(
    ("name", "dialect", "said"),
    [
        ("openrouter", CHAT, b"Provider disconnected unexpectedly"),
        ("openai-codex", RESPONSES, b"the server had an error processing your request"),
        ("lmstudio", CHAT, b"the server had an error processing your request"),
    ],
)
def test_an_error_amid_a_stream_is_the_providers_own_where_it_speaks_of_the_server(name, dialect, said):
    events = _rendered(dialect=dialect, streamed=True)
    *_, last = faults.error_event().events(events, _moment(dialect, name=name))
    assert said in last.data


# Network.


@pytest.mark.parametrize(
    ("fault", "event"),
    [
        (faults.dns_failure(), Drop(DropKind.DNS_FAILURE)),
        (faults.refused(), Drop(DropKind.REFUSED)),
        (faults.reset(), Drop(DropKind.RESET)),
        (faults.disconnected(), Drop(DropKind.CLOSED)),
        (faults.half_closed(), Drop(DropKind.HALF_CLOSED)),
        (faults.tls_failure(), Drop(DropKind.TLS_CUT)),
        (faults.certificate_invalid(), Drop(DropKind.CERTIFICATE_INVALID)),
        (faults.connect_timeout(), Drop(DropKind.CONNECT_TIMEOUT)),
        (faults.read_timeout(), Pause(FOR_EVER)),
    ],
)
def test_a_network_fault_is_one_event_instead_of_an_answer(fault, event):
    assert fault.answer(_REQUEST, _moment()) == (event,)


# Stream.


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_stream_is_cut_after_so_many_events(dialect, count):
    events = _rendered(dialect=dialect, streamed=True)
    assert faults.cut(after_events=count).events(events, _moment(dialect)) == (
        *events[: 1 + count],
        Drop(DropKind.RESET),
    )


def test_without_a_number_an_answer_is_cut_half_way():
    events = _rendered(streamed=True)
    *before, drop = faults.cut().events(events, _moment())
    assert 1 < len(before) < len(events)
    head, body, drop = faults.cut().events(_rendered(), _moment())
    assert drop == Drop(DropKind.RESET)
    assert 0 < len(body.data) < int(head.header("content-length"))


def test_a_truncated_body_is_shorter_than_announced():
    head, body, drop = faults.truncated().events(_rendered(), _moment())
    assert len(body.data) < int(head.header("content-length"))
    assert drop == Drop(DropKind.CLOSED)
    assert faults.truncated().events(_rendered(streamed=True), _moment())[-1] == Drop(DropKind.CLOSED)


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
def test_a_missing_end_ends_cleanly_with_all_words_said(dialect):
    events = _rendered(dialect=dialect, streamed=True)
    left = faults.missing_end().events(events, _moment(dialect))
    assert left == events[: len(left)]
    assert not any(dialect.is_terminal(data) for data in _bodies(left))
    assert dialect.is_terminal(events[len(left)].data)


@pytest.mark.parametrize(("for_s", "pause"), [(None, Pause(FOR_EVER)), (5, Pause(5)), (0, Pause(0))])
def test_a_stall_is_silence_and_loses_nothing(for_s, pause):
    for events in (_rendered(), _rendered(streamed=True)):
        stalled = faults.stall(for_s=for_s).events(events, _moment())
        assert [event for event in stalled if isinstance(event, Pause)] == [pause]
        assert b"".join(_bodies(stalled)) == b"".join(_bodies(events))
        assert isinstance(stalled[0], Head)


def test_a_slow_answer_is_the_same_answer_later():
    events = _rendered(streamed=True)
    slow = faults.slow(first_s=3, event_every_s=0.5).events(events, _moment())
    assert tuple(event for event in slow if not isinstance(event, Pause)) == events
    pauses = [event.seconds for event in slow if isinstance(event, Pause)]
    assert pauses == [3] + [0.5] * (len(events) - 2)
    assert slow[0] == Pause(3)
    assert faults.slow().events(_rendered(), _moment())[0] == Pause(1)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("every_s", [None, 0.5])
def test_a_body_that_drips_comes_byte_by_byte(streamed, every_s):
    events = _rendered(streamed=streamed)
    dripped = faults.drip(every_s=every_s).events(events, _moment())
    assert {len(body) for body in _bodies(dripped)} == {1}
    assert b"".join(_bodies(dripped)) == b"".join(_bodies(events))
    pauses = [event.seconds for event in dripped if isinstance(event, Pause)]
    assert pauses == [0.5] * (len(_bodies(dripped)) - len(_bodies(events))) * (every_s is not None)


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
def test_an_error_event_ends_its_stream(dialect):
    events = _rendered(dialect=dialect, streamed=True)
    fault = faults.error_event(after_events=2, code="server_error", message="gone")
    *before, error = fault.events(events, _moment(dialect))
    assert tuple(before) == events[:3]
    assert b'"gone"' in error.data
    assert b'"server_error"' in error.data


@pytest.mark.parametrize(
    "fault",
    [
        faults.cut(after_events=1),
        faults.stall(after_events=1),
        faults.missing_end(),
        faults.error_event(),
        faults.slow(event_every_s=1),
    ],
)
def test_a_stream_fault_cannot_apply_to_a_whole_answer_and_gives_it_back(fault):
    events = _rendered()
    assert fault.events(events, _moment()) is events


@pytest.mark.parametrize(
    "fault", [faults.cut(after_events=99), faults.stall(after_events=99), faults.truncated(), faults.drip()]
)
def test_nor_to_events_that_do_not_come(fault):
    events = (
        _rendered(streamed=True)
        if fault in (faults.cut(after_events=99), faults.stall(after_events=99))
        else (Drop(DropKind.RESET),)
    )
    assert fault.events(events, _moment()) is events


# Content.


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
@pytest.mark.parametrize("streamed", [False, True])
def test_json_that_breaks_off_can_nowhere_be_read(dialect, streamed):
    spoiled = faults.not_json().events(_rendered(dialect=dialect, streamed=streamed), _moment(dialect))
    assert spoiled[0].status == 200
    read = []
    for data in _bodies(spoiled):
        text = data.decode().rpartition("data: ")[2]
        try:
            json.loads(text)
        except ValueError:
            read.append(text)
    assert [text for text in read if text.strip() != "[DONE]"]
    assert streamed or spoiled[0].header("content-length") == str(len(spoiled[1].data))


@pytest.mark.parametrize(
    ("fault", "kind", "data"),
    [(faults.html_page(), "text/html; charset=utf-8", b"<!DOCTYPE"), (faults.empty_body(), "application/json", b"")],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_can_be_none_at_all(fault, kind, data, streamed):
    head, body = fault.events(_rendered(streamed=streamed), _moment())
    assert (head.status, head.header("content-type"), body.data[:9]) == (200, kind, data)


@pytest.mark.parametrize(
    ("fault", "reply"),
    [
        (faults.no_choices(), dataclasses.replace(_REPLY, shape=Shape.NO_CHOICES)),
        (faults.empty_choices(), dataclasses.replace(_REPLY, shape=Shape.EMPTY_CHOICES)),
        (faults.null_message(), dataclasses.replace(_REPLY, shape=Shape.NULL_MESSAGE)),
        (faults.wrong_shape(), dataclasses.replace(_REPLY, shape=Shape.WRONG_SHAPE)),
        (faults.null_content(), Reply(None, finish_reason="stop")),
        (faults.empty_content(), Reply("", finish_reason="stop")),
        (faults.window_exceeded_finish(), Reply("", finish_reason="model_context_window_exceeded")),
    ],
)
def test_what_becomes_of_a_reply(fault, reply):
    assert fault.reply(_REPLY) == reply


def test_the_arguments_of_a_call_break_off_at_their_end():
    (first, second) = faults.bad_tool_arguments().reply(_REPLY).tool_calls
    assert second == _REPLY.tool_calls[1]
    assert _REPLY.tool_calls[0].arguments.startswith(first.arguments)
    for call in (first, faults.bad_tool_arguments(call=2).reply(_REPLY).tool_calls[1]):
        with pytest.raises(ValueError, match="line 1"):
            json.loads(call.arguments)


def test_a_tool_can_be_one_that_does_not_exist():
    assert [call.name for call in faults.unknown_tool(call=2).reply(_REPLY).tool_calls] == [
        "terminal",
        "no_such_read_file",
    ]


@pytest.mark.parametrize("fault", [faults.bad_tool_arguments, faults.unknown_tool])
def test_a_call_that_is_not_there_cannot_be_spoiled(fault):
    assert fault().reply(_TEXT) is _TEXT
    assert fault(call=3).reply(_REPLY) is _REPLY


def test_a_token_limit_cuts_the_text_or_the_last_call():
    cut = faults.length().reply(_TEXT)
    assert _TEXT.text.startswith(cut.text)
    assert 0 < len(cut.text) < len(_TEXT.text)
    calls = faults.length().reply(_REPLY).tool_calls
    assert (calls[0], calls[1].arguments) == (_REPLY.tool_calls[0], "{")
    assert {faults.length().reply(reply).finish for reply in (_TEXT, _REPLY)} == {"length"}


@pytest.mark.parametrize(("reason", "finish"), [(None, "length"), ("max_output_tokens", "length"), ("x", "x")])
def test_a_response_is_incomplete_for_a_reason(reason, finish):
    assert faults.responses_incomplete(reason=reason).reply(_TEXT).finish == finish


def test_an_error_stands_in_a_200():
    for fault, code in ((faults.error_in_200(message="gone"), None), (faults.error_in_200(code=502), 502)):
        head, error = _error(fault)
        assert (head.status, error["code"]) == (200, code)
    failed = faults.responses_failed().reply(_TEXT)
    assert (failed.finish, failed.error.code, failed.text) == ("error", "server_error", "")


# Several at once.


def _injected(*chosen, reply=_REPLY, streamed=False):
    moment = _moment(streamed=streamed)
    return inject(chosen, _REQUEST, moment, reply, partial(_rendered, streamed=streamed))


def test_faults_apply_in_the_order_in_which_they_are_written():
    slow, cut = faults.slow(first_s=2), faults.cut(after_events=1)
    events, applied = _injected(slow, cut, streamed=True)
    assert applied == [slow, cut]
    assert [type(event) for event in events] == [Pause, Head, Data, Drop]


def test_a_status_can_be_slow():
    events, applied = _injected(faults.slow(), faults.rate_limit())
    assert [type(event) for event in events] == [Pause, Head, Data]
    assert {fault.name for fault in applied} == {"slow", "rate_limit"}


def test_only_the_first_that_answers_answers_and_what_it_answers_holds_no_reply():
    refused = faults.refused()
    events, applied = _injected(refused, faults.rate_limit(), faults.empty_content())
    assert (events, applied) == ((Drop(DropKind.REFUSED),), [refused])


def test_what_cannot_apply_is_not_among_those_that_did():
    events, applied = _injected(faults.missing_end(), faults.unknown_tool(call=9))
    assert (events, applied) == (_rendered(_REPLY), [])


@pytest.mark.parametrize(
    ("made", "fields", "told"),
    [
        (faults.request_exceeds_rate_limit, {"limit": 100, "requested": 50}, "requested: more than the limit of 100"),
        (faults.output_too_large, {"limit": 100, "prompt": 200}, "prompt: less than the limit of 100, not 200"),
        (faults.output_too_large, {"limit": 1000, "prompt": 200, "max_tokens": 800}, "max_tokens: more than the 800"),
    ],
)
def test_numbers_that_say_that_all_is_well_are_refused(made, fields, told):
    with pytest.raises(ValueError, match=told):
        made(**fields)
