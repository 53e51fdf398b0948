"""A file of jobs: what is due is claimed once and for all, what is wrong is said, what is not ours is kept."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from hermes_agent.cron.jobs import JobsFile
from hermes_agent.cron.schedule import read_moment
from hermes_agent.errors import ConfigError

NOW = read_moment("2026-01-01T09:30:20Z", "x", ())
LATER = read_moment("2026-01-01T09:31:00Z", "x", ())
EVERY = {"every_minutes": 10}


def job(job_id="a", **more):
    return {"id": job_id, "prompt": "ping", "schedule": EVERY, **more}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "jobs.json"


def write(path, entries):
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    return JobsFile(path)


def held(path):
    return json.loads(path.read_text())


def claimed(jobs, now=NOW):
    found = jobs.claim(now, now)
    return found and found["id"]


def test_a_claim_is_written_before_it_is_handed_out(path):
    entry = write(path, [job(name="A")]).claim(NOW, LATER)
    assert held(path) == [entry]
    assert (entry["last_run_at"], entry["next_run_at"]) == ("2026-01-01T09:31:00Z", "2026-01-01T09:40:00Z")
    assert (entry["last_status"], entry["last_error"]) == ("running", None)


def test_what_is_claimed_is_not_due_any_more(path):
    jobs = write(path, [job("a"), job("b")])
    assert [claimed(jobs), claimed(jobs), claimed(jobs)] == ["a", "b", None]


def test_a_missed_job_is_due_once(path):
    jobs = write(path, [job(next_run_at="2025-12-24T00:00:00Z")])
    assert [claimed(jobs), claimed(jobs)] == ["a", None]
    assert held(path)[0]["next_run_at"] == "2026-01-01T09:40:00Z"


def test_a_time_that_comes_is_written_and_waited_for(path):
    jobs = write(path, [job(schedule={"cron": "31 9 * * *"})])
    assert claimed(jobs) is None
    assert held(path)[0]["next_run_at"] == "2026-01-01T09:31:00Z"
    assert [claimed(jobs, LATER), claimed(jobs, LATER)] == ["a", None]


@pytest.mark.parametrize("moment", ["2026-01-01T09:00:00Z", "2026-01-01T09:30:20.9Z"])
def test_a_job_for_one_time_runs_once(path, moment):
    jobs = write(path, [job(schedule={"at": moment})])
    assert [claimed(jobs), claimed(jobs), claimed(jobs, LATER)] == ["a", None, None]
    assert held(path)[0]["next_run_at"] is None


def test_a_job_that_is_not_enabled_is_left_alone_whatever_it_holds(path):
    jobs = write(path, [job(enabled=False), {"enabled": False, "id": 7}])
    before = path.read_bytes()
    assert (claimed(jobs), jobs.problems(), path.read_bytes()) == (None, [], before)


def test_many_ticks_at_once_claim_each_job_once(path):
    names = [f"job-{n}" for n in range(12)]
    write(path, [job(name) for name in names])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: claimed(JobsFile(path)), range(24)))
    assert sorted(name for name in found if name) == sorted(names)


def test_how_a_run_ended_is_written_to_its_job_alone(path):
    jobs = write(path, [job("a"), job("b"), "no job"])
    jobs.finish("b", "failed", "why")
    jobs.finish("gone", "completed", None)
    assert held(path) == [job("a"), job("b", last_status="failed", last_error="why"), "no job"]


def test_what_is_not_ours_is_kept(path):
    jobs = write(path, [{"colour": [1.5, None, "grün"], **job(deliver={"to": "me"})}, 7])
    assert claimed(jobs) == "a"
    entries = held(path)
    assert (entries[0]["colour"], entries[0]["deliver"], entries[1]) == ([1.5, None, "grün"], {"to": "me"}, 7)
    assert "grün" in path.read_text()


def test_a_link_stays_a_link(path, tmp_path):
    real = tmp_path / "real.json"
    write(real, [job()])
    path.symlink_to(real)
    assert claimed(JobsFile(path)) == "a"
    assert path.is_symlink()
    assert held(real)[0]["last_status"] == "running"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (7, "job 2: found 7; allowed: an object with id, prompt and schedule"),
        ({"prompt": "x"}, "job 2: id: found nothing; allowed: letters, digits"),
        (job(5), "job 2: id: found 5; allowed: letters, digits"),
        (job("../x"), 'job 2: id: found "../x"; allowed: letters, digits'),
        (job("b", prompt=" "), 'job b: prompt: found " "; allowed: what to ask'),
        (job("b", name=5), "job b: name: found 5; allowed: a text"),
        (job("b", enabled="no"), 'job b: enabled: found "no"; allowed: true or false'),
        (job("b", next_run_at="soon"), 'job b: next_run_at: found "soon"; allowed: a time such as'),
        (job("b", last_run_at=5), "job b: last_run_at: found 5; allowed: a time such as"),
        (job("b", schedule={"cron": "* * * *"}), 'job b: schedule.cron: found "* * * *"; allowed: minute'),
        (job("b", schedule=None), "job b: schedule: found nothing; allowed: one of"),
    ],
)
def test_a_malformed_job_is_told_in_one_line_and_keeps_no_other_from_running(path, wrong, told):
    jobs = write(path, [job("z", next_run_at="2030-01-01T00:00:00Z"), wrong, job("c")])
    (problem,) = map(str, jobs.problems())
    assert problem.startswith(f"{path}: {told}")
    assert len(problem.splitlines()) == 1
    assert [claimed(jobs), claimed(jobs)] == ["c", None]
    assert held(path)[1] == wrong


def test_two_jobs_with_one_id_are_both_told_and_neither_runs(path):
    jobs = write(path, [job("a"), job("a", enabled=True), job("c")])
    assert [str(problem) for problem in jobs.problems()] == [
        f'{path}: job a: id: found "a"; allowed: an id that no other job has'
    ] * 2
    assert [claimed(jobs), claimed(jobs)] == ["c", None]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", ":1: cannot be read as JSON"),
        ("[\n{]", ":2: cannot be read as JSON"),
        ("[" * 100_000, ": cannot be read as JSON"),
        ('["\\ud800"]', ": cannot be read as JSON"),
        ('{"jobs": []}', ': found {"jobs": []}; allowed: a list of jobs'),
        ("null", ": found nothing; allowed: a list of jobs"),
    ],
)
def test_a_file_that_holds_no_list_of_jobs_is_told_and_left_as_it_is(path, content, told):
    jobs = write(path, content)
    for use in (jobs.problems, lambda: jobs.claim(NOW, NOW), lambda: jobs.finish("a", "completed", None)):
        with pytest.raises(ConfigError) as caught:
            use()
        assert str(caught.value) == f"{path}{told}"
    assert path.read_text() == content
    assert [file.name for file in path.parent.iterdir()] == ["jobs.json"]


def test_a_file_that_is_not_there_or_is_no_text_is_told(path):
    with pytest.raises(ConfigError, match="found no file; allowed: a list of jobs") as caught:
        JobsFile(path).problems()
    assert str(path) in str(caught.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is no text file"):
        JobsFile(path).problems()


def test_a_file_that_cannot_be_changed_hands_out_nothing(path):
    jobs = write(path, [job()])
    (path.parent / "jobs.json.lock").mkdir()
    with pytest.raises(ConfigError, match=": cannot be changed: Is a directory"):
        jobs.claim(NOW, NOW)
