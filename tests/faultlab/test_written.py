import dataclasses
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from faultlab.cassette import MATCHERS
from faultlab.errors import HarnessError
from faultlab.expectations import EXPECTATIONS, Contains, Expectation, Range, RequestLike, Switched
from faultlab.faults import FAULTS, wire
from faultlab.limits import Limits
from faultlab.loader import files_below
from faultlab.policy import Policy
from faultlab.providers import entries, provider
from faultlab.runner import load, loader
from faultlab.scenario import (
    CallableTarget,
    CommandTarget,
    DrawnHistory,
    HermesTarget,
    HistoryMessage,
    Scenario,
    ScriptedTool,
    SdkTarget,
    Side,
    ToolOutput,
    TurnPlan,
)
from faultlab.schedule import Entry
from faultlab.script import ApiError, Reply, Shape, ToolCall
from faultlab.verdict import Place
from faultlab.written import laid_out, scenario_text
from tests.promise import holds_for

SCENARIOS = Path(__file__).parents[2] / "scenarios"
NOWHERE = Place("made.yaml", 1)
LOADER = loader()


def same(scenario):
    """The scenario without where it stands."""
    expected = tuple(dataclasses.replace(each, place=NOWHERE) for each in scenario.expectations)
    return dataclasses.replace(scenario, id="", place=NOWHERE, expectations=expected)


def read_back(text, folder=SCENARIOS):
    (found,) = LOADER.read(text, "made.yaml", folder)
    return found


def of_files():
    return [(path, scenario) for path in files_below(SCENARIOS) for scenario in LOADER.load(path)]


@holds_for(of_files, lambda one: f"{one[0]}::{one[1].id}")
def test_every_scenario_of_the_suite_is_read_back_as_it_was(one):
    path, scenario = one
    assert same(read_back(scenario_text(scenario), path.parent)) == same(scenario)


# What people and providers say, half of a character apart, which no file can hold.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ODD = [
    "",
    "yes",
    "12:30",
    "null",
    "0x1f",
    "1e3",
    "~",
    "<<",
    "a: b",
    "- a",
    "a #b",
    "{a}",
    "...",
    "---",
    " a",
    "a ",
    "\n",
]
ODDER = ["a\n\nb\n", "\n a", "a \nb", "x" * 1500, "a word " * 60, "\ufeff", "\x85", "\u2028", "\U0001f600", "\x00", "é"]
WORD = TEXT | st.sampled_from(ODD + ODDER)
NAME = WORD.filter(bool)
SECONDS = st.floats(0, 1e6, allow_nan=False) | st.integers(0, 1000).map(float)
COUNT = st.integers(0, 10**6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | WORD,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(WORD, each, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.dictionaries(WORD, JSON, max_size=3).map(json.dumps) | WORD

PRIMARY = ("openai", "gpt-5.1", "chat")
CODEX = ("openai-codex", "gpt-5.1-codex", "responses")
NOUS = ("nous", "hermes-4-405b", "chat")
OPENROUTER = ("openrouter", "claude", "chat")


def drawn_unit(unit):
    """Values that a field of this unit may hold."""
    if unit.words:
        return st.sampled_from(unit.words)
    kinds = {
        bool: st.booleans(),
        int: st.integers(max(int(unit.low), -1000), min(int(unit.high), 100_000)),
        float: st.floats(max(unit.low, -1000), min(unit.high, 1000), allow_nan=False),
        str: WORD,
    }
    found = [kinds[one] for one in unit.types if one in kinds]
    return st.one_of(found) if found else st.dictionaries(st.just("x-odd"), st.sampled_from(["a b", 3, 0.5]))


@st.composite
def a_fault(draw, of, call):
    name = draw(st.sampled_from(sorted(FAULTS)))
    made = FAULTS[name]
    if made is wire:
        return wire(draw(st.sampled_from([each.id for each in entries() if wire(each.id).fits(call, of) is None])))
    given_ = {
        one.name: draw(drawn_unit(one.metadata["unit"]))
        for one in dataclasses.fields(made)
        if one.metadata.get("unit") and (one.name == made.shorthand or draw(st.booleans()))
    }
    if made.shorthand == "code" and "code" in given_:
        given_["code"] = draw(st.integers(400, 599))
    try:
        fault = made(**given_)
    except ValueError:
        fault = made(**{made.shorthand: given_[made.shorthand]} if made.shorthand else {})
    if fault.fits(call, of) is not None:
        fault = FAULTS["reset"]()
    return fault


def some_entries(who):
    of, call = provider(who[0]), who[2]
    several = st.lists(a_fault(of, call), max_size=3, unique_by=lambda fault: fault.name).map(tuple)
    return st.lists(st.builds(Entry, several, st.none() | st.integers(1, 9)), max_size=3).map(tuple)


def some_limits():
    count = st.none() | st.integers(1, 10**6)
    return st.builds(Limits, *[count] * len(dataclasses.fields(Limits))) | st.none()


REFRESH = st.none() | st.lists(st.sampled_from(["ok", "refused", "hangs"]), min_size=1, max_size=3).map(tuple)
TOLD = WORD | st.builds(Contains, WORD)
REPLIES = st.builds(
    Reply,
    WORD,
    st.lists(st.builds(ToolCall, WORD, ARGUMENTS), max_size=2).map(tuple),
    WORD,
    st.none() | st.sampled_from(["stop", "length", "error"]),
    st.none() | st.tuples(COUNT, COUNT),
)
PAST = st.builds(
    HistoryMessage,
    st.sampled_from(["user", "assistant", "tool"]),
    WORD,
    st.lists(st.tuples(WORD, WORD, ARGUMENTS), max_size=2).map(tuple),
    st.none() | WORD,
)
HISTORY = st.lists(PAST, max_size=3).map(tuple) | st.builds(
    DrawnHistory, st.integers(1, 60), st.integers(60 * 40, 9000)
)
TOOLS = st.lists(
    st.builds(
        ScriptedTool,
        WORD,
        st.lists(st.builds(ToolOutput, WORD, st.booleans()), min_size=1, max_size=3).map(tuple),
    ),
    max_size=3,
    unique_by=lambda tool: tool.name,
).map(tuple)
ENV = st.dictionaries(
    NAME.filter(lambda name: not {"=", "\0"} & set(name)), st.none() | WORD.filter(lambda text: "\0" not in text)
).map(lambda found: tuple(found.items()))
BOUNDS = st.tuples(SECONDS, SECONDS).map(sorted).map(lambda two: Range(*two)) | st.builds(Range, SECONDS)
SWITCHED = st.builds(
    Switched, st.sampled_from(["client_error", "invalid_response", "retries_exhausted"]), st.none() | COUNT
) | st.builds(Switched, st.none(), COUNT)


def requests_like(models):
    paths = st.sampled_from(["body.model", "headers.x-odd", "body.messages.0.content"])
    return st.builds(
        RequestLike,
        st.integers(1, 9),
        st.sampled_from(["primary", "fallback"]),
        st.none() | st.sampled_from(models),
        st.none() | WORD,
        st.none() | st.sampled_from(["chat_completions", "codex_responses"]),
        st.dictionaries(paths, JSON, max_size=2).map(lambda found: tuple(found.items())),
        st.lists(paths, max_size=2).map(tuple),
    )


def expected_values(models, tools):
    """What each key of an `expect` may hold, `refused` apart: it has to be what the configuration says."""
    runs = st.dictionaries(st.sampled_from(tools), COUNT) if tools else st.just({})
    return {
        "outcome": st.sampled_from(["completed", "failed", "partial", "interrupted"]),
        "failure": st.sampled_from(["billing", "rate_limited", None]),
        "reply": TOLD,
        "user_sees": TOLD,
        "final_model": st.sampled_from(models),
        "exit_code": st.integers(0, 255),
        "warnings": st.lists(TOLD, max_size=2).map(tuple),
        "fallback": st.just("never") | SWITCHED,
        "calls": st.dictionaries(st.sampled_from(["primary", "fallback"]), COUNT).map(lambda n: tuple(n.items())),
        "order": st.text("PF", max_size=9),
        "compressions": COUNT,
        "refreshes": COUNT,
        "tool_runs": COUNT | runs.map(lambda found: tuple(found.items())),
        "waits_s": st.lists(SECONDS, max_size=4).map(tuple),
        "waited_s": BOUNDS,
        "ended_after_s": BOUNDS,
        "requests": st.lists(requests_like(models), max_size=2).map(tuple),
    }


def test_what_is_drawn_here_has_every_key_of_an_expect():
    assert expected_values(["m"], []).keys() | {"refused"} == EXPECTATIONS.keys()


@st.composite
def expectations(draw, models, tools, turn):
    values = expected_values(models, tools)
    keys = draw(st.lists(st.sampled_from(sorted(values)), unique=True, max_size=4))
    held = {key: draw(values[key]) for key in keys}
    if held.get("failure"):
        held["outcome"] = "failed"
    if turn is None:
        return [Expectation(key, value, NOWHERE, None) for key, value in held.items()]
    order = {"outcome": 0, "fallback": 1} if draw(st.booleans()) else {}
    return [Expectation(key, held[key], NOWHERE, turn) for key in sorted(held, key=lambda key: order.get(key, 2))]


@st.composite
def scenarios(draw):
    first = draw(st.sampled_from([PRIMARY, CODEX, NOUS]))
    # A fallback that is the primary itself is refused, and with it whatever expects a switch.
    second = draw(st.sampled_from([each for each in (OPENROUTER, CODEX) if each is not first]))
    config = {
        "model": {"provider": first[0], "default": first[1]},
        "fallback_model": {"provider": second[0], "model": second[1]},
    } | draw(st.sampled_from([{}, {"agent": {"api_max_retries": 2}}, {"display": {"streaming": True}}]))
    plans = draw(
        st.lists(
            st.builds(TurnPlan, WORD, st.sampled_from(["main", "12", "a: b"]), st.booleans(), st.none() | SECONDS),
            min_size=1,
            max_size=3,
        )
    )
    tools, models = draw(TOOLS), [first[1], second[1]]
    held = [
        each
        for turn in (*range(1, len(plans) + 1), None)
        for each in draw(expectations(models, [tool.name for tool in tools], turn))
    ]
    renewed = (REFRESH if first in (CODEX, NOUS) else st.none(), REFRESH if second is CODEX else st.none())
    return Scenario(
        id="",
        name=draw(WORD),
        place=NOWHERE,
        turns=tuple(plans),
        expectations=tuple(held),
        policy=Policy(None),
        config=json.dumps(config),
        clauses=tuple(draw(st.lists(st.sampled_from(["C1", "C20", "I11"]), max_size=2))),
        why=draw(WORD),
        env=draw(ENV),
        says=tuple(draw(st.lists(REPLIES, max_size=3))),
        primary=Side(draw(some_entries(first)), draw(some_limits()), draw(renewed[0])),
        fallback=Side(draw(some_entries(second)), draw(some_limits()), draw(renewed[1])),
        history=draw(HISTORY),
        tools=tools,
        target=HermesTarget(draw(st.sampled_from(["cli"]))),
        seed=draw(st.integers(0, 2**63)),
    )


@settings(max_examples=60)
@given(scenarios())
def test_what_somebody_drew_is_read_back_as_it_was(scenario):
    found = read_back(scenario_text(scenario))
    assert same(dataclasses.replace(found, policy=Policy(None))) == same(scenario)


@given(st.dictionaries(WORD, JSON, min_size=1, max_size=4))
def test_whatever_values_are_laid_out_another_reader_of_yaml_understands_them(values):
    assert read_plain(laid_out(values)) == values


def read_plain(text):
    from faultlab.loader.shapes import plain
    from faultlab.loader.tree import documents

    assert yaml.compose(text) is not None
    trees = documents(text, "made.yaml")
    return plain(trees[0])


@pytest.mark.parametrize(
    "target",
    [
        SdkTarget(),
        SdkTarget("responses", stream=True, is_async=True, max_retries=0),
        CallableTarget("scenarios.targets.two_clients:ask"),
        CallableTarget("scenarios.targets.two_clients:ask", ("localhost:5432", "db.example")),
        CommandTarget(("{python}", "-m", "hermes_agent", "{user}")),
        CommandTarget(("true",), 2.5),
    ],
    ids=str,
)
def test_every_target_is_read_back(target):
    text = scenario_text(dataclasses.replace(read_back(SHORT), target=target))
    assert read_back(text).target == target


SHORT = "name: A scenario\nturns:\n  - user: ping\n"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("faults: {primary: [{rate_limit: {retry_after_s: 1}, times: 6}]}", None),
        ("faults: {primary: [ok, payment_required, {wire: groq.429.tokens_per_minute}]}", None),
        ("faults: {primary: [{ok: {}, times: 5}, {slow: {first_s: 2}, cut: {after_events: 3}}]}", None),
        ("refresh: [ok, refused]\nconfig: {model: {provider: nous, default: h}}", "refresh: [ok, refused]"),
        ("history: {messages: 60, tokens: 9000}", None),
        ("tools: {read_file: three apples, now: {error: no clock}}", None),
        ("entry: gateway", None),
        ("seed: 7", None),
        ("why: It is so, as it was.", None),
        ('why: "a: b"', None),
        ("target: sdk", None),
    ],
)
def test_it_reads_as_if_somebody_had_written_it(written, shown):
    text = scenario_text(read_back(SHORT + written + "\n"))
    assert (shown or written) + "\n" in text


def test_keys_stand_in_the_order_of_the_format_and_what_is_left_out_stays_out():
    text = scenario_text(read_back(SHORT + "seed: 3\nfaults: {fallback: [], primary: [reset]}\nsays: [hi]\n"))
    assert (
        text
        == """name: A scenario
says: [hi]
faults: {primary: [reset]}
seed: 3
turns:
  - {user: ping}
"""
    )


def test_long_lines_are_broken_where_the_keys_are():
    faults = ", ".join(f"{{wire: openai.{n}}}" for n in ["429.tokens_per_min", "429.requests_per_day"] * 2)
    text = scenario_text(read_back(SHORT + f"faults: {{primary: [{faults}], fallback: [reset]}}\n"))
    assert "faults:\n  primary:\n    - {wire: openai.429.tokens_per_min}\n" in text
    assert "\n  fallback: [reset]\n" in text


def test_a_long_sentence_is_broken_between_words():
    scenario = dataclasses.replace(read_back(SHORT), why="a long sentence " * 20 + "ends")
    text = scenario_text(scenario)
    assert "\nwhy: >-\n  a long sentence" in text
    assert max(map(len, text.splitlines())) <= 120
    assert read_back(text).why == scenario.why


def test_what_stood_beside_another_file_is_named_from_where_it_is_written(tmp_path):
    (found,) = [each for each in load(SCENARIOS / "recorded") if each.cassette][:1]
    moved = read_back(scenario_text(found, folder=tmp_path), tmp_path)
    assert Path(moved.cassette.path).samefile(found.cassette.path)
    assert moved.cassette.match_on == found.cassette.match_on
    (program, *_) = load(SCENARIOS / "targets" / "a_program_of_one_s_own.yaml")
    argv = read_back(scenario_text(program, folder=tmp_path), tmp_path).target.argv
    assert argv == ("{python}", f"{SCENARIOS}/targets/ask.py", "{user}")


@pytest.mark.parametrize("match_on", [("method",), tuple(MATCHERS)[:2]])
def test_what_recordings_are_told_apart_by_is_read_back(match_on):
    (found,) = [each for each in load(SCENARIOS / "recorded") if each.cassette][:1]
    cassette = dataclasses.replace(found.cassette, match_on=tuple(match_on))
    text = scenario_text(dataclasses.replace(found, cassette=cassette))
    assert read_back(text, SCENARIOS / "recorded").cassette == cassette


@holds_for(of_files, lambda one: f"{one[0]}::{one[1].id}")
def test_no_key_that_was_made_up_for_a_scenario_stands_in_its_text(one):
    _, scenario = one
    said = {value for _, value in scenario.env if value} | {scenario.config}
    made = {value for _, value in scenario.policy.environ} | {scenario.policy.primary.key}
    text = scenario_text(scenario)
    assert not [key for key in made if len(key) > 8 and key in text and not any(key in one for one in said)]


@pytest.mark.parametrize(
    "change",
    [
        {"says": (Reply("x", shape=Shape.NO_CHOICES),)},
        {"says": (Reply("x", error=ApiError("no")),)},
        {"says": (Reply(None),)},
        {"primary": Side((Entry((FAULTS["reset"](), FAULTS["reset"]())),))},
        {"why": "half \ud83d"},
        {"config": json.dumps({"model": 10**400})},
    ],
    ids=str,
)
def test_what_no_file_can_hold_is_refused(change):
    with pytest.raises(HarnessError):
        scenario_text(dataclasses.replace(read_back(SHORT), **change))
