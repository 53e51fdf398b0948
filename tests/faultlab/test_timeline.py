from faultlab.timeline import timeline
from faultlab.wire import Drop, DropKind

LONG = tuple(f"message {n}" for n in range(10))
SHORT = (*LONG[:3], "left out", *LONG[6:])


def _steps(story):
    return [step for turn in timeline(story.trace) for step in turn.steps]


def test_a_step_says_who_was_asked_what_was_sent_and_what_came_next(story):
    story.ask("P", "rate_limit", status=429).wait(2).ask("P", "forbidden", status=403).ask("F")
    (turn,) = timeline(story.end(switch_reason="client_error", reply="hi").trace)
    first, second, third = turn.steps
    assert (first.n, first.at_s, first.attempt, first.upstream) == (1, 0.0, "1", "primary")
    assert (first.sent, first.seen, first.then) == ("rate_limit", "429", "waited 2 s")
    assert (second.attempt, second.then) == ("2", "switched to the fallback: client_error")
    assert (third.attempt, third.sent, third.seen, third.then) == ("1", "answer", "200", "")
    assert turn.end == "completed, switched for client_error, after 2 s, reply 'hi'"


def test_a_connection_that_failed_and_the_time_it_took_are_seen(story):
    story.ask("P", "reset", took_s=3)
    story.trace.exchanges[0].status, story.trace.exchanges[0].sent = None, (Drop(DropKind.RESET),)
    assert _steps(story.end())[0].seen == "connection reset after 3 s"


def test_a_time_that_is_the_machine_s_own_is_told_to_the_millisecond(story):
    story.wait(0.12345).ask("P", "reset", took_s=1.000051).wait(0.2)
    (turn,) = timeline(story.end().trace)
    assert (turn.steps[0].seen, turn.steps[0].then) == ("400 after 1 s", "waited 0.2 s")
    assert turn.end == "completed, after 1.324 s"


def test_silence_is_seen_as_nothing(story):
    story.ask("P", "read_timeout", took_s=120)
    story.trace.exchanges[0].status, story.trace.exchanges[0].sent = None, ()
    assert _steps(story.end())[0].seen == "nothing after 120 s"


def test_a_renewal_a_lower_limit_and_a_compression_are_told_as_what_they_are(story):
    story.ask("P", "unauthorized").renew("P").ask("P", "output_too_large", said=LONG, body={"max_tokens": 9})
    story.ask("P", "context_overflow", said=LONG, body={"max_tokens": 4}).wait(2).ask(
        "P", said=SHORT, body={"max_tokens": 4}
    )
    told = [(step.sent, step.then) for step in _steps(story.end())]
    assert told == [
        ("unauthorized", "renewed the key"),
        ("renewal: ok", ""),
        ("output_too_large", "lowered the output"),
        ("context_overflow", "waited 2 s, compressed to 8 messages"),
        ("answer", ""),
    ]


def test_an_answer_that_nobody_had_left_is_told(story):
    story.ask("P", unexpected=True)
    assert _steps(story.end())[0].sent == "no answer left"


def test_a_limit_that_answered_is_told(story):
    story.ask("P", "rate_limit", limited=True)
    story.ask("P", "bad_request", limited=True)
    assert [step.sent for step in _steps(story.end())] == ["limit: rate_limit", "bad_request"]


def test_a_turn_in_which_nobody_was_asked_has_no_steps(story):
    (turn,) = timeline(story.end("failed", "unauthorized", refused="no_key", exit_code=1).trace)
    assert turn.steps == ()
    assert turn.end == "failed, failure unauthorized, fallback refused: no_key, exit code 1, after 0 s"
