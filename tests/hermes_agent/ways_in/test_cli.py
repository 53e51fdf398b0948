"""The command line: the answer on standard output, all else on standard error, and the exit code (C16)."""

import io
import json
import subprocess
import sys

import pytest

from hermes_agent.cli import main


class Said:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def cli(outside):
    def run(*argv, stdin=""):
        out, err = io.StringIO(), io.StringIO()
        source = stdin if isinstance(stdin, io.StringIO) else io.StringIO(stdin)
        code = main(argv, runtime=outside.runtime, stdin=source, stdout=out, stderr=err)
        return Said(code, out.getvalue(), err.getvalue())

    return run


def test_a_prompt_gets_its_answer_and_nothing_else(cli):
    said = cli("hello", "there")
    assert (said.code, said.out, said.err) == (0, "re: hello there\n", "")


def test_a_switch_is_told_beside_the_answer(cli, primary_without_credit):
    said = cli("ping")
    assert (said.code, said.out) == (0, "backup: ping\n")
    assert said.err.startswith("Switched from openai (gpt-5.1) to openrouter (backup)")
    assert len(said.err.splitlines()) == 1


def test_a_failure_is_no_answer(cli, outside):
    outside.answer = lambda host, text: 402
    said = cli("ping")
    assert (said.code, said.out) == (1, "")
    assert "no credit" in said.err


def test_an_interrupted_turn_is_130(cli, outside):
    def answer(host, text):
        raise KeyboardInterrupt

    outside.answer = answer
    said = cli("ping")
    assert (said.code, said.out, said.err) == (130, "", "Interrupted.\n")


def test_resume_goes_on_with_the_latest_session(cli, outside):
    cli("one")
    cli("another")
    assert cli("--resume", "--", "two").code == 0
    assert [message["content"] for message in outside.bodies[-1]["messages"][1:]] == ["another", "re: another", "two"]


def test_resume_by_name_keeps_the_switch(cli, primary_without_credit):
    cli("one")
    first = primary_without_credit.results[0].session_id
    cli("another")
    said = cli("--resume", first, "two")
    assert said.out == "backup: two\n"
    assert said.err == ""
    assert primary_without_credit.asked[-1] == ("openrouter.ai", "two")
    assert primary_without_credit.results[-1].session_id == first


def test_what_cannot_be_resumed_is_one_line(cli, outside):
    assert cli("--resume").err == "hermes_agent: there is no session to resume\n"
    cli("one")
    said = cli("--resume", "nowhere")
    known = outside.results[0].session_id
    assert (said.code, said.err) == (2, f"hermes_agent: there is no session 'nowhere'; the latest: {known}\n")
    assert len(outside.asked) == 1


def test_a_conversation_is_a_line_a_turn(cli, outside):
    said = cli(stdin="one\n\n  two  \n/quit\nthree\n")
    assert (said.code, said.out) == (0, "re: one\nre: two\n")
    assert len(outside.bodies[-1]["messages"]) == 4


def test_new_begins_a_session_on_the_primary(cli, primary_without_credit):
    cli(stdin="one\n/new\ntwo\n")
    primary, fallback = "api.openai.com", "openrouter.ai"
    assert [host for host, _ in primary_without_credit.asked] == [primary, fallback] * 2
    assert len({result.session_id for result in primary_without_credit.results}) == 2


def test_the_last_turn_of_a_conversation_is_its_exit_code(cli, outside):
    outside.answer = lambda host, text: 402 if text == "bad" else text
    assert cli(stdin="bad\ngood\n").code == 0
    assert cli(stdin="good\nbad\n").code == 1
    assert cli(stdin="").code == 0


def test_ctrl_c_ends_the_turn_and_not_the_conversation(cli, outside):
    def answer(host, text):
        if text == "endless":
            raise KeyboardInterrupt
        return text

    outside.answer = answer
    said = cli(stdin="endless\nnext\n")
    assert (said.code, said.out) == (0, "next\n")


def test_ctrl_c_at_the_prompt_ends_the_conversation(cli):
    class Interrupted(io.StringIO):
        def readline(self, *_):
            raise KeyboardInterrupt

    assert cli(stdin=Interrupted()).code == 130


def test_only_a_person_is_shown_a_prompt(cli):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    assert cli(stdin=Terminal("one\n")).err == "> > "
    assert cli(stdin="one\n").err == ""


def test_what_the_configuration_cannot_hold_is_told_before_anything_runs(cli, outside):
    del outside.environ["OPENROUTER_API_KEY"]
    said = cli("ping")
    assert said.err == (
        "hermes_agent: fallback_model cannot be used: no key for openrouter: set OPENROUTER_API_KEY or set api_key\n"
    )
    assert said.out == "re: ping\n"


def test_a_configuration_that_cannot_be_read_is_one_line(cli, outside):
    (outside.home / "config.yaml").write_text("agent:\n  max_turns: many\n")
    said = cli("ping")
    assert said.code == 2
    assert said.err == (
        f"hermes_agent: {outside.home}/config.yaml:2: agent.max_turns: found 'many'; allowed: a whole number from 1\n"
    )


@pytest.mark.parametrize(
    "argv",
    [["--no-such-option"], ["cron"], ["cron", "run"], ["gateway", "x"], ["cron", "x", "y"], ["cron", "tick", "x", "y"]],
)
def test_wrong_usage_is_told_and_nothing_is_asked(cli, outside, argv):
    said = cli(*argv)
    assert (said.code, said.out) == (2, "")
    assert "usage: hermes_agent" in said.err
    assert outside.asked == []


def test_help_is_an_answer(cli):
    said = cli("--help")
    assert said.code == 0
    assert "hermes_agent cron run JOBFILE" in said.out
    assert "hermes_agent cron tick [JOBSFILE]" in said.out


def test_the_gateway_answers_lines(cli):
    said = cli("gateway", stdin='{"chat_id": "a", "text": "hi"}\n')
    assert said.code == 0
    assert json.loads(said.out)["text"] == "re: hi"


def jobs(outside, content):
    path = outside.home / "jobs.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_a_job_file_is_run(cli, outside):
    said = cli("cron", "run", jobs(outside, {"id": "1", "name": "Morning", "prompt": "ping"}))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("# Cron job: Morning\n")
    assert said.out.endswith("## Response\n\nre: ping\n")


def test_one_job_that_fails_fails_the_file_and_the_others_run(cli, outside):
    outside.answer = lambda host, text: 402 if text == "bad" else text
    said = cli("cron", "run", jobs(outside, [{"id": "1", "prompt": "bad"}, {"id": "2", "prompt": "good"}]))
    assert said.code == 1
    assert said.err.startswith("1: The turn ended without a whole answer")
    assert "good" in said.out


def test_an_interrupt_ends_the_whole_file(cli, outside):
    def answer(host, text):
        raise KeyboardInterrupt

    outside.answer = answer
    said = cli("cron", "run", jobs(outside, [{"id": "1", "prompt": "a"}, {"id": "2", "prompt": "b"}]))
    assert said.code == 130
    assert len(outside.asked) == 1


@pytest.mark.parametrize("content", ["", "nonsense", "[]", "7", '["x"]', "[" * 100_000])
def test_a_job_file_without_jobs_is_one_line(cli, outside, content):
    path = jobs(outside, content)
    said = cli("cron", "run", path)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"hermes_agent: {path}: ")
    assert len(said.err.splitlines()) == 1


def test_a_job_file_that_is_not_there_is_one_line(cli):
    assert (
        cli("cron", "run", "nowhere.json").err
        == "hermes_agent: nowhere.json: cannot be read: No such file or directory\n"
    )


def due(job_id, **more):
    return {"id": job_id, "prompt": job_id, "schedule": {"every_minutes": 10}, **more}


def test_a_tick_shows_where_the_documents_are_and_runs_what_is_due_once(cli, outside):
    path = jobs(outside, [due("a"), due("b", next_run_at="2026-02-01T00:00:00Z")])
    said = cli("cron", "tick", path)
    assert (said.code, said.out) == (0, f"{outside.home}/hermes_agent_cron/a/2026-01-01T00-00-00Z.md\n")
    assert said.err == ""
    again = cli("cron", "tick", path)
    assert (again.code, again.out, again.err) == (0, "", "")


def test_a_tick_without_a_file_takes_the_one_of_the_home(cli, outside):
    (outside.home / "hermes_agent_cron.json").write_text(json.dumps([due("a")]))
    assert cli("cron", "tick").code == 0
    assert [text for _, text in outside.asked] == ["a"]


def test_a_job_that_fails_in_a_tick_is_told_and_the_others_run(cli, outside):
    outside.answer = lambda host, text: 402 if text == "bad" else text
    said = cli("cron", "tick", jobs(outside, [due("bad", name="Bad one"), due("good")]))
    assert said.code == 1
    assert said.err.startswith("Bad one: The turn ended without a whole answer")
    assert len(said.out.splitlines()) == 2


def test_a_malformed_job_in_a_tick_is_one_line_and_the_others_run(cli, outside):
    path = jobs(outside, [due("bad", schedule={"cron": "61 * * * *"}), due("good")])
    said = cli("cron", "tick", path)
    assert said.code == 2
    assert said.err.startswith(f'hermes_agent: {path}: job bad: schedule.cron: found "61 * * * *"; allowed: minute')
    assert len(said.err.splitlines()) == 1
    assert [text for _, text in outside.asked] == ["good"]


@pytest.mark.parametrize("content", ["", "nonsense", "7", '{"jobs": []}', "[" * 100_000])
def test_a_tick_over_a_file_without_a_list_is_one_line(cli, outside, content):
    path = jobs(outside, content)
    said = cli("cron", "tick", path)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"hermes_agent: {path}:")
    assert len(said.err.splitlines()) == 1


def test_a_tick_without_any_file_is_one_line(cli, outside):
    said = cli("cron", "tick")
    found = "found no file; allowed: a list of jobs in JSON"
    assert (said.code, said.err) == (2, f"hermes_agent: {outside.home}/hermes_agent_cron.json: {found}\n")


def test_an_interrupt_ends_the_tick(cli, outside):
    def answer(host, text):
        raise KeyboardInterrupt

    outside.answer = answer
    assert cli("cron", "tick", jobs(outside, [due("a"), due("b")])).code == 130
    assert len(outside.asked) == 1


def test_the_module_runs_as_a_program(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "hermes_agent"],
        input=b"\xff\n",
        capture_output=True,
        env={"HERMES_HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"no key for openrouter" in done.stderr
    assert b"Traceback" not in done.stderr
