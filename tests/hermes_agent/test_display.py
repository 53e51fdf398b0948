"""What a user is shown while an answer comes: of all that was shown there stays what was kept, and nothing else."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from threading import Event, Thread, main_thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.display import Display
from hermes_agent.errors import DisplayError, Interrupted

SOON_S = 2.0  # of what is over in tenths of a second: as many tests may share the machine


class Screen:
    """Shows texts and takes them back; what is taken back has to be the end of what stands there."""

    def __init__(self):
        self.text = ""
        self.taken_back = []
        self.display = Display(self.show, self.take_back)

    def show(self, text):
        assert text
        self.text += text

    def take_back(self, text):
        assert text
        assert self.text.endswith(text)
        self.text = self.text.removesuffix(text)
        self.taken_back.append(text)

    def says(self, *pieces):
        show = self.display.attempt()
        for piece in pieces:
            show(piece)


@pytest.fixture
def screen():
    return Screen()


def test_text_is_there_as_it_comes_and_stays_when_it_is_kept(screen):
    screen.says("Hel", "lo")
    assert screen.text == "Hello"
    screen.display.keep("Hello")
    screen.display.end()
    assert (screen.text, screen.taken_back) == ("Hello", [])


def test_an_attempt_that_failed_is_taken_back(screen):
    screen.says("Hel")
    screen.display.withdraw()
    screen.says("Hello")
    screen.display.keep("Hello")
    assert (screen.text, screen.taken_back) == ("Hello", ["Hel"])


def test_nothing_is_taken_back_where_nothing_was_shown(screen):
    screen.says()
    screen.display.withdraw()
    screen.display.leave()
    screen.display.end()
    assert screen.taken_back == []


def test_what_was_not_shown_on_the_way_is_shown_when_it_is_kept(screen):
    screen.display.attempt()
    screen.display.keep("a whole answer")
    assert screen.text == "a whole answer"


def test_what_was_shown_and_is_no_part_of_the_answer_is_taken_back(screen):
    screen.says("I cannot")
    screen.display.keep("Here it is")
    assert (screen.text, screen.taken_back) == ("Here it is", ["I cannot"])


def test_the_next_text_begins_on_a_line_of_its_own(screen):
    for text in ("I will look", "", "a list:\n", "Three"):
        screen.says(text)
        screen.display.keep(text)
    assert screen.text == "I will look\na list:\nThree"


def test_of_a_text_that_is_kept_nothing_is_taken_back_when_the_next_one_breaks_off(screen):
    screen.says("I will look")
    screen.display.keep("I will look")
    screen.says("Thr")
    screen.display.end()
    assert (screen.text, screen.taken_back) == ("I will look", ["\nThr"])


def test_a_beginning_is_gone_on_with_and_comes_again_after_what_failed(screen):
    screen.says("Once ")
    screen.display.hold("Once ")
    screen.display.withdraw()  # of an attempt that showed nothing
    assert screen.text == "Once "
    screen.says("up")
    screen.display.withdraw()
    assert screen.text == ""
    screen.says("upon")
    assert screen.text == "Once upon"
    screen.display.keep("Once upon")
    assert (screen.text, screen.taken_back) == ("Once upon", ["Once up"])


def test_who_is_left_leaves_nothing_on_the_screen(screen):
    screen.says("Once ")
    screen.display.hold("Once ")
    screen.display.leave()
    assert screen.text == ""
    screen.says("upon")
    assert screen.text == "Once upon"


def test_a_beginning_that_comes_to_nothing_is_taken_back(screen):
    screen.says("Once ")
    screen.display.hold("Once ")
    screen.display.end()
    assert screen.text == ""


@pytest.mark.parametrize("over", ["withdraw", "leave", "end", "attempt"])
def test_an_attempt_that_is_over_shows_nothing_more(screen, over):
    late = screen.display.attempt()
    getattr(screen.display, over)()
    late("too late")
    assert screen.text == ""


def test_pieces_may_come_from_any_thread(screen):
    show = screen.display.attempt()
    threads = [Thread(target=show, args=("x",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    screen.display.end()
    assert screen.taken_back == ["x" * 20]


def test_without_somebody_who_watches_nothing_happens():
    display = Display(take_back=pytest.fail)
    display.attempt()("Hel")
    display.withdraw()
    display.keep("Hello")
    display.end()


def test_a_listener_that_fails_is_heard_by_the_turn_and_not_by_the_call():
    told = []

    def fail(text):
        told.append(text)
        raise BrokenPipeError("nobody reads")

    display = Display(fail, fail)
    show = display.attempt()
    show("Hel")
    show("lo")
    with pytest.raises(DisplayError, match="the answer could not be shown: BrokenPipeError: nobody reads"):
        display.keep("Hello")
    display.end()
    assert told == ["Hel"]


# Who is stopped waits for nobody


class Stuck(Screen):
    """Listens to nobody any more from the `n`th text on, until the test is over."""

    def __init__(self, never, n):
        super().__init__()
        self.stopped, self.begun = Event(), Event()
        self._never, self._left = never, n
        self.display = Display(self._at_most(self.show), self._at_most(self.take_back), self.stopped)

    def _at_most(self, listener):
        def listen(text):
            self._left -= 1
            if self._left <= 0:
                self.begun.set()
                self._never.wait(5)
            listener(text)

        return listen

    def stop_when_stuck(self):
        Thread(target=lambda: self.begun.wait(5) and self.stopped.set()).start()


@pytest.fixture
def never():
    event = Event()
    yield event
    event.set()


def showing(display):
    display.attempt()("Hel")


def keeping(display):
    display.keep("Hello")


def withdrawing(display):
    display.attempt()("Hel")
    display.withdraw()


def leaving(display):
    display.attempt()("Hel")
    display.leave()


@pytest.mark.parametrize(("act", "n"), [(showing, 1), (keeping, 1), (withdrawing, 2), (leaving, 2)])
def test_a_listener_that_does_not_return_holds_up_no_turn_that_is_stopped(never, act, n):
    screen = Stuck(never, n)
    screen.stop_when_stuck()
    at = time.monotonic()
    with suppress(Interrupted):
        act(screen.display)
    with pytest.raises(Interrupted):
        screen.display.end()
    assert time.monotonic() - at < SOON_S
    assert screen.text == ("Hel" if n == 2 else "")


def test_ctrl_c_while_the_answer_is_shown_ends_the_turn_at_once(never):
    screen = Stuck(never, 1)
    Thread(target=lambda: screen.begun.wait(5) and signal.pthread_kill(main_thread().ident, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        screen.display.keep("Hello")
    at = time.monotonic()
    with pytest.raises(Interrupted):
        screen.display.end()
    assert time.monotonic() - at < SOON_S


def test_once_stopped_nothing_more_is_shown_and_what_stands_there_is_taken_back(screen):
    stopped = Event()
    screen.display = Display(screen.show, screen.take_back, stopped)
    show = screen.display.attempt()
    show("Hel")
    stopped.set()
    show("lo")
    assert screen.text == "Hel"
    screen.display.end()
    assert (screen.text, screen.taken_back) == ("", ["Hel"])


pieces = st.lists(st.sampled_from(["a", "b", "\n", "ab", ""]), max_size=3)
acts = st.tuples(st.sampled_from(["keep", "hold", "withdraw", "leave", "keep something else"]), pieces)


@given(st.lists(acts, max_size=12))
def test_whatever_happens_what_was_kept_stands_there_in_the_end(acts):
    screen = Screen()
    kept, held = [], ""
    for act, said in acts:
        screen.says(*said)
        text = "".join(said)
        if act.startswith("keep"):
            text = held + text if act == "keep" else "else"
            screen.display.keep(text)
            kept += [text] if text else []
            held = ""
        elif act == "hold":
            screen.display.hold(text)
            held += text
        else:
            getattr(screen.display, act)()
    screen.display.end()
    expected = ""
    for text in kept:
        expected += ("\n" if expected and not expected.endswith("\n") else "") + text
    assert screen.text == expected
