import contextlib
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab import faults
from faultlab.errors import ScenarioError
from faultlab.expectations import Contains, Range, RequestLike, Switched
from faultlab.limits import Limits
from faultlab.loader import DEFAULT_CONFIG, files_below, is_agent_config
from faultlab.runner import load, loader
from faultlab.scenario import (
    CallableTarget,
    DrawnHistory,
    HermesTarget,
    HistoryMessage,
    ScriptedTool,
    SdkTarget,
    ToolOutput,
    TurnPlan,
)
from faultlab.schedule import Entry
from faultlab.script import Reply, ToolCall

sys.path.insert(0, str(Path(__file__).parent))

from unusable import BASE, UNUSABLE


@pytest.fixture
def written(tmp_path):
    def write(text, name="s.yaml"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def one(written):
    """The only scenario of a text."""

    def read(text):
        (scenario,) = load(written(text))
        return scenario

    return read


@pytest.fixture
def refused(written):
    """What is said of a text that cannot be used, the folder left out."""

    def read(text):
        path = written(text)
        with pytest.raises(ScenarioError) as caught:
            load(path)
        return str(caught.value).replace(str(path), "s.yaml")

    return read


def _values(scenario, turn=1):
    return {each.key: each.value for each in scenario.expectations if each.turn == turn}


def test_the_least_that_a_scenario_needs(one):
    scenario = one(BASE)
    assert scenario.id == "a-scenario"
    assert scenario.says == (Reply("hello"),)
    assert scenario.turns == (TurnPlan("ping"),)
    assert scenario.target == HermesTarget("agent")
    assert scenario.policy.primary.model == "gpt-5.1"
    assert scenario.policy.fallback.model == "anthropic/claude-sonnet-4"


def test_a_turn_without_expect_is_held_to_completion_and_no_switch(one):
    assert _values(one(BASE)) == {"outcome": "completed", "fallback": "never"}


def test_an_expect_that_says_otherwise_replaces_the_default(one):
    scenario = one(BASE + "    expect: {outcome: partial}\n")
    assert _values(scenario) == {"outcome": "partial", "fallback": "never"}


@pytest.mark.parametrize(
    ("waived", "left"),
    [
        ("{outcome: any}", {"fallback": "never"}),
        ("{fallback: any, reply: any}", {"outcome": "completed", "reply": "any"}),
        ("{outcome: any, fallback: any}", {}),
        ("{outcome: any, failure: billing}", {"fallback": "never", "failure": "billing"}),
        ("{outcome: any, failure: null}", {"fallback": "never", "failure": None}),
    ],
)
def test_a_turn_is_not_held_to_a_default_that_is_waived(one, waived, left):
    assert _values(one(BASE + f"    expect: {waived}\n")) == left


@pytest.mark.parametrize("key", ["outcome", "fallback"])
def test_beside_turns_there_is_no_default_to_waive(refused, key):
    assert "no default holds that could be waived" in refused(BASE + f"expect: {{{key}: any}}\n")


def test_the_expect_beside_turns_has_no_defaults(one):
    assert _values(one(BASE + "expect: {reply: hello}\n"), turn=None) == {"reply": "hello"}


def test_an_expectation_knows_its_line(one):
    scenario = one(BASE + "    expect:\n      reply: hello\n")
    (reply,) = [each for each in scenario.expectations if each.key == "reply"]
    assert (reply.place.line, reply.place.column) == (6, 7)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("reply: {contains: x}", Contains("x")),
        ("user_sees: {contains: x}", Contains("x")),
        ("user_sees: x", "x"),
        ("fallback: {reason: client_error}", Switched("client_error")),
        ("fallback: {after_calls: 0}", Switched(None, 0)),
        ("calls: {primary: 6, fallback: 1}", (("primary", 6), ("fallback", 1))),
        ("order: PPF", "PPF"),
        ("waits_s: [2, 4.5]", (2.0, 4.5)),
        ("waited_s: {at_least: 1}", Range(1.0, None)),
        ("ended_after_s: {at_most: 9}", Range(None, 9.0)),
        ("tool_runs: 0", 0),
        ("requests: [{n: 1, lacks: [body.x]}]", (RequestLike(1, lacks=("body.x",)),)),
        ("requests: [{n: 1, has: {headers.x: [1, {a: b}]}}]", (RequestLike(1, has=(("headers.x", [1, {"a": "b"}]),)),)),
        ("warnings: [x]", ("x",)),
        ("final_model: gpt-5.1", "gpt-5.1"),
    ],
)
def test_every_key_of_expect_has_its_value(one, text, value):
    assert _values(one(BASE + f"    expect: {{{text}}}\n"))[text.partition(":")[0]] == value


def test_faults_limits_and_renewals_by_provider(one):
    scenario = one(
        BASE
        + """\
config: {model: {provider: openai-codex, default: m}, fallback_model: {provider: openai, model: n}}
faults:
  primary: [ok, reset, {rate_limit: {retry_after_s: 1}, slow: {first_s: 2}, times: forever}]
  fallback: [{status: {code: 418, body: {error: {a: [1]}}}, times: 3}, {ok: null, times: 2}]
limits: {fallback: {context_tokens: 100}}
refresh: [ok, refused]
"""
    )
    rate = Entry((faults.rate_limit(retry_after_s=1), faults.slow(first_s=2)), None)
    assert scenario.primary.faults == (Entry(), Entry((faults.reset(),)), rate)
    teapot = faults.status(code=418, body={"error": {"a": [1]}})
    assert scenario.fallback.faults == (Entry((teapot,), 3), Entry((), 2))
    assert scenario.fallback.limits == Limits(context_tokens=100)
    assert scenario.primary.refresh == ("ok", "refused")
    assert scenario.fallback.refresh is None


def test_a_healthy_answer_is_no_entry_of_faults(one):
    faults = "{primary: [ok, reset, {ok: {}, times: 3}], fallback: [reset]}"
    assert one(f"name: n\nfaults: {faults}\nturns: [{{user: x}}]\n").entries == 2
    assert one("name: n\nturns: [{user: x}]\n").entries == 0


def test_answers_tools_and_history(one):
    scenario = one(
        """\
name: n
says:
  - {text: t, tool_calls: [{name: a, arguments: {x: 1}}, {name: b, arguments: "{broken"}], finish_reason: length}
  - {usage: {prompt_tokens: 1, completion_tokens: 2}}
tools: {a: [one, {error: two}], b: always}
history:
  - {role: user, content: hi}
  - {role: assistant, tool_calls: [{id: c1, name: a, arguments: {y: 2}}]}
  - {role: tool, tool_call_id: c1, content: done}
turns: [{user: ping, session: s, resume: true, interrupt: {after_s: 3}, expect: {outcome: interrupted}}]
"""
    )
    calls = (ToolCall("a", '{"x": 1}'), ToolCall("b", "{broken"))
    assert scenario.says == (Reply("t", calls, finish_reason="length"), Reply(usage=(1, 2)))
    a = ScriptedTool("a", (ToolOutput("one"), ToolOutput("two", is_error=True)))
    assert scenario.tools == (a, ScriptedTool("b", (ToolOutput("always"),)))
    assert scenario.history == (
        HistoryMessage("user", "hi"),
        HistoryMessage("assistant", "", (("c1", "a", '{"y": 2}'),)),
        HistoryMessage("tool", "done", (), "c1"),
    )
    assert scenario.turns == (TurnPlan("ping", "s", resume=True, interrupt_after_s=3.0),)


def test_a_history_may_be_drawn(one):
    assert one(BASE + "history: {messages: 60, tokens: 9000}\n").history == DrawnHistory(60, 9000)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("hermes", HermesTarget()),
        ("sdk", SdkTarget()),
        ("{sdk: {call: responses, stream: true, async: true, max_retries: 0}}", SdkTarget("responses", True, True, 0)),
        ("{callable: 'a.b:c'}", CallableTarget("a.b:c")),
        ("{callable: 'a.b:c', allow: ['localhost:5432']}", CallableTarget("a.b:c", ("localhost:5432",))),
    ],
)
def test_targets(one, text, target):
    assert one(BASE + f"target: {text}\n").target == target


def test_env_says_which_variables_are_set(one):
    policy = one(BASE + "env: {OPENROUTER_API_KEY: null, OTHER: x}\n").policy
    assert policy.refused == "no_key"
    assert dict(policy.environ)["OTHER"] == "x"
    assert "OPENROUTER_API_KEY" not in dict(policy.environ)


@pytest.mark.parametrize(("text", "message"), UNUSABLE)
def test_what_cannot_be_used_is_one_message_with_place_and_remedy(refused, text, message):
    assert message in refused(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("expect: {fallback: {reason: client_error}}", "a switch is expected, but the config has no fallback_model"),
        ("expect: {calls: {fallback: 1}}", "calls to a fallback are expected"),
        ("expect: {order: PF}", "a request to a fallback is expected"),
        ("expect: {requests: [{n: 1, to: fallback}]}", "a request to a fallback is expected"),
        ("expect: {refused: no_key}", "no_key is expected, but the config's fallback is not there"),
        ("faults: {fallback: [reset]}", "s.yaml:6:10: `faults` for a fallback, but the config has no fallback_model"),
        ("limits: {fallback: {body_bytes: 9}}", "`limits` for a fallback"),
        ("refresh: {fallback: ok}", "`refresh` for a fallback"),
    ],
)
def test_a_fallback_that_is_not_configured_can_neither_fail_nor_answer(refused, text, message):
    config = "config: {model: {provider: openai, default: gpt-5.1}}\n"
    assert message in refused(BASE + config + text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("env: {OPENROUTER_API_KEY: null}\nexpect: {fallback: {reason: client_error}}", "cannot be used: no_key"),
        ("expect: {outcome: completed, failure: billing}", "a failure is expected of a turn that is completed"),
        (
            "env: {OPENROUTER_API_KEY: null}\nexpect: {refused: same_backend}",
            "the config's fallback is refused for no_key",
        ),
        ("expect: {refused: no_key}", "no_key is expected, but the config's fallback can be used"),
        ("expect: {final_model: fallback}", "'fallback' is expected, but the config has 'gpt-5.1' and 'anthropic/"),
        (
            "expect: {requests: [{n: 1, model: gpt-5}]}",
            "the model 'gpt-5' is expected, but the config has 'gpt-5.1' and",
        ),
        ("expect: {tool_runs: {ghost: 1}}", "runs of 'ghost' are expected, but `tools` does not have it"),
        ("expect: {exit_code: 0}", "only `entry: cli` has an exit code, not agent"),
        ("faults: {primary: [responses_failed]}", "s.yaml:5:20: `responses_failed` has no meaning for the primary"),
        ("target: sdk\nexpect: {failure: billing, outcome: failed}", "target sdk does not tell its failure"),
        ("target: sdk\nexpect: {fallback: {reason: client_error}}", "target sdk does not tell its reason"),
        ("target: sdk\ntools: {a: b}", "`tools` means nothing to target sdk"),
        ("target: {callable: 'a:b'}\nentry: cli", "`entry` means nothing to target callable"),
        ("refresh: ok", "s.yaml:5:1: `refresh` means nothing to openai"),
        ("entry: cron\nhistory: {messages: 4, tokens: 900}", "`history` means nothing to `entry: cron`"),
    ],
)
def test_what_contradicts_itself_is_refused(refused, text, message):
    assert message in refused(BASE + text)


def test_a_failure_needs_its_outcome_in_a_turn(refused):
    message = refused(BASE + "    expect: {failure: billing}\n")
    assert "write `outcome: failed` or `partial` beside it" in message


def test_a_cron_run_is_one_turn(refused):
    message = refused("name: n\nentry: [agent, cron]\nturns:\n  - user: a\n  - user: b\n")
    assert "s.yaml:5:5: a cron run is one turn" in message


@pytest.mark.parametrize("turn", ["resume: true", "interrupt: {after_s: 1}"])
def test_only_the_agent_can_be_resumed_or_interrupted(refused, turn):
    message = refused(f"name: n\ntarget: sdk\nturns: [{{user: a, {turn}}}]\n")
    assert "target sdk can neither be resumed nor interrupted" in message


def test_ids_name_each_and_entry(written):
    path = written(BASE + "entry: [agent, cli]\neach: {a: {seed: 1}, b: {seed: 2}}\n")
    assert [each.id for each in load(path)] == ["a-agent", "a-cli", "b-agent", "b-cli"]


def test_with_several_documents_an_id_begins_with_the_scenario_s_name(written):
    other = BASE.replace("A scenario", "Another one")
    path = written(
        BASE + "each: {a: {seed: 1}}\n---\n" + other + "each: {a: {seed: 1}}\n---\nname: Third\nturns: [{user: x}]\n"
    )
    assert [each.id for each in load(path)] == ["a-scenario-a", "another-one-a", "third"]


def test_an_overlay_is_laid_over_every_scenario(written):
    overlay = written("{seed: 7, env: {A: x}}", "overlay.yaml")
    (scenario,) = loader(overlay).load(written(BASE + "seed: 1\n"))
    assert (scenario.seed, scenario.env) == (7, (("A", "x"),))


STREAMING = "config: {display: {streaming: true}}"


def test_an_overlay_leaves_the_configuration_what_it_is_but_for_its_own_keys(written):
    overlay = written(STREAMING, "overlay.yaml")
    own = "config: {model: some/model, display: {skin: mono}}\n"
    default, said = (json.loads(one.config) for text in ("", own) for one in loader(overlay).load(written(BASE + text)))
    assert default == json.loads(DEFAULT_CONFIG) | {"display": {"streaming": True}}
    assert said == {"model": "some/model", "display": {"skin": "mono", "streaming": True}}


def test_so_it_is_where_each_has_a_configuration_of_its_own_or_none(written):
    overlay = written(STREAMING, "overlay.yaml")
    path = written(BASE + "config: {model: a}\neach: {a: {config: {model: b}}, b: {config: null}, c: {seed: 1}}\n")
    configs = [json.loads(each.config) for each in loader(overlay).load(path)]
    assert [config.pop("display") for config in configs] == [{"streaming": True}] * 3
    assert configs == [{"model": "b"}, json.loads(DEFAULT_CONFIG), {"model": "a"}]


def test_an_overlay_whose_configuration_is_none_is_told_with_its_place(written):
    with pytest.raises(ScenarioError, match=r"overlay\.yaml:1:9: expected a mapping: what stands in config\.yaml"):
        loader(written("config: [1]", "overlay.yaml")).load(written(BASE))


@pytest.mark.parametrize("text", ["", "- 1", "a: 1\n---\nb: 1"])
def test_an_overlay_is_one_mapping(written, text):
    with pytest.raises(ScenarioError, match="an overlay is one mapping"):
        loader(written(text, "overlay.yaml"))


def test_a_folder_is_all_of_its_files_in_order(written, tmp_path):
    (tmp_path / "b").mkdir()
    written(BASE, "b/two.yaml")
    written(BASE, "a.yaml")
    written("not: [a scenario", "a.yml")
    assert [Path(each.place.file).name for each in load(tmp_path)] == ["a.yaml", "two.yaml"]


def test_a_folder_without_scenarios_is_told(tmp_path):
    with pytest.raises(ScenarioError, match=r"no scenario below this folder: scenarios are \*\.yaml files"):
        files_below(tmp_path)


def test_a_binary_file_is_told_with_its_place(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_bytes(b"name: x\nwhy: \x89PNG")
    with pytest.raises(ScenarioError, match=r"s\.yaml:2:6: not a text in UTF-8: found byte 0x89"):
        load(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be read: No such file or directory"):
        load(tmp_path / "nothing.yaml")


def test_a_file_of_a_hundred_thousand_items_is_one_message(refused):
    message = refused(BASE.replace("[hello]", json.dumps(["hi"] * 100_000)))
    assert message == "s.yaml:2:7: 100,000 items in one list or mapping: at most 10,000"


def test_a_file_of_a_hundred_thousand_documents_is_one_message(refused):
    assert refused("name: n\n---\n" * 100_000) == "s.yaml:20001:1: more than 10,000 documents in one file"


def test_a_file_without_end_is_one_message():
    with pytest.raises(ScenarioError, match=r"/dev/zero: a file of more than 16,000,000 bytes is no scenario"):
        load("/dev/zero")


def test_too_many_scenarios_in_one_file_are_one_message(refused):
    names = ", ".join(f"n{n}: {{seed: {n + 1}}}" for n in range(2501))
    message = refused(BASE + f"entry: [agent, cli, cron, gateway]\neach: {{{names}}}\n")
    assert "this file makes more than 10,000 scenarios" in message


@pytest.mark.parametrize(
    ("text", "is_config"),
    [
        ("model: x", True),
        ("fallback_model: {provider: openai}", True),
        ("agent: {max_turns: 3}", True),
        ("display: {streaming: true}", True),
        (BASE + "model: x\n", False),
        (BASE, False),
        ("- model", False),
        ("", False),
    ],
)
def test_a_config_is_told_from_a_scenario(written, text, is_config):
    assert is_agent_config(written(text)) is is_config


def test_a_file_of_that_name_is_a_config_whatever_stands_in_it(tmp_path):
    assert is_agent_config(tmp_path / "config.yaml")


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.sampled_from(["ok", "primary", "never", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "turns", "user", "expect", "faults", "primary", "times", "each", "entry", "config"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(
    st.dictionaries(st.sampled_from(["config", "faults", "each", "entry", "expect", "says", "turns", "limits"]), _JUNK)
)
def test_whatever_is_written_it_is_loaded_or_refused(tmp_path_factory, junk):
    path = tmp_path_factory.getbasetemp() / "junk.yaml"
    path.write_text(json.dumps({"name": "n", "turns": [{"user": "x"}], **junk}))
    with contextlib.suppress(ScenarioError):
        load(path)
