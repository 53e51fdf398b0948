"""The ways in, with streaming on: the text is there as it comes, and what holds no longer is marked as withdrawn."""

import io
import json

import pytest

from hermes_agent.cli import main
from hermes_agent.cron.scheduler import run_job
from hermes_agent.gateway.run import GatewayRunner
from hermes_agent.redaction import printable

MARK = "[withdrawn: this answer was not completed]\n"


class Screen(io.StringIO):
    """A terminal that remembers each write."""

    def isatty(self):
        return True

    def __init__(self):
        super().__init__()
        self.writes = []

    def write(self, text):
        self.writes.append(text)
        return super().write(text)


class Pipe(Screen):
    def isatty(self):
        return False


class Said:
    def __init__(self, code, out, err):
        self.code, self.out, self.err, self.writes = code, out.getvalue(), err.getvalue(), out.writes


def cli(outside, *argv, stdin="", out=None):
    out, err = out or Screen(), Screen()
    code = main(argv, runtime=outside.runtime, stdin=io.StringIO(stdin), stdout=out, stderr=err)
    return Said(code, out, err)


def script(outside, *answers):
    """These, one after the other; the last one for ever."""
    left = list(answers)
    outside.answer = lambda host, text: left.pop(0) if len(left) > 1 else left[0]


# The command line


def test_the_answer_comes_in_pieces_and_is_printed_once(streamed):
    said = cli(streamed, "hello")
    assert (said.code, said.out, said.err) == (0, "re: hello\n", "")
    assert [text for text in said.writes if text] == ["re", ": ", "he", "ll", "o", "\n"]
    assert [body["stream"] for body in streamed.bodies] == [True]


def test_an_answer_that_ends_its_line_itself_gets_no_empty_one(streamed):
    script(streamed, "a list:\n")
    assert cli(streamed, "hello").out == "a list:\n"


def test_what_broke_off_is_marked_on_a_line_of_its_own_and_the_answer_follows(streamed):
    script(streamed, streamed.breaks_off("Hel"), streamed.breaks_off("Hell\n"), "Hello")
    said = cli(streamed, "hello")
    assert (said.code, said.out, said.err) == (0, f"Hel\n{MARK}Hell\n{MARK}Hello\n", "")


def test_where_nothing_was_shown_there_is_nothing_to_mark(streamed):
    script(streamed, 503, streamed.breaks_off(""), "Hello")
    assert cli(streamed, "hello").out == "Hello\n"


def test_the_switch_is_told_between_what_the_primary_said_and_what_the_fallback_says(streamed):
    streamed.answer = lambda host, text: streamed.breaks_off("Hel") if host == "api.openai.com" else "Hello"
    screen = Screen()
    main(["hello"], runtime=streamed.runtime, stdin=io.StringIO(), stdout=screen, stderr=screen)
    *attempts, notice, answer = screen.getvalue().splitlines(keepends=True)
    assert attempts == ["Hel\n", MARK] * 6
    assert notice.startswith("Switched from openai")
    assert answer == "Hello\n"


def test_a_turn_that_fails_leaves_nothing_unmarked(streamed):
    script(streamed, streamed.breaks_off("Hel"))
    said = cli(streamed, "hello")
    assert (said.code, said.out) == (1, f"Hel\n{MARK}" * 12)
    assert "cannot be reached" in said.err


def test_an_interrupt_marks_what_was_shown(streamed):
    class Interrupting(Screen):
        def write(self, text):
            if text == "ll":
                raise KeyboardInterrupt
            return super().write(text)

    out, err = Interrupting(), Screen()
    code = main(["hello"], runtime=streamed.runtime, stdin=io.StringIO(), stdout=out, stderr=err)
    assert (code, out.getvalue(), err.getvalue()) == (130, f"re: he\n{MARK}", "Interrupted.\n")


def test_each_turn_of_a_conversation_begins_on_a_new_line(streamed):
    assert cli(streamed, stdin="one\ntwo\n").out == "re: one\nre: two\n"


def test_a_notice_begins_on_a_new_line(streamed):
    config = (streamed.home / "config.yaml").read_text() + "agent: {save_trajectories: true}\n"
    (streamed.home / "config.yaml").write_text(config)
    (streamed.home / "hermes_agent_trajectories.jsonl").mkdir()
    screen = Screen()
    main(["hello"], runtime=streamed.runtime, stdin=io.StringIO(), stdout=screen, stderr=screen)
    assert screen.getvalue().startswith("re: hello\nThe trajectory of this turn was not kept")


class Failing(Screen):
    def __init__(self, error, after=0):
        super().__init__()
        self._error, self._after = error, after

    def write(self, text):
        if len(self.writes) == self._after:
            raise self._error
        return super().write(text)


@pytest.mark.parametrize("after", [0, 1])
def test_a_reader_who_is_gone_ends_the_turn_and_needs_no_complaint(streamed, after):
    said = cli(streamed, "hello", stdin="", out=Failing(BrokenPipeError("nobody reads"), after))
    assert (said.code, said.err) == (141, "")
    assert len(streamed.asked) == 1


@pytest.mark.parametrize("after", [0, 1])
def test_what_cannot_be_shown_is_one_line_and_no_fault_of_the_provider_s(streamed, after):
    said = cli(streamed, "hello", out=Failing(OSError(5, "Input/output error"), after))
    assert (said.code, said.err) == (1, "hermes_agent: the output cannot be written: Input/output error\n")
    assert len(streamed.asked) == 1


def test_of_a_conversation_that_nobody_reads_nothing_more_is_asked(streamed):
    said = cli(streamed, stdin="one\ntwo\n", out=Failing(BrokenPipeError()))
    assert (said.code, [text for _, text in streamed.asked]) == (141, ["one"])


def test_who_does_not_read_the_notices_gets_the_answer_all_the_same(streamed):
    streamed.answer = lambda host, text: 402 if host == "api.openai.com" else "Hello"
    out = Screen()
    code = main(["x"], runtime=streamed.runtime, stdin=io.StringIO(), stdout=out, stderr=Failing(BrokenPipeError()))
    assert (code, out.getvalue()) == (0, "Hello\n")


def test_without_streaming_nothing_is_shown_before_its_time(outside):
    said = cli(outside, "hello")
    assert said.writes == ["re: hello\n"]
    assert "stream" not in outside.bodies[0]


def test_into_a_pipe_goes_what_is_kept_and_nothing_else(streamed):
    script(streamed, streamed.breaks_off("Hel"), "Hello")
    said = cli(streamed, "hello", out=Pipe())
    assert (said.code, said.writes, said.err) == (0, ["Hello\n"], "")
    assert [body["stream"] for body in streamed.bodies] == [True, True]


def test_of_an_answer_that_never_was_whole_nothing_goes_into_a_pipe(streamed):
    script(streamed, streamed.breaks_off("Hel"))
    said = cli(streamed, "hello", out=Pipe())
    assert (said.code, said.out) == (1, "")
    assert "cannot be reached" in said.err


STEERING = "\x1b]0;mine\x07He\x1b[2Jllo\b\b\x9b1A\r\nthere\tyou\x7f\x00"


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "in pieces"])  # which cut a sequence in its midst
def test_nothing_that_a_provider_says_steers_the_terminal(outside, streaming):
    config = (outside.home / "config.yaml").read_text() + f"display: {{streaming: {str(streaming).lower()}}}\n"
    (outside.home / "config.yaml").write_text(config)
    script(outside, STEERING)
    assert cli(outside, "hello").out == "]0;mineHe[2Jllo1A\nthere\tyou\n"
    assert outside.results[0].reply == STEERING


def test_nor_does_what_it_says_of_its_own_failure(outside):
    outside.says_no = STEERING
    script(outside, 402)
    said = cli(outside, "hello")
    assert "]0;mineHe[2Jllo1A there you" in said.err
    assert said.err == printable(said.err)
    assert outside.results[0].error == printable(outside.results[0].error)


def test_a_withdrawn_mark_cannot_be_wiped_out(streamed):
    script(streamed, streamed.breaks_off("Hel"), "\x1b[1A\x1b[2KHello")
    assert cli(streamed, "hello").out == f"Hel\n{MARK}[1A[2KHello\n"


def test_into_a_pipe_an_answer_goes_as_it_is(streamed):
    script(streamed, STEERING)
    assert cli(streamed, "hello", out=Pipe()).out == f"{STEERING}\n"


# The gateway


def serve(outside, *texts):
    lines = [json.dumps({"chat_id": "a", "text": text}) + "\n" for text in texts]
    out = io.StringIO()
    GatewayRunner(runtime=outside.runtime).serve(lines, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_chat_is_told_each_piece_and_then_the_whole_answer(streamed):
    *deltas, answer = serve(streamed, "hello")
    assert deltas == [{"kind": "delta", "chat_id": "a", "text": text} for text in ("re", ": ", "he", "ll", "o")]
    assert (answer["kind"], answer["text"], answer["outcome"]) == ("answer", "re: hello", "completed")


def test_a_chat_is_told_what_of_the_pieces_holds_no_longer(streamed):
    script(streamed, streamed.breaks_off("Hel"), "Hello")
    told = [(line["kind"], line["chat_id"], line["text"]) for line in serve(streamed, "hello")]
    assert told == [
        ("delta", "a", "He"),
        ("delta", "a", "l"),
        ("withdrawn", "a", "Hel"),
        ("delta", "a", "He"),
        ("delta", "a", "ll"),
        ("delta", "a", "o"),
        ("answer", "a", "Hello"),
    ]


def test_a_chat_is_told_the_switch_in_between(streamed):
    streamed.answer = lambda host, text: streamed.breaks_off("H") if host == "api.openai.com" else "Hi"
    kinds = [line["kind"] for line in serve(streamed, "hello")]
    assert kinds == ["delta", "withdrawn"] * 6 + ["notice", "delta", "answer"]


def test_without_streaming_a_chat_is_told_the_answer_alone(outside):
    assert [line["kind"] for line in serve(outside, "hello")] == ["answer"]


# Cron: nobody watches


@pytest.mark.parametrize("streaming", [True, False])
def test_a_job_is_the_same_with_streaming_and_without(outside, streaming):
    (outside.home / "config.yaml").write_text(
        f"model: {{provider: openai, default: gpt-5.1}}\ndisplay: {{streaming: {str(streaming).lower()}}}\n"
    )
    done, document, text, error = run_job({"id": "1", "prompt": "ping"}, runtime=outside.runtime)
    assert (done, text, error) == (True, "re: ping", None)
    assert document.endswith("## Response\n\nre: ping\n")
    assert [body.get("stream", False) for body in outside.bodies] == [streaming]
