"""`says: {cassette: file}`: a scenario that is answered from recorded traffic."""

import json
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from faultlab.errors import ScenarioError
from faultlab.loader import files_below
from faultlab.runner import load, run, run_fully
from faultlab.verdict import Outcome

ROOT = Path(__file__).parents[2]
CASSETTE = (ROOT / "scenarios" / "recorded" / "cassettes" / "two_questions.yaml").read_text("utf-8")
SCENARIO = """\
name: Recorded
clauses: [C1]
says: {{{says}}}
turns:
- user: How often does the tide turn?
  expect: {{reply: The tide turns about every six hours.}}
"""


@pytest.fixture
def folder(tmp_path):
    """A scenario, and the cassettes that lie beside it."""
    (tmp_path / "cassettes").mkdir()
    (tmp_path / "cassettes" / "tide.yaml").write_text(CASSETTE, "utf-8")

    def written(says="cassette: cassettes/tide.yaml", **files):
        for name, text in files.items():
            (tmp_path / "cassettes" / name.replace("_", ".")).write_bytes(text)
        (tmp_path / "s.yaml").write_text(SCENARIO.format(says=says), "utf-8")
        return tmp_path

    return written


def test_the_path_is_looked_for_beside_the_file_wherever_it_is_run_from(folder, monkeypatch, tmp_path_factory):
    (scenario,) = load(folder() / "s.yaml")
    monkeypatch.chdir(folder())
    (beside,) = load("s.yaml")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert [run(each).outcome for each in (scenario, beside)] == [Outcome.HELD] * 2


def test_a_folder_of_cassettes_holds_no_scenario_but_one_that_is_named_is_read(folder):
    assert files_below(folder()) == [folder() / "s.yaml"]
    with pytest.raises(ScenarioError, match="unknown key 'interactions'"):
        load(folder() / "cassettes" / "tide.yaml")


def test_pytest_collects_no_cassette(folder, tmp_path):
    folder()
    (tmp_path / "pytest.ini").write_text("[pytest]\nfaultlab_paths = .\n")
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[0] == "s.yaml::recorded"
    assert done.returncode == 0, done.stdout


def test_looking_at_a_cassette_costs_no_vcrpy(folder):
    code = (
        f"import sys; from faultlab.runner import load; load({str(folder() / 's.yaml')!r}); print('vcr' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("says", "message"),
    [
        (
            "cassette: cassettes/tied.yaml",
            "cannot be read: No such file or directory; did you mean 'cassettes/tide.yaml'?\nallowed: ",
        ),
        ("cassette: nowhere/tide.yaml", "3:18: cassette 'nowhere/tide.yaml' cannot be read: No such file or directory"),
        ("cassette: cassettes", "3:18: cassette 'cassettes' cannot be read: Is a directory"),
        (
            "cassette: cassettes/empty.yaml",
            "3:18: 'cassettes/empty.yaml' cannot be played as a cassette: it has no list",
        ),
        (
            "cassette: cassettes/none.json",
            "3:18: 'cassettes/none.json' cannot be played as a cassette: it holds no inter",
        ),
        ("cassette: cassettes/other.yaml", "cannot be played as a cassette: it has no list of `interactions`"),
        ("cassette: cassettes/broken.yaml", "broken.yaml:2:1: unreadable YAML: "),
        ("cassette: cassettes/broken.json", "broken.json: unreadable JSON: "),
        ("cassette: cassettes/binary.yaml", "cannot be played as a cassette: 'utf-8' codec"),
        ("cassette: 3", "3:18: expected a text"),
        ("cassete: x", "3:8: unknown key 'cassete'; did you mean 'cassette'?\nallowed: cassette, match_on"),
        ("match_on: path", "3:7: the key 'cassette' is missing"),
        (
            "cassette: cassettes/tide.yaml, match_on: [paht]",
            "3:50: unknown match_on 'paht'; did you mean 'path'?\nallowed: body, host,",
        ),
    ],
)
def test_what_cannot_be_played_is_refused_at_its_place(folder, says, message):
    path = folder(
        says,
        empty_yaml=b"",
        none_json=b'{"interactions": [], "version": 1}',
        other_yaml=b"name: x\n",
        broken_yaml=b"interactions: [\n",
        broken_json=b'{"interactions": [',
        binary_yaml=b"\xff\xfe",
    )
    with pytest.raises(ScenarioError) as caught:
        load(path / "s.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path / 's.yaml'}:3:")


def test_what_nothing_answers_is_in_the_report_once_and_what_was_played_is_in_the_timeline(folder):
    path = folder("cassette: cassettes/tide.yaml, match_on: [method, path, body]")
    (scenario,) = load(path / "s.yaml")
    found = run_fully(scenario)
    assert found.verdict.outcome is Outcome.FAILED
    primary, fallback = found.verdict.signs
    assert primary.startswith(
        "request 1 to the primary met no answer: nothing in cassettes/tide.yaml answers POST /chat/completions; "
        "nearest is recording 1, POST http://127.0.0.1:8000/v1/chat/completions, which differs in body: messages.0.role"
    )
    assert fallback.startswith("request 7 to the fallback met no answer: nothing in cassettes/tide.yaml ")


def test_a_scenario_that_holds_all_the_same_is_in_error_for_what_nothing_answered(folder):
    text = SCENARIO.format(says="cassette: cassettes/tide.yaml, match_on: [method, host]")
    file = folder() / "s.yaml"
    file.write_text(
        text.replace(
            "  expect: {reply: The tide turns about every six hours.}",
            "  expect: {outcome: failed, fallback: {after_calls: 6}}",
        )
    )
    assert run(load(file)[0]).outcome is Outcome.ERROR


def test_what_vcrpy_cannot_read_ends_its_scenario_with_the_file_and_why(folder):
    path = folder("cassette: cassettes/odd.yaml", odd_yaml=b"interactions:\n- {request: 1, response: 2}\n")
    verdict = run(load(path / "s.yaml")[0])
    assert verdict.outcome is Outcome.ERROR
    assert "odd.yaml cannot be played as a cassette: vcrpy finds no interactions" in verdict.trouble


def test_a_cassette_is_served_as_answers_are(serving, folder):
    question = {"model": "gpt-5.1", "messages": [{"role": "user", "content": "?"}]}
    with serving(folder() / "s.yaml") as (process, [served]):
        _, _, host, path = served.upstreams[0].base_url.split("/", 3)
        with closing(HTTPConnection(host, timeout=30)) as connection:
            connection.request("POST", f"/{path}/chat/completions", json.dumps(question))
            told = json.loads(connection.getresponse().read())
            connection.request("GET", f"/{path}/files")
            with pytest.raises(OSError, match="without response"):
                connection.getresponse()
        process.terminate()
        said = process.stderr.read()
    assert told["choices"][0]["message"]["content"] == "The tide turns about every six hours."
    assert "nothing in cassettes/tide.yaml answers GET /files; nearest is recording " in said
