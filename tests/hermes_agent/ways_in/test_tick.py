"""One pass over a file of jobs: what is due runs once, its document is kept, no job costs another its run."""

import json
import stat

import pytest

from hermes_agent.cron.jobs import JobsFile
from hermes_agent.cron.tick import FOLDER, tick
from hermes_agent.errors import ConfigError
from hermes_agent.messages import Outcome


def job(job_id="a", **more):
    return {"id": job_id, "prompt": f"of {job_id}", "schedule": {"every_minutes": 10}, **more}


@pytest.fixture
def jobs(outside):
    """A pass over these jobs: what each run came to."""
    path = outside.home / "jobs.json"

    class Jobs:
        def write(self, *entries):
            path.write_text(json.dumps(entries))

        def held(self, n=0):
            return json.loads(path.read_text())[n]

        def tick(self):
            return list(tick(JobsFile(path), outside.runtime))

        file = path

    return Jobs()


def asked(outside):
    return [text for _, text in outside.asked]


def test_a_run_is_answer_document_and_status(jobs, outside):
    jobs.write(job(name="Morning"))
    (ran,) = jobs.tick()
    assert (ran.job_id, ran.name, ran.run.final_response) == ("a", "Morning", "re: of a")
    assert ran.document == outside.home / FOLDER / "a" / "2026-01-01T00-00-00Z.md"
    assert ran.document.read_text() == ran.run.document
    assert stat.S_IMODE(ran.document.stat().st_mode) == 0o600
    assert jobs.held()["last_status"] == "completed"
    assert jobs.held()["last_error"] is None


def test_each_due_job_runs_once_and_again_when_it_is_due_again(jobs, outside):
    jobs.write(job("a"), job("b"), job("c", next_run_at="2026-01-01T00:05:00Z"))
    assert len(jobs.tick()) == 2
    assert jobs.tick() == []
    outside.clock.now += 5 * 60
    jobs.tick()
    outside.clock.now += 5 * 60
    jobs.tick()
    assert asked(outside) == ["of a", "of b", "of c", "of a", "of b"]


def test_a_job_that_takes_longer_than_its_period_runs_once_in_a_pass(jobs, outside):
    def answer(host, text):
        outside.clock.now += 3600
        return text

    outside.answer = answer
    jobs.write(job("a"), job("b"))
    assert len(jobs.tick()) == 2


def test_a_clock_that_is_set_back_runs_no_job_twice(jobs, outside):
    def answer(host, text):
        outside.clock.now -= 3600
        return text

    outside.answer = answer
    jobs.write(job("a"), job("b"))
    assert len(jobs.tick()) == 2


def test_another_pass_while_a_job_runs_leaves_that_one_alone(jobs, outside):
    inner = []

    def answer(host, text):
        if text == "of a":
            inner.extend(jobs.tick())
        return text

    outside.answer = answer
    jobs.write(job("a"), job("b"))
    assert [ran.job_id for ran in jobs.tick()] == ["a"]
    assert [ran.job_id for ran in inner] == ["b"]
    assert (jobs.held(0)["last_status"], jobs.held(1)["last_status"]) == ("completed", "completed")


def test_a_pass_that_dies_leaves_its_job_begun_and_the_others_due(jobs, outside):
    def answer(host, text):
        if text == "of a":
            raise SystemExit  # nobody catches it: nothing that follows is done
        return text

    outside.answer = answer
    jobs.write(job("a"), job("b"))
    with pytest.raises(SystemExit):
        jobs.tick()
    assert jobs.held()["last_status"] == "running"
    assert [ran.job_id for ran in jobs.tick()] == ["b"]


def test_a_job_that_fails_keeps_no_other_from_running(jobs, outside):
    outside.answer = lambda host, text: 402 if text == "of a" else text
    jobs.write(job("a"), job("b"))
    first, second = jobs.tick()
    assert (first.run.outcome, second.run.outcome) == (Outcome.FAILED, Outcome.COMPLETED)
    assert (jobs.held()["last_status"], jobs.held()["last_error"]) == ("failed", first.run.error)
    assert "## Error" in first.document.read_text()


def test_an_interrupt_leaves_the_rest_due(jobs, outside):
    def answer(host, text):
        raise KeyboardInterrupt

    outside.answer = answer
    jobs.write(job("a"), job("b"))
    (ran,) = jobs.tick()
    assert ran.run.outcome is Outcome.INTERRUPTED
    assert jobs.held()["last_status"] == "interrupted"
    assert "last_run_at" not in jobs.held(1)


def test_a_document_that_cannot_be_kept_fails_its_job_alone(jobs, outside):
    (outside.home / FOLDER).mkdir()
    (outside.home / FOLDER / "a").write_text("in the way")
    jobs.write(job("a"), job("b"))
    first, second = jobs.tick()
    assert (first.run.outcome, first.document) == (Outcome.FAILED, None)
    assert "the document cannot be written" in jobs.held()["last_error"]
    assert second.run.outcome is Outcome.COMPLETED


def test_two_documents_of_one_second_are_both_kept(jobs, outside):
    documents = []
    for _ in range(3):
        jobs.write(job())
        documents += [ran.document.name for ran in jobs.tick()]
    assert documents == [f"2026-01-01T00-00-00Z{end}.md" for end in ("", "-2", "-3")]


def test_a_job_may_want_another_provider_and_model(jobs, outside):
    jobs.write(job(provider="openrouter", model="special"))
    jobs.tick()
    assert [host for host, _ in outside.asked] == ["openrouter.ai"]
    assert outside.bodies[0]["model"] == "special"


def test_only_files_of_our_own_names_are_written(jobs, outside):
    jobs.write(job())
    before = {path.name for path in outside.home.iterdir()}
    jobs.tick()
    new = {path.name for path in outside.home.iterdir()} - before
    assert {name for name in new if not name.startswith("hermes_agent")} == {"jobs.json.lock"}


def test_a_file_that_is_broken_on_the_way_stops_the_pass(jobs, outside):
    def answer(host, text):
        jobs.file.write_text("{")
        return text

    outside.answer = answer
    jobs.write(job("a"), job("b"))
    with pytest.raises(ConfigError, match="cannot be read as JSON"):
        jobs.tick()
    assert asked(outside) == ["of a"]
