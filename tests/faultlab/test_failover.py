import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab import Lab, faults
from faultlab.errors import UnknownName
from faultlab.failover import FailoverTrace
from faultlab.questions import questions_of
from faultlab.timeline import steps_of
from faultlab.trace import Exchange
from faultlab.wire import Drop, DropKind, Head, Pause, Request

HOSTS = {"one": "https://one.example/v1", "two": "https://two.example/v1", "same": "https://one.example/v1"}


class Traffic:
    """Requests as they come: who is asked, what is said, and what is answered (by default a failure)."""

    def __init__(self):
        self.trace = FailoverTrace(upstreams=dict(HOSTS))
        self.now_s = 0.0

    def wait(self, seconds):
        self.now_s += seconds
        return self

    def ask(self, upstream, *said, model="m", key=None, fault="rate_limit", system=None, took_s=0.0, **more):
        messages = [{"role": "system", "content": system}] if system else []
        messages += [each if isinstance(each, dict) else {"role": "user", "content": each} for each in said or ["hi"]]
        body = json.dumps({"model": model, "messages": messages}).encode()
        status = 200 if fault is None else 429
        more = {"status": status, "sent": (Head(status),), "faults": () if fault is None else (fault,)} | more
        request = Request("POST", f"{HOSTS[upstream]}/chat/completions", {}, body)
        if more.get("unread"):
            request = Request("", HOSTS[upstream], {}, b"")
        number = len(self.trace.exchanges) + 1
        exchange = Exchange(number, upstream, request, self.now_s, self.now_s + took_s, key_of=key or upstream, **more)
        self.now_s += took_s
        self.trace.exchanges.append(exchange)
        return self

    def put(self, upstream, said, **more):
        return self.ask(upstream, *said, **more)

    def answer(self, upstream, *said, **more):
        return self.ask(upstream, *said, fault=None, **more)


@pytest.fixture
def traffic():
    return Traffic()


def _said(*texts):
    """A conversation in which user and assistant take turns."""
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(texts)]


def test_a_switch_says_from_whom_to_whom_after_how_many_calls_and_what_changed(traffic):
    traffic.ask("one", model="gpt").wait(2).ask("one", model="gpt").answer("two", model="claude")
    switch = traffic.trace.switched()
    assert switch
    assert (switch.source, switch.to, switch.after_calls, switch.n) == ("one", "two", 2, 3)
    assert switch.changed == ("host", "key", "model")
    assert repr(switch) == (
        "<True: switched from one (gpt) to two (claude) after 2 calls, the last of which met rate_limit 429: "
        "another host, another key, another model>"
    )


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"upstream": "one"}, {"upstream": "two", "key": "one"}, ("host",)),
        ({"upstream": "one"}, {"upstream": "one", "model": "n"}, ("model",)),
        ({"upstream": "one"}, {"upstream": "same", "model": "n"}, ("key", "model")),
        ({"upstream": "one"}, {"upstream": "same"}, ("key",)),
        ({"upstream": "one", "key": "unknown"}, {"upstream": "one", "key": "unknown 2"}, ("key",)),
    ],
)
def test_another_host_key_or_model_is_a_switch_also_within_one_upstream(traffic, before, after, changed):
    traffic.ask(**before).answer(**after)
    assert traffic.trace.switched().changed == changed


def test_another_path_of_one_host_is_a_switch_where_nothing_else_changed(traffic, monkeypatch):
    monkeypatch.setitem(HOSTS, "deployment", "https://one.example/other")
    traffic.ask("one", key="k").answer("deployment", key="k")
    assert traffic.trace.switched().changed == ("path",)


def test_another_api_of_the_same_model_is_none(traffic):
    traffic.ask("one").answer("one")
    traffic.trace.exchanges[1].request = Request(
        "POST", f"{HOSTS['one']}/responses", {}, json.dumps({"model": "m", "input": "hi"}).encode()
    )
    assert not traffic.trace.switched()


@pytest.mark.parametrize(
    ("text", "play"),
    [
        ("a plain retry", lambda t: t.ask("one").wait(2).answer("one")),
        ("a new question to the other provider", lambda t: t.answer("one", "hi").answer("two", "ho")),
        ("the same words after an answer", lambda t: t.answer("one", "hi").answer("two", "hi")),
        ("a new question after a failure", lambda t: t.ask("one", "hi").answer("two", "ho")),
        (
            "a conversation that goes on with another provider",
            lambda t: t.answer("one", "hi").answer("two", *_said("hi", "hello", "and now?")),
        ),
        (
            "a failed question, and a conversation that has grown",
            lambda t: t.ask("one", "hi").answer("two", *_said("hi", "hello", "hi")),
        ),
        ("a classification of the same words beforehand", lambda t: t.answer("one", system="classify").answer("two")),
        ("nothing at all", lambda t: t),
    ],
)
def test_what_is_no_switch(traffic, text, play):
    assert not play(traffic).trace.switched()
    assert not traffic.trace.switches
    assert repr(traffic.trace.switched()).startswith("<False: no question was put elsewhere: ")


LONG = _said("first", "answer 1", "second", "answer 2", "third", "answer 3", "last")


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("the system prompt changed", {"system": "You are gpt"}, {"system": "Answer shortly"}),
        ("white space changed", {"said": ["hi  there\n\nyou"]}, {"said": [" hi there\nyou "]}),
        ("the model's name changed", {"said": ["You are m. My"]}, {"said": ["You are n. My"], "model": "n"}),
        ("the middle was left out", {"said": LONG}, {"said": [LONG[0], *LONG[4:]]}),
        ("a marker stands for the middle", {"said": LONG}, {"said": [{"role": "user", "content": "..."}, LONG[-1]]}),
        ("only the last is left", {"said": LONG}, {"said": LONG[-1:]}),
        ("the system prompt became a message", {"system": "Be nice"}, {"said": ["Be nice", "hi"]}),
        ("it went into the message", {"system": "Be nice"}, {"said": ["Be nice\n\nhi"]}),
        ("an instruction was added", {}, {"said": ["hi\nAnswer in JSON."]}),
        ("a begun answer is to be continued", {}, {"said": _said("hi", "Once upon a ti")}),
    ],
)
def test_a_conversation_that_was_changed_a_little_by_the_switch_is_still_the_same(traffic, text, before, after):
    traffic.ask("one", *before.pop("said", []), **before).answer("two", *after.pop("said", []), **after)
    assert traffic.trace.switched().after_calls == 1


@pytest.mark.parametrize(
    ("text", "more", "switches"),
    [
        ("healthy, but left before its end", {"faults": ("slow",), "sent": (Pause(9.0), Head(200)), "took_s": 5}, 1),
        ("healthy, and waited for", {"faults": ("slow",), "sent": (Pause(9.0), Head(200)), "took_s": 9}, 0),
        ("a 200 that is worth nothing", {"faults": ("empty_content",)}, 1),
        ("broken off", {"sent": (Head(200), Drop(DropKind.RESET))}, 1),
        ("none was left", {"unexpected": True, "status": None}, 1),
        ("a status that is a provider's own", {"status": 500}, 1),
    ],
)
def test_a_question_is_open_until_it_was_answered_whole(traffic, text, more, switches):
    traffic.answer("one", **more).answer("two")
    assert len(traffic.trace.switches) == switches


def test_a_connection_that_failed_before_a_request_was_read_counts_as_a_try(traffic):
    traffic.ask("one", "hi", unread=True, status=None).ask("one", "hi").ask("one", "hi", unread=True).answer(
        "two", "hi"
    )
    switch = traffic.trace.switched()
    assert (switch.after_calls, len(questions_of(traffic.trace.exchanges))) == (3, 1)


def test_a_model_that_changes_behind_a_failed_connection_is_seen(traffic):
    traffic.ask("one").ask("one", unread=True, status=None).answer("one", model="n")
    assert traffic.trace.switched().changed == ("model",)


def test_a_switch_to_the_other_api_is_one_like_any_other(traffic):
    traffic.ask("one", *_said("hi", "hello", "and now?"), system="Be nice").answer("two")
    items = [{"type": "message", **each} for each in _said("hi", "hello", "and now?")]
    body = json.dumps({"model": "m", "instructions": "Be nice", "input": items}).encode()
    traffic.trace.exchanges[1].request = Request("POST", f"{HOSTS['two']}/responses", {}, body)
    assert traffic.trace.switched().changed == ("host", "key")
    assert traffic.trace.same_conversation()


def test_a_switch_back_and_forth_is_several(traffic):
    traffic.ask("one").ask("two").ask("two").answer("one")
    assert [(one.source, one.to, one.after_calls) for one in traffic.trace.switches] == [
        ("one", "two", 1),
        ("two", "one", 2),
    ]


def test_switches_can_be_asked_for_by_source_and_destination(traffic):
    traffic.ask("one").ask("two").answer("one")
    assert traffic.trace.switched(to="one").n == 3
    assert traffic.trace.switched("one", "two").n == 2
    assert not traffic.trace.switched("two", "same")
    assert "no switch from two to same, but: switched from one to two" in repr(traffic.trace.switched("two", "same"))


def test_calls_are_counted_and_their_absence_has_a_reason(traffic):
    traffic.ask("one").ask("one").answer("two")
    assert (traffic.trace.attempts("one"), traffic.trace.attempts("same")) == (2, 0)
    assert traffic.trace.never_called("same")
    assert not traffic.trace.never_called("one")
    assert repr(traffic.trace.never_called("one")) == "<False: one was asked 2 times, first by request 1>"


def test_a_side_request_is_no_attempt_and_still_a_call(traffic):
    traffic.answer("one", side=True)
    assert traffic.trace.attempts("one") == 0
    assert not traffic.trace.never_called("one")


@pytest.mark.parametrize("ask", ["attempts", "never_called", "switched"])
def test_an_unknown_upstream_is_an_error_with_the_nearest_one(ask):
    lab = Lab()
    lab.upstream("openrouter", name="backup")
    with pytest.raises(UnknownName, match="unknown upstream 'bakcup'; did you mean 'backup'"):
        getattr(lab.trace, ask)("bakcup")


@pytest.mark.parametrize("ask", ["attempts", "never_called"])
def test_no_upstream_at_all_is_an_error_and_never_a_truth(ask):
    with pytest.raises(TypeError, match="not None"):
        getattr(Lab().trace, ask)(None)


def test_an_upstream_may_be_named_or_given(traffic):
    lab = Lab()
    backup = lab.upstream("openrouter", name="backup")
    assert lab.trace.never_called(backup)
    assert lab.trace.attempts(backup) == lab.trace.attempts("backup") == 0


def test_waits_are_those_between_the_tries_of_one_question(traffic):
    traffic.ask("one").wait(2).ask("one", took_s=7).wait(0.5004).answer("two").wait(60).answer("one", "another one")
    assert traffic.trace.waits_s == (2, 0.5)
    assert traffic.trace.waits_s == [2, 0.5]
    assert traffic.trace.waits_s != [2]
    assert sum(traffic.trace.waits_s) == 2.5


@pytest.mark.parametrize(
    ("text", "keys", "told"),
    [
        ("each its own", [("one", "one"), ("two", "two")], None),
        ("one account with two models", [("one", "one"), ("same", "one")], None),
        ("no key at all", [("one", "none"), ("two", "none")], None),
        ("one of nobody's, at one host", [("one", "unknown"), ("two", "unknown 2")], None),
        (
            "one that went to the other host",
            [("one", "one"), ("two", "one")],
            "request 2 took the key of one, at home at one.example, to two.example",
        ),
        (
            "one of nobody's that went to both",
            [("one", "unknown"), ("two", "unknown")],
            "request 2 took a key that is nobody's here, at home at one.example, to two.example",
        ),
    ],
)
def test_a_key_stays_at_the_host_that_it_is_for(traffic, text, keys, told):
    for upstream, key in keys:
        traffic.ask(upstream, key=key)
    stayed = traffic.trace.key_stayed_home()
    assert bool(stayed) is (told is None)
    assert told is None or repr(stayed) == f"<False: {told}>"


@pytest.mark.parametrize(
    ("whose", "where"),
    [
        ("openai", {"default_headers": {"x-trace": "of {key}"}}),
        ("openai", {"default_query": {"trace": "{key}"}}),
        ("openai", {"messages": [{"role": "user", "content": "my key is {key}"}]}),
        (None, {"messages": [{"role": "user", "content": "a word"}]}),
        ("openrouter", {"messages": [{"role": "user", "content": "my key is {key}"}]}),
    ],
)
def test_a_key_is_found_wherever_a_request_tells_it(whose, where):
    lab = Lab()
    lab.upstream("openai")
    backup = lab.upstream("openrouter", says=["hello"])
    where = json.loads(json.dumps(where).replace("{key}", lab[whose].api_key if whose else ""))
    messages = where.pop("messages", [{"role": "user", "content": "hi"}])
    with backup.client(max_retries=0, **where) as client:
        client.chat.completions.create(model="m", messages=messages)

    stayed = lab.trace.key_stayed_home()
    assert bool(stayed) is (whose != "openai")
    if not stayed:
        assert repr(stayed) == (
            "<False: request 1 told openrouter.ai the key of openai, at home at api.openai.com, in what it says>"
        )


def test_the_conversation_is_the_same_if_the_switch_took_all_of_it_along(traffic):
    traffic.ask("one", *LONG, system="a").answer("two", *LONG, system="b")
    assert traffic.trace.same_conversation()


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (
            [LONG[0], *LONG[4:]],
            "message 2 (assistant) is another one in request 2; 7 messages before request 2, 4 in it",
        ),
        ([*LONG[:6], {"role": "user", "content": "last\nin JSON"}], "message 7 (user) is another one in request 2; "),
    ],
)
def test_it_is_not_if_something_was_left_out_or_said_otherwise_and_no_word_of_it_is_repeated(traffic, after, told):
    traffic.ask("one", *LONG).answer("two", *after)
    same = traffic.trace.same_conversation()
    assert not same
    assert told in repr(same)


def _with_image(*urls):
    images = [{"type": "image_url", "image_url": {"url": url, "detail": "low"}} for url in urls]
    return {"role": "user", "content": [{"type": "text", "text": "look"}, *images]}


@pytest.mark.parametrize(("after", "same"), [(["a"], True), (["b"], False), ([], False), (["a", "a"], False)])
def test_an_image_belongs_to_the_conversation(traffic, after, same):
    traffic.ask("one", _with_image("a")).answer("two", _with_image(*after))
    assert traffic.trace.switched()
    assert bool(traffic.trace.same_conversation()) is same


@pytest.mark.parametrize(
    ("after", "same"),
    [('{ "b":2, "a":1 }', True), ('{"a": 1, "b": 3}', False), ("no JSON", False)],
)
def test_arguments_of_tools_are_the_same_however_they_are_written(traffic, after, same):
    def called(arguments):
        call = {"id": f"call_{arguments}", "type": "function", "function": {"name": "f", "arguments": arguments}}
        return ["do it", {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "content": "done"}]

    traffic.ask("one", *called('{"a": 1, "b": 2}')).answer("two", *called(after))
    assert bool(traffic.trace.same_conversation()) is same


def test_without_a_switch_there_is_no_conversation_to_be_the_same(traffic):
    assert not traffic.ask("one").answer("one").trace.same_conversation()


def test_what_is_found_can_be_compared_with_true_and_false(traffic):
    traffic.ask("one").answer("two")
    assert traffic.trace.never_called("same") == True  # noqa: E712  # what people write
    assert traffic.trace.never_called("one") == False  # noqa: E712
    assert traffic.trace.never_called("one") != traffic.trace.never_called("same")


QUESTIONS = st.lists(
    st.tuples(
        st.sampled_from(["plain", "long", "system"]),
        st.integers(0, 3),  # failures on the first provider
        st.integers(0, 3),  # failures on the second
        st.sampled_from([None, "model", "host", "key"]),  # what the switch changes, if it comes
        st.booleans(),  # whether the switch shortens the conversation
    ),
    max_size=6,
)
ELSEWHERE = {
    "host": {"upstream": "two", "key": "one"},
    "model": {"upstream": "one", "model": "other"},
    "key": {"upstream": "same"},
}


def _requests(number, kind, failures, more_failures, change, shortens):
    """The requests of one question, in order, each as a call of `Traffic.ask`."""
    texts = [f"conversation {number}, message {n}" for n in range(7 if kind == "long" else 1)]
    said, system = _said(*texts), f"system {number}" if kind == "system" else None
    yield from [{"upstream": "one", "said": said, "system": system}] * failures
    shorter = [said[0], *said[-3:]] if shortens and kind == "long" else said
    there = ELSEWHERE[change] if change else {"upstream": "one"}
    yield from [there | {"said": shorter, "system": system}] * more_failures
    yield there | {"said": shorter, "system": system, "fault": None}


@given(QUESTIONS, st.randoms(use_true_random=False))
def test_parallel_conversations_are_kept_apart_however_their_requests_mingle(plans, random):
    waiting = [list(_requests(number, *plan)) for number, plan in enumerate(plans)]
    traffic = Traffic()
    while any(waiting):
        request = random.choice([queue for queue in waiting if queue]).pop(0)
        traffic.put(**request)
    expected = sorted((plan[1], (plan[3],)) for plan in plans if plan[3] and plan[1])
    assert sorted((one.after_calls, one.changed) for one in traffic.trace.switches) == expected
    assert len(questions_of(traffic.trace.exchanges)) == len(plans)


@given(QUESTIONS)
def test_the_timeline_has_a_step_for_each_request_and_tells_each_switch_once(plans):
    traffic = Traffic()
    for number, plan in enumerate(plans):
        for request in _requests(number, *plan):
            traffic.put(**request)
    steps = steps_of(traffic.trace)
    assert [step.n for step in steps] == [one.n for one in traffic.trace.exchanges]
    assert sum("switched to" in step.then for step in steps) == len(traffic.trace.switches)


def test_the_timeline_of_a_trace_without_turns_counts_tries_and_tells_waits_and_switches(traffic):
    traffic.ask("one").wait(2).ask("one", took_s=1).ask("two").answer("two", model="n").answer("one", "another")
    assert [(step.attempt, step.then) for step in steps_of(traffic.trace)] == [
        ("1", "waited 2 s"),
        ("2", "switched to two"),
        ("1", "switched to another model"),
        ("1", ""),
        ("1", ""),
    ]


def test_a_connection_that_failed_is_a_try_like_any_other(traffic):
    traffic.ask("one", unread=True, status=None).ask("one").ask("one", unread=True, status=None).answer("two")
    assert [step.attempt for step in steps_of(traffic.trace)] == ["1", "2", "3", "1"]


def test_it_tells_questions_apart_by_number_where_they_mingle(traffic):
    traffic.ask("one", "a").ask("one", "b").wait(1).answer("one", "a").answer("two", "b")
    assert [(step.attempt, step.then) for step in steps_of(traffic.trace)] == [
        ("1.1", "waited 1 s"),
        ("2.1", "waited 1 s, switched to two"),
        ("1.2", ""),
        ("2.1", ""),
    ]


def test_it_tells_side_requests(traffic):
    traffic.ask("one").answer("one", side=True)
    assert [(step.attempt, step.then) for step in steps_of(traffic.trace)] == [
        ("1", "asked for https://one.example/v1/chat/completions"),
        ("", ""),
    ]


def test_long_traces_are_asked_in_no_time(traffic):
    for number in range(250):
        traffic.ask("one", f"question {number}")
    for _ in range(250):
        traffic.ask("one", "the same")
    started_s = process_time()
    assert len(questions_of(traffic.trace.exchanges)) == 251
    assert not traffic.trace.switched()
    assert steps_of(traffic.trace)[-1].attempt == "250"
    assert process_time() - started_s < 5


def test_a_lab_s_trace_is_asked_in_process_as_it_is():
    import openai

    lab = Lab()
    primary = lab.upstream("openai", faults=[(faults.unavailable(retry_after_s=1), 3)])
    backup = lab.upstream("openrouter", says=["hello"])
    with lab, primary.client(max_retries=2) as client, backup.client() as other:
        messages = [{"role": "user", "content": "hi"}]
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="gpt", messages=messages)
        other.chat.completions.create(model="claude", messages=messages)
    assert lab.trace.switched(primary, backup).after_calls == 3
    assert lab.trace.waits_s == [1, 1]
    assert lab.trace.key_stayed_home()
    assert lab.trace.same_conversation()


def test_keys_that_are_nobody_s_are_told_apart():
    lab = Lab()
    provider = lab.upstream("openai", says=["hello"] * 3)
    with lab.http_client() as http_client:
        for key in ("key-of-mine-1", "key-of-mine-2", "key-of-mine-1"):
            http_client.post(
                f"{provider.base_url}/chat/completions",
                headers={"authorization": f"Bearer {key}"},
                json={"model": "m", "messages": [{"role": "user", "content": key}]},
            )
    assert [one.key_of for one in lab.trace.exchanges] == ["unknown", "unknown 2", "unknown"]
    assert "key-of-mine-1" in lab.stage.secrets


def test_a_trace_is_a_sequence_of_its_exchanges():
    lab = Lab()
    assert not lab.trace
    with lab.upstream("openai", says=["one", "two"]).client() as client:
        for _ in range(2):
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert [each.n for each in lab.trace] == [1, 2]
    assert (len(lab.trace), lab.trace[-1].n) == (2, 2)
