import pytest

from faultlab.calls import attempts_of, model_calls
from faultlab.dialogue import Dialogue, Said
from faultlab.wire import FOR_EVER, Data, Drop, DropKind, Pause, Request

LONG = tuple(f"message {n}" for n in range(10))
SHORT = (*LONG[:3], "left out", *LONG[6:])


def _calls(story):
    return [attempt.call for attempt in attempts_of(story.trace, story.before)]


def test_attempts_with_the_same_conversation_are_one_call(story):
    story.ask("P", "reset").ask("P", "reset").ask("F").end()
    assert _calls(story) == [1, 1, 1]
    assert [(call.upstream, len(call.attempts)) for call in model_calls(attempts_of(story.trace))] == [
        ("primary", 2),
        ("fallback", 1),
    ]


def _unread(story):
    """The last request was one that nobody could read."""
    exchange = story.trace.exchanges[-1]
    exchange.unread, exchange.request = True, Request("", exchange.request.url, {}, b"")
    return story


def test_a_connection_that_failed_before_its_request_is_an_attempt_at_what_is_asked_next(story):
    _unread(story.ask("P", "refused", body={"max_tokens": 5})).ask("P", body={"max_tokens": 5}).end()
    _unread(story.ask("P", "refused")).ask("F", said=("again",)).end()
    assert _calls(story) == [1, 1, 2, 2]
    assert not any(attempt.lowered or attempt.compressed for attempt in attempts_of(story.trace))


def test_or_at_what_was_asked_before(story):
    story.ask("P", "reset")
    _unread(story.ask("P", "refused")).end()
    _unread(story.ask("P", "refused")).end()
    assert _calls(story) == [1, 1, 2]


def test_a_turn_begins_a_call(story):
    story.ask("P").end().ask("P").end()
    assert _calls(story) == [1, 2]


def test_a_conversation_that_has_grown_begins_a_call(story):
    story.ask("P", said=("a",)).ask("P", said=("a", "b")).end()
    assert _calls(story) == [1, 2]


def test_the_same_tool_result_twice_is_two_calls(story):
    story.ask("P", said=("a", "sunny")).ask("P", said=("a", "sunny", "again", "sunny")).end()
    assert _calls(story) == [1, 2]


@pytest.mark.parametrize("sent", [b'{"choices": [{"finish_reason": "length"}]}', b'{"reason":"max_output_tokens"}'])
def test_an_answer_that_was_cut_at_its_limit_ends_its_call(story, sent):
    story.ask("P", sent=sent).ask("P").end()
    assert _calls(story) == [1, 2]


@pytest.mark.parametrize("end", [Drop(DropKind.RESET), Pause(FOR_EVER)])
@pytest.mark.parametrize(("form", "calls"), [("application/json", [1, 1]), ("text/event-stream", [1, 2])])
def test_a_document_that_never_came_to_its_end_is_none_but_an_event_of_a_stream_is(story, end, form, calls):
    story.ask("P", sent=b'{"choices": [{"finish_reason": "length"', headers=[("content-type", form)]).ask("P").end()
    story.trace.exchanges[0].sent += (end, Data(b"}]}"))
    assert _calls(story) == calls


def test_what_a_client_did_not_wait_for_says_nothing(story):
    story.ask("P", headers=[("content-type", "text/event-stream")], sent=b"", took_s=120).ask("P").end()
    story.trace.exchanges[0].sent += (Pause(FOR_EVER), Data(b'{"finish_reason": "length"}'))
    assert _calls(story) == [1, 1]


def test_a_compression_stays_in_its_call(story):
    story.ask("P", "context_overflow", said=LONG).ask("P", said=SHORT).end()
    first, second = attempts_of(story.trace)
    assert (first.call, first.compressed) == (1, False)
    assert (second.call, second.compressed) == (1, True)
    assert [call.compressions for call in model_calls((first, second))] == [1]


def test_a_call_with_a_conversation_that_was_compressed_ahead_is_no_repetition_though_it_ends_alike(story):
    grown = (*LONG[:3], "left out", *LONG[7:], "called again", LONG[9])
    story.ask("P", said=LONG).ask("P", said=grown).end()
    assert _calls(story) == [1, 2]
    assert [attempt.compressed for attempt in attempts_of(story.trace)] == [False, True]


def test_a_compression_ahead_of_the_first_request_is_seen_against_the_history(story):
    story.before = Dialogue(messages=tuple(Said("user", text) for text in LONG))
    story.ask("P", said=(*SHORT, "new")).end()
    (attempt,) = attempts_of(story.trace, story.before)
    assert attempt.compressed


def test_each_session_has_a_conversation_of_its_own(story):
    story.ask("P", said=LONG).end(session="a").ask("P", said=("hi",)).end(session="b")
    assert not any(attempt.compressed for attempt in attempts_of(story.trace))


@pytest.mark.parametrize(
    ("before", "after", "lowered"),
    [
        ({"max_tokens": 9}, {"max_tokens": 4}, True),
        ({}, {"max_output_tokens": 4}, True),
        ({"max_tokens": 4}, {"max_tokens": 8}, False),
        ({}, {}, False),
    ],
)
def test_a_lower_limit_on_the_output_is_seen(story, before, after, lowered):
    story.ask("P", "output_too_large", body=before).ask("P", body=after).end()
    assert attempts_of(story.trace)[1].lowered is lowered


def test_a_renewal_is_no_attempt_but_is_remembered(story):
    story.ask("P", "unauthorized").renew("P").ask("P").end()
    assert [attempt.renewed for attempt in attempts_of(story.trace)] == [False, True]


def test_a_renewal_of_the_primary_s_is_none_of_the_fallback_s(story):
    story.ask("P", "unauthorized").renew("P").ask("F").end()
    assert [attempt.renewed for attempt in attempts_of(story.trace)] == [False, False]
