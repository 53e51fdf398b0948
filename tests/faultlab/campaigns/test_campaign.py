"""The engine: whoever plays, in whichever order, however often it was stopped, the results are the same."""

import pytest

from faultlab.campaign import Unwatched, here, processes, run
from faultlab.errors import HarnessError
from faultlab.reports import campaign_json, campaign_text
from faultlab.reports.text import Style
from faultlab.results import Results
from tests.faultlab.campaigns.tiny import Tiny, about_of, subject_in

WORDS = (("hello", "break", "hello", "break", "flood"), ("hello",) * 4, ("break", "hello"))
PASSES = (Tiny(WORDS, steered=True), Tiny((("hello", "break"),), name="later"))


class Counting(Unwatched):
    """Counts runs, and tells to stop after so many."""

    def __init__(self, most=1000):
        self.runs = self.there = 0
        self._most = most

    def saw(self, seen):
        self.runs += 1

    def had(self, runs):
        self.there += runs

    @property
    def stops(self):
        return self.runs >= self._most


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    return subject_in(tmp_path_factory.mktemp("asked"))


@pytest.fixture
def played(tmp_path, subject):
    """Plays passes, or goes on with them, in the results of a name; what came of it."""

    def play(name="one", *, passes=PASSES, crew=None, watch=None):
        path = tmp_path / f"{name}.sqlite"
        results = Results.go_on(path) if path.exists() else Results.create(path, about_of(subject, *passes))
        try:
            is_through = run(subject, passes, results, crew or here(), watch or Unwatched())
            return is_through, told(results)
        finally:
            results.close()

    return play


def told(results):
    """Both reports, whole."""
    return campaign_json.document(results), campaign_text.render(results, Style(100, colour=False))


def records(path):
    results = Results.open(path)
    try:
        return {(record.of, record.number): record for record in results.records()}
    finally:
        results.close()


def test_the_report_is_the_same_whoever_plays(subject, played):
    assert played("other", crew=processes(2)) == played("one") == (True, played("one")[1])


def test_a_pass_is_shown_each_round_in_the_order_of_its_numbers(tmp_path, played):
    played()
    words = [
        dict(record.labels)["word"] for (of, _), record in records(tmp_path / "one.sqlite").items() if of == "tiny"
    ]
    assert words == [*WORDS[0], *WORDS[1], "after 1 3", *WORDS[2], "after "]


@pytest.mark.parametrize("stops_at", [[1], [5], [6], [12], [14], [2, 3, 1, 5]], ids=str)
def test_what_was_stopped_goes_on_where_it_was_and_ends_in_the_same_report(played, stops_at):
    seen = 0
    for most in stops_at:
        watch = Counting(most)
        assert not played("stopped", watch=watch)[0]
        assert (watch.runs, watch.there) == (most, seen)
        seen += most
    assert played("stopped") == played("whole")


def test_a_campaign_that_is_through_plays_nothing_more(played):
    watch = Counting()
    assert played() == played(watch=watch)
    assert watch.runs == 0


def test_a_pass_without_trials_is_through(played):
    assert played(passes=[Tiny(()), Tiny(((),), name="empty")])[0]


TROUBLE = {
    "exit": "it ended the process that played it, and the one after that: exit code 3",
    "crash": "it ended the process that played it, and the one after that: signal SIGSEGV",
    "hang": "it hangs: it was ended after 1 s of real time without a result",
    "sleep": "it hangs: it was ended after 1 s of real time without a result",
    "gulp": "it took more than 2 GiB of memory, which is all that there is for it",
    "interrupt": "it raised KeyboardInterrupt, which is meant for whoever runs it",
}


def test_whatever_a_target_does_to_its_process_is_one_record_and_the_campaign_goes_on(tmp_path, subject, played):
    words = tuple(word for trouble in TROUBLE for word in (trouble, "hello"))
    assert played(passes=[Tiny((words,))], crew=processes(2, patience_s=1.0))[0]
    found = {dict(each.labels)["word"]: each for each in records(tmp_path / "one.sqlite").values()}
    assert {word: each.reasons for word, each in found.items()} == {
        **{w: (t,) for w, t in TROUBLE.items()},
        "hello": (),
    }
    assert {word: each.standing.value for word, each in found.items() if word in TROUBLE} == dict.fromkeys(
        TROUBLE, "trouble"
    )


def test_a_process_that_ends_has_its_run_played_elsewhere_and_memory_that_others_took_is_nobodys_fault(subject, played):
    words = ("hello", "once crash", "once exit", *("leak",) * 6)
    _, (report, _) = played(passes=[Tiny((words,))], crew=processes(1))
    assert '"held": 9' in report


def test_who_plays_another_version_is_told(monkeypatch, subject, played):
    monkeypatch.setattr("faultlab.campaign.work.our_version", lambda: "0.0.7")
    with pytest.raises(
        HarnessError, match=r"^faultlab [\d.]+ plays here, and 0.0.7 has handed it out: install the same$"
    ):
        played(crew=processes(1))
