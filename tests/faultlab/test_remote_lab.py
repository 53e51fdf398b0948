"""A lab that is served elsewhere: who plays in it is judged as in one that is here."""

import sys

import pytest

from faultlab.errors import HarnessError, UnknownHost
from faultlab.remote_lab import RemoteLab
from faultlab.runner import load, run_fully
from faultlab.served import Served

APP = """\
import openai


def ask(provider, text):
    with provider.client(max_retries=1) as client:
        messages = [{"role": "user", "content": text}]
        return client.chat.completions.create(model=provider.model, messages=messages).choices[0].message.content


def plainly(lab, user):
    return ask(lab["primary"], user)


def leaking(lab, user):
    return ask(lab["primary"], f"my key is {lab['primary'].api_key}")


def elsewhere(lab, user):
    with lab["primary"].client(base_url="https://else.example/v1") as client:
        client.models.list()


def by_itself(lab, user):
    with openai.OpenAI(max_retries=0) as client:
        client.models.list()


def for_ever(lab, user):
    with lab.http_client() as client:
        while True:
            client.get(lab["primary"].base_url)
"""


@pytest.fixture
def both_ways(tmp_path, monkeypatch, serving):
    """The same function, asked here and there."""
    (tmp_path / "wire_app.py").write_text(APP)
    monkeypatch.syspath_prepend(tmp_path)

    def played(function, more=""):
        path = tmp_path / "s.yaml"
        path.write_text(f"name: n\ntarget: {{callable: 'wire_app:{function}'}}\nturns: [{{user: x}}]\n{more}")
        (scenario,) = load(path)
        with serving(path, "--virtual-time") as (_, [served]):
            return run_fully(scenario), run_fully(scenario, RemoteLab(served))

    yield played
    monkeypatch.delitem(sys.modules, "wire_app", raising=False)


def test_the_client_s_own_waits_move_the_clock_there(both_ways):
    here, there = both_ways("plainly", "says: [hi]\nfaults: {primary: [{rate_limit: {retry_after_s: 7}}]}\n")
    assert [run.verdict.trouble or run.verdict.violations for run in (here, there)] == [(), ()]
    assert [x.started_s for x in there.trace.exchanges] == [x.started_s for x in here.trace.exchanges] == [0, 7]


@pytest.mark.parametrize(
    "more", ["", "says: [hi]\nfaults: {primary: [ok, {reset: {}, times: 2}], fallback: [ok, reset]}"]
)
def test_what_did_not_come_about_is_told_alike(both_ways, more):
    here, there = both_ways("plainly", more)
    assert here.verdict.signs
    assert there.verdict == here.verdict


def test_a_credential_that_leaks_is_found_though_it_is_not_told(both_ways):
    here, there = both_ways("leaking", "says: [hi]\n")
    assert [violation.what for violation in there.verdict.violations] == ["I11"]
    assert there.verdict == here.verdict


def test_a_client_of_somebody_s_own_is_answered_here_and_refused_where_the_lab_is_elsewhere(both_ways):
    here, there = both_ways("by_itself")
    assert here.verdict.trouble is None
    assert "https://api.openai.com/v1/models" in there.verdict.trouble


def test_a_host_that_nobody_stands_for_is_asked_by_nobody(both_ways):
    here, there = both_ways("elsewhere")
    assert "https://else.example/v1/models" in here.verdict.trouble
    assert "https://else.example/v1/models" in there.verdict.trouble


def test_whoever_never_stops_asking_is_stopped(both_ways):
    here, there = both_ways("for_ever")
    assert [run.trace.turns[0].end.outcome for run in (here, there)] == ["runaway"] * 2
    assert len(there.trace.exchanges) == len(here.trace.exchanges) == 1000


def test_what_it_cannot_do_it_says(serving):
    with serving("--virtual-time") as (_, [served]):
        lab = RemoteLab(served)
        with pytest.raises(UnknownHost, match=r"api\.openai\.com"):
            lab.served("https://api.openai.com.example/v1")
        with pytest.raises(HarnessError, match="synchronous"):
            lab.async_http_client()
        with pytest.raises(HarnessError, match="plain HTTP"), lab.serve(tls=["primary"]):
            pass
    with pytest.raises(HarnessError, match="cannot be asked"):
        lab.clock.sleep(1)
    with serving() as (_, [served]), pytest.raises(HarnessError, match="refuses: time is the machine's own"):
        RemoteLab(served).clock.sleep(1)


@pytest.mark.parametrize("line", ["", "{}", "[]", "serving nothing", '{"upstreams": [{"name": "x"}]}'])
def test_a_line_that_says_something_else_is_no_served_lab(line):
    with pytest.raises(HarnessError, match="not what"):
        Served.from_line(line)
