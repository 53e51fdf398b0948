"""Compression leaves out the oldest middle messages, whole exchanges at a time, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.compression import compress, target
from hermes_agent.messages import Conversation, Message, ToolCall


def talk(count, size=400):
    roles = ["user", "assistant"]
    return Conversation("system", tuple(Message(roles[n % 2], f"{n} ".ljust(size, "x")) for n in range(count)))


def exchange(n, results, size=400):
    calls = tuple(ToolCall(f"call_{n}_{m}", "terminal", "{}") for m in range(results))
    answers = (Message("tool", "y" * size, tool_call_id=call.id) for call in calls)
    return (Message("assistant", tool_calls=calls), *answers)


@st.composite
def conversations(draw):
    messages = []
    for n in range(draw(st.integers(0, 14))):
        text = draw(st.sampled_from(["", "short", "x" * 300])) + f" {n}"
        match draw(st.sampled_from(["user", "assistant", "tools"])):
            case "tools":
                messages += exchange(n, draw(st.integers(1, 4)), len(text))
            case role:
                messages.append(Message(role, text))
    return Conversation(draw(st.text(max_size=200)), tuple(messages))


def is_marker(message):
    return message.role == "user" and message.text.startswith("[Earlier messages")


def real(conversation):
    return [message for message in conversation.messages if not is_marker(message)]


@given(conversations(), st.integers(0, 1500))
def test_head_and_tail_stay_the_middle_gets_shorter_and_no_exchange_is_split(before, budget):
    after = compress(before, budget)
    if after is None:
        return
    kept = real(after)
    assert len(kept) < len(real(before))
    assert after.system == before.system
    assert kept[:3] == real(before)[:3]
    assert kept[-4:] == real(before)[-4:]
    assert sum(map(is_marker, after.messages)) == 1
    asked_for = set()
    for message in after.messages:
        asked_for |= {call.id for call in message.tool_calls}
        assert message.tool_call_id is None or message.tool_call_id in asked_for
    answered = {message.tool_call_id for message in kept}
    assert all(call.id in answered for message in kept for call in message.tool_calls)


@given(conversations(), st.integers(0, 1500))
def test_it_stops_as_soon_as_the_budget_is_met(before, budget):
    after = compress(before, budget)
    if after is None:
        assert before.estimate <= budget or compress(before, 0) is None
        return
    assert after.estimate <= budget or compress(after, 0) is None
    lost = [message for message in real(before) if message not in real(after)]
    last_unit = next(n for n in range(len(lost) - 1, -1, -1) if lost[n].role != "tool")
    if last_unit:
        marker = next(message for message in after.messages if is_marker(message))
        one_less = Conversation(before.system, (*real(after), marker, *lost[last_unit:]))
        assert one_less.estimate > budget


@given(conversations(), st.integers(0, 1500), st.integers(0, 1500))
def test_a_second_compression_leaves_one_marker(before, first, second):
    once = compress(before, first)
    twice = compress(once, second) if once else None
    if twice is not None:
        assert sum(map(is_marker, twice.messages)) == 1
        assert len(real(twice)) < len(real(once))


def test_the_oldest_go_first():
    after = compress(talk(12), target_tokens=950)
    numbers = [message.text.split()[0] for message in real(after)]
    assert numbers == ["0", "1", "2", "6", "7", "8", "9", "10", "11"]
    assert is_marker(after.messages[3])


def test_what_was_said_after_a_compression_is_the_middle_of_the_next():
    once = compress(talk(12), target_tokens=800)
    longer = once + tuple(Message("user", f"new {n}".ljust(400)) for n in range(5))
    twice = compress(longer, target_tokens=900)
    assert [message.text.split()[0] for message in real(twice)][:3] == ["0", "1", "2"]
    assert is_marker(twice.messages[3])


@pytest.mark.parametrize("count", range(8))
def test_seven_messages_or_fewer_cannot_be_made_shorter(count):
    assert compress(talk(count), target_tokens=1) is None


def test_nothing_is_lost_when_the_conversation_fits():
    assert compress(talk(20), target_tokens=10_000) is None


def test_an_exchange_that_reaches_into_head_or_tail_stays():
    head = talk(2).messages + exchange(1, 3)
    tail = exchange(2, 5)
    middle = (Message("user", "lost"), Message("assistant", "lost too"))
    after = compress(Conversation("s", head + middle + tail), target_tokens=1)
    assert tuple(real(after)) == head + tail
    assert compress(Conversation("s", head + tail), target_tokens=1) is None


def test_a_long_conversation_takes_no_long_time():
    after = compress(talk(20_000, size=4), target_tokens=60)
    assert after.estimate == 60


@pytest.mark.parametrize(
    ("estimate", "window", "threshold", "tokens"),
    [
        (1000, None, 0.85, 500),
        (1000, 1000, 0.85, 500),
        (1000, 500, 0.85, 425),
        (1001, 10_000, 0.5, 500),
        (0, None, 0.85, 0),
    ],
)
def test_it_aims_at_half_or_at_the_threshold_of_the_window_if_lower(estimate, window, threshold, tokens):
    assert target(estimate, window, threshold) == tokens
