import pytest

from faultlab.script import Reply, Script, ToolCall


def test_answers_stand_until_they_are_taken():
    script = Script([Reply("one"), Reply("two")])
    assert (script.peek(), script.peek()) == (Reply("one"), Reply("one"))
    script.take()
    assert script.peek() == Reply("two")
    assert script.left == (Reply("two"),)
    script.take()
    assert (script.peek(), script.left) == (None, ())


@pytest.mark.parametrize(
    ("reply", "finish"),
    [
        (Reply("hi"), "stop"),
        (Reply("", (ToolCall("terminal"),)), "tool_calls"),
        (Reply("hi", finish_reason="length"), "length"),
    ],
)
def test_a_reply_knows_how_it_ends(reply, finish):
    assert reply.finish == finish


def test_the_estimate_counts_text_and_arguments():
    assert Reply("abc", (ToolCall("terminal", '{"a": 1}'),), reasoning="not this").characters == 11
    assert Reply(None).characters == 0
