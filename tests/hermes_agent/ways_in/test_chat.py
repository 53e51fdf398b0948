"""Lines in, lines out, and the order between them."""

import io
import json
import threading

import pytest

from hermes_agent.gateway.chat import Chat, Incoming, Output, read_line

WAIT_S = 5.0


def test_a_line_is_a_message():
    assert read_line('{"chat_id": "a", "text": "hi", "more": 1}\n') == Incoming("a", "hi")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hello", "no JSON"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "chat_id is missing"),
        ("null", "chat_id is missing"),
        ('{"text": "hi"}', "chat_id is missing"),
        ('{"chat_id": 7, "text": "hi"}', "chat_id is missing, empty, or no text"),
        ('{"chat_id": "a"}', "text is missing"),
        ('{"chat_id": "a", "text": "  "}', "text is missing, empty, or no text"),
        ('{"chat_id": "a", "text": {}}', "text is missing, empty, or no text"),
    ],
)
def test_a_bad_line_says_what_is_wrong(line, said):
    with pytest.raises(ValueError, match=said):
        read_line(line)


def test_lines_from_many_threads_stay_whole():
    stream = io.StringIO()
    output = Output(stream)
    threads = [threading.Thread(target=output.send, args=("answer",), kwargs={"text": "x\n" * 500}) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        {"kind": "answer", "text": "x\n" * 500}
    ] * 20


def test_messages_are_answered_in_order_and_all_of_them():
    answered = []
    chat = Chat(lambda waiting: answered.append(waiting.text), lambda: None)
    for n in range(50):
        chat.take(str(n))
    chat.close()
    assert answered == [str(n) for n in range(50)]


def test_a_message_that_goes_wrong_does_not_hold_up_the_next():
    answered = []

    def answer(waiting):
        if waiting.text == "bad":
            raise ValueError
        answered.append(waiting.text)

    chat = Chat(answer, lambda: None)
    for text in "one", "bad", "two":
        chat.take(text)
    chat.close()
    assert answered == ["one", "two"]


def test_there_is_nothing_to_stop_in_a_silent_chat():
    chat = Chat(lambda waiting: None, lambda: None)
    assert not chat.stop()
    chat.take("one")
    chat.close()


def test_stopping_interrupts_what_is_under_way_until_it_ends_and_marks_what_waits():
    begun, interrupted, words = threading.Event(), threading.Event(), []

    def answer(waiting):
        begun.set()
        if not waiting.stopped.is_set():
            interrupted.wait(WAIT_S)
        words.append((waiting.text, waiting.stopped.is_set()))

    calls = []

    def interrupt():
        """The first word comes too early, as with a turn that is only just beginning."""
        calls.append(1)
        if len(calls) > 1:
            interrupted.set()

    chat = Chat(answer, interrupt)
    chat.take("one")
    chat.take("two")
    assert begun.wait(WAIT_S)
    assert chat.stop()
    chat.take("three")
    interrupted.wait(WAIT_S)
    chat.close()
    assert words == [("one", True), ("two", True), ("three", False)]
