"""This project's own agent as a target: each entrance, what it leaves behind, what it is given."""

import json
import signal
import threading

import pytest

from faultlab.policy import Problem
from faultlab.runner import load, run_fully
from faultlab.scenario import ScriptedTool, ToolOutput
from faultlab.targets.base import lab_for
from faultlab.targets.hermes.control_c import ControlC
from faultlab.targets.hermes.home import fresh_home, leftovers
from faultlab.targets.hermes.past import as_dialogue, past_of
from faultlab.targets.hermes.policy import read_policy
from faultlab.targets.hermes.scripted import ScriptedTools
from faultlab.trace import Trace
from faultlab.verdict import Outcome
from hermes_agent.tools import ToolRun

CODEX = {"model": {"provider": "openai-codex", "default": "gpt-5-codex"}}


@pytest.fixture
def one(tmp_path):
    def read(text):
        path = tmp_path / "s.yaml"
        path.write_text(text, "utf-8")
        (scenario,) = load(path)
        return scenario

    return read


def test_one_sign_in_is_one_token_whichever_model_is_asked_with_it(one):
    twins = {**CODEX, "fallback_model": {"provider": "openai-codex", "model": "gpt-5"}}
    run = run_fully(
        one(
            f"""\
name: n
config: {json.dumps(twins)}
says: [ok]
faults: {{primary: [forbidden]}}
turns: [{{user: hi, expect: {{fallback: {{reason: client_error, after_calls: 1}}}}}}]
"""
        )
    )
    assert run.verdict.outcome is Outcome.HELD, run.verdict


@pytest.mark.parametrize("entry", ["agent", "cli", "cron", "gateway"])
def test_every_entrance_shows_the_switch_and_the_answer(one, entry):
    run = run_fully(
        one(
            f"""\
name: n
entry: {entry}
says: [from the fallback]
faults: {{primary: [forbidden]}}
turns:
  - user: "- ping --resume"
    expect:
      reply: from the fallback
      fallback: {{reason: client_error, after_calls: 1}}
      user_sees: {{contains: Switched}}
"""
        )
    )
    assert run.verdict.outcome is Outcome.HELD, run.verdict
    assert "from the fallback" in run.trace.turns[0].shown


@pytest.mark.parametrize(
    ("entry", "mark", "answer"),
    [
        ("agent", "[withdrawn]", "Hello there\nHello there\n"),
        ("cli", "[withdrawn: this answer was not completed]", "Hello there\n"),
        ("gateway", "[withdrawn]", "Hello there\nHello there\n"),
    ],
)
def test_every_entrance_shows_an_answer_that_comes_in_pieces_and_what_was_withdrawn(one, entry, mark, answer):
    run = run_fully(
        one(
            f"""\
name: n
entry: {entry}
config:
  model: {{provider: openai, default: gpt-5.1}}
  fallback_model: {{provider: openrouter, model: claude}}
  display: {{streaming: true}}
says: [Hello there]
faults: {{primary: [{{cut: {{after_events: 2}}}}]}}
turns: [{{user: ping, expect: {{reply: Hello there}}}}]
"""
        )
    )
    assert run.verdict.outcome is Outcome.HELD, run.verdict
    assert run.trace.turns[0].shown == f"Hello th\n{mark}\n{answer}"


@pytest.mark.parametrize("entry", ["agent", "cli", "gateway"])
@pytest.mark.parametrize("resume", ["true", "false"])
def test_a_session_goes_on_and_another_does_not_know_of_it(one, entry, resume):
    run = run_fully(
        one(
            f"""\
name: n
entry: {entry}
says: [one, two, three]
history: [{{role: user, content: before}}, {{role: assistant, content: indeed}}]
turns:
  - user: a
  - {{user: b, resume: {resume}}}
  - {{user: c, session: other}}
"""
        )
    )
    assert run.verdict.outcome is Outcome.HELD, run.verdict
    said = [[m["content"] for m in x.request.json["messages"][1:]] for x in run.trace.exchanges]
    assert said == [
        ["before", "indeed", "a"],
        ["before", "indeed", "a", "one", "b"],
        ["before", "indeed", "c"],
    ]


@pytest.mark.parametrize("entry", ["agent", "cli", "cron", "gateway"])
@pytest.mark.parametrize(("fault", "waits"), [("rate_limit", [2, 1]), ("read_timeout", [])])
def test_an_interrupt_ends_a_wait_and_a_call_through_every_entrance(one, entry, fault, waits):
    run = run_fully(
        one(
            f"""\
name: n
entry: {entry}
faults: {{primary: [{{{fault}: {{}}, times: forever}}]}}
turns:
  - user: ping
    interrupt: {{after_s: 3}}
    expect: {{outcome: interrupted, waits_s: {waits}, ended_after_s: {{at_least: 3, at_most: 3}}}}
"""
        )
    )
    assert run.verdict.outcome is Outcome.HELD, run.verdict


def test_an_exit_code_is_the_command_line_s(one):
    text = "name: n\nentry: cli\nfaults: {primary: [forbidden], fallback: [forbidden]}\n"
    run = run_fully(
        one(text + "turns: [{user: x, expect: {outcome: failed, fallback: {after_calls: 1}, exit_code: 1}}]")
    )
    assert run.verdict.outcome is Outcome.HELD, run.verdict


def test_a_home_holds_what_the_scenario_says_and_is_gone_afterwards(one):
    scenario = one(f"name: n\nrefresh: ok\nconfig: {json.dumps(CODEX)}\nturns: [{{user: x}}]\n")
    lab = lab_for(scenario)
    with fresh_home(scenario, lab) as home:
        token = json.loads((home / "auth.json").read_text())["providers"]["openai-codex"]
        assert json.loads((home / "config.yaml").read_text()) == CODEX
        assert token["access_token"] == lab["primary"].api_key
        assert token["token_url"] == scenario.policy.primary.token_url
        (home / "note").write_text("left")
        assert leftovers(home) == {"the file note": "left"}
    assert not home.exists()


def test_upstreams_that_nobody_could_tell_apart_are_one(one):
    same = {"model": {"provider": "openai", "default": "m"}, "fallback_model": {"provider": "openai", "model": "m"}}
    scenario = one(f"name: n\nconfig: {json.dumps(same)}\nturns: [{{user: x}}]\n")
    assert scenario.policy.refused == "same_backend"
    assert [provider.name for provider in lab_for(scenario)] == ["primary"]


def test_a_drawn_history_is_as_large_as_it_was_asked_for(one):
    scenario = one("name: n\nhistory: {messages: 12, tokens: 900}\nturns: [{user: x}]\n")
    past = past_of(scenario)
    assert (len(past), sum(message.characters for message in past)) == (12, 3600)
    assert sum(said.characters for said in as_dialogue(scenario).messages) == 3600


def test_a_scripted_tool_gives_its_outputs_in_order_and_the_last_one_stays():
    trace = Trace()
    tools = ScriptedTools(trace)
    tools.begin("main")
    outputs = (ToolOutput("one"), ToolOutput("broken", is_error=True), ToolOutput("three"))
    tool = tools.table([ScriptedTool("t", outputs)])["t"]
    occasion = ToolRun("call_1", threading.Event())
    assert tool.run({}, occasion) == "one"
    with pytest.raises(Exception, match="broken"):
        tool.run({}, occasion)
    assert [tool.run({}, occasion), tool.run({}, occasion)] == ["three", "three"]
    assert tools.runs == {"t": 4}
    tools.begin("main")
    assert tools.runs == {}


def _policy(config, env=(), renewals=()):
    return read_policy(json.dumps(config), tuple(env), tuple(renewals))


def test_every_variable_that_a_key_is_read_from_has_one():
    policy = _policy({"model": {"provider": "gemini", "default": "m"}})
    assert set(dict(policy.environ)) >= {"GEMINI_API_KEY", "GOOGLE_API_KEY"}
    assert policy.primary.key == dict(policy.environ)["GEMINI_API_KEY"]


def test_the_scenario_s_own_words_win():
    env = (("OPENAI_API_KEY", "mine"), ("OPENROUTER_API_KEY", None))
    config = {
        "model": {"provider": "openai", "default": "m"},
        "fallback_model": {"provider": "openrouter", "model": "n"},
    }
    policy = _policy(config, env)
    assert policy.primary.key == "mine"
    assert (policy.refused, policy.fallback.key, policy.fallback.needs_key) == ("no_key", "", True)


def test_a_provider_that_nobody_knows_stands_nowhere():
    config = {"model": {"provider": "openai", "default": "m"}, "fallback_model": {"provider": "acme", "model": "n"}}
    policy = _policy(config)
    assert (policy.refused, policy.fallback.base_url) == ("unknown_provider", "")


@pytest.mark.parametrize(
    ("provider", "renewals", "has_token"),
    [("openai-codex", (), True), ("nous", (), False), ("nous", (("primary", ("ok",)),), True), ("openai", (), False)],
)
def test_who_has_a_token_that_can_be_renewed(provider, renewals, has_token):
    policy = _policy({"model": {"provider": provider, "default": "m"}}, renewals=renewals)
    assert (policy.primary.token_url is not None) is has_token


def test_a_custom_server_needs_no_key():
    policy = _policy({"model": {"provider": "custom", "default": "m", "base_url": "http://localhost:1/v1"}})
    assert (policy.primary.needs_key, policy.primary.key) == (False, "")


def test_what_the_agent_cannot_use_is_a_problem_with_its_place():
    problem = _policy({"agent": {"max_turns": 0}})
    assert isinstance(problem, Problem)
    assert problem.path == ("agent", "max_turns")


def test_a_ctrl_c_that_nobody_planned_is_raised_again():
    control_c = ControlC()
    with pytest.raises(KeyboardInterrupt), control_c.heeded():
        _swallow(control_c._arrived)


def test_a_planned_one_is_not():
    control_c = ControlC()
    with control_c.heeded():
        _swallow(control_c.press)


@pytest.mark.parametrize("lost", [0, 1])
def test_one_that_the_main_thread_overlooks_as_it_begins_to_wait_is_pressed_again(monkeypatch, lost):
    control_c, sent, kill = ControlC(), [], signal.pthread_kill
    monkeypatch.setattr(
        signal, "pthread_kill", lambda *to: sent.append(to) or (kill(*to) if len(sent) > lost else None)
    )
    presser = threading.Thread(target=control_c.press)

    def wait():
        presser.start()
        threading.Event().wait(10)

    with control_c.heeded():
        _swallow(wait)
        presser.join()
    assert len(sent) == lost + 1


def test_one_that_comes_twice_for_that_is_heeded_once():
    control_c = ControlC()
    with control_c.heeded():
        control_c._planned = control_c._again = 1
        _swallow(control_c._arrived)
        control_c._arrived()
    assert control_c._again == 0


def _swallow(press):
    with pytest.raises(KeyboardInterrupt):
        press()


def test_outside_the_main_thread_signals_are_left_alone():
    def work():
        with ControlC().heeded():
            done.append(1)

    done = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]
