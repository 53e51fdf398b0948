"""Whatever is under test is alone: no variable of whoever runs a campaign reaches it, no request of it goes out."""

import socket
from pathlib import Path

import pytest

from faultlab.campaign import Unwatched, processes, run
from faultlab.passes.drawn import Drawn
from faultlab.results import About, Results
from faultlab.runner import load
from faultlab.runner import run as run_scenario
from faultlab.subject import subject_of
from faultlab.trial import Standing

APP = """\
import os
from pathlib import Path

import openai

def ask(lab, user):
    with openai.OpenAI(api_key=os.environ.get("OPENAI_API_KEY", "none"), base_url=BASE_URL, max_retries=0) as client:
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": user}])
    return answer.choices[0].message.content

def tell(lab, user):
    Path(__file__).with_name("seen").write_text(repr(dict(os.environ)))
    return ""

def depend(lab, user):
    return "mine" if "OPENAI_ORG_ID" in os.environ else lab["primary"].api_key
"""

SCENARIO = "name: mine\ntarget: {{callable: 'a_lonely_app:{function}'}}\nsays: [hi]\nturns: [{{user: hello}}]\n"


@pytest.fixture
def records(tmp_path, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "ANYTHING"):
        monkeypatch.setenv(name, "sk-somebody-s-own")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        Path(tmp_path, "a_lonely_app.py").write_text(APP.replace("BASE_URL", repr(url)), encoding="utf-8")

        def played(function):
            file = tmp_path / "mine.yaml"
            file.write_text(SCENARIO.format(function=function), encoding="utf-8")
            subject = subject_of(str(file))
            results = Results.create(tmp_path / function / "results.sqlite", About("mine", subject.digest, 0, (), "0"))
            try:
                run(subject, [Drawn(seed=0, count=1)], results, processes(1), Unwatched())
                return list(results.records("random", range(1)))
            finally:
                results.close()

        yield played
        with pytest.raises(BlockingIOError):
            listening.accept()


def test_a_client_that_a_function_makes_for_itself_reaches_nobody(records):
    (record,) = records("ask")
    assert record.standing is Standing.TROUBLE
    assert record.reasons[-1].startswith("nobody stands for http://127.0.0.1:")


def test_no_variable_of_whoever_runs_it_reaches_a_function(records, tmp_path):
    records("tell")
    assert "somebody" not in Path(tmp_path, "seen").read_text(encoding="utf-8")


def test_what_was_found_fails_in_the_same_way_wherever_it_is_run(records, tmp_path):
    (record,) = records("depend")
    (file,) = Path(tmp_path, "depend").glob("*.yaml")
    (scenario,) = load(file)
    (breach,) = record.breaches
    (violation,) = run_scenario(scenario).violations
    assert (violation.what, violation.expected, violation.found) == (breach.what, breach.expected, breach.found)
    assert breach.what == "I11"
