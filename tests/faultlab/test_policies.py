"""What a planned fault is in the contract's words, held against what the real client makes of it."""

import pickle
from functools import partial
from types import SimpleNamespace

import openai
import pytest

from faultlab import faults
from faultlab.adapters.transport import installed_library, transport
from faultlab.clock import START, VirtualClock
from faultlab.contract import FAILURES
from faultlab.errors import ScenarioError
from faultlab.faults import FAULTS, inject
from faultlab.healthy import rendered
from faultlab.policies import UNSAID, hermes_rules, kind_of, read_rules
from faultlab.policies.asked import Asked
from faultlab.policies.kinds import meaning_of
from faultlab.policies.rules import Rules
from faultlab.providers import entries, names, provider
from faultlab.providers.kinds import judged
from faultlab.script import Reply, ToolCall
from faultlab.wire import Request
from hermes_agent import failures
from hermes_agent.api_modes import API_MODES
from hermes_agent.cli import _EXIT
from hermes_agent.messages import Asked as AskedOfAgent
from hermes_agent.messages import Outcome
from hermes_agent.settings import AgentSettings
from tests.promise import holds_for

PROVIDERS = [name for name in names() if name != "connection"]
CALLING = Reply("Some words are said", (ToolCall("lookup", '{"city": "Rome"}'),))
SPEAKING = Reply("Some words that are said by somebody healthy")


def plain(name):
    return FAULTS[name]() if name != "wire" else faults.wire("openai.500.server_error")


# Their words, or another fault beside them, decide: a policy says nothing of them.
CANNOT_BE_SAID = {
    "status: its own body": (faults.status(400, body={"error": {"message": "no"}}),),
    "error_in_200: its own words": (faults.error_in_200(message="no"),),
    "error_event: its own words": (faults.error_event(message="no"),),
    "responses_failed: a code of nobody's": (faults.responses_failed("whatever"),),
    "cut: somewhere in a stream": (faults.cut(after_events=3),),
    "stall: somewhere in a stream": (faults.stall(after_events=3),),
    "bad_tool_arguments: a later call": (faults.bad_tool_arguments(call=2),),
    "two that break the same bytes": (faults.rate_limit(), faults.cut()),
    "two that change the same words": (faults.length(), faults.empty_content()),
    "an answer of the wrong shape, to a full window": (faults.no_choices(),),
}


def test_every_fault_is_something_whoever_sends_it():
    def unanswered(name):
        return [
            (name, of, dialect, streamed)
            for of in PROVIDERS
            for dialect in ("chat", "responses")
            for streamed in (False, True)
            if plain(name).fits(dialect, provider(of)) is None
            and kind_of(plain(name), of, dialect, streamed=streamed) == UNSAID
        ]

    assert [found for name in FAULTS for found in unanswered(name)] == []


@pytest.mark.parametrize("why", CANNOT_BE_SAID)
def test_what_depends_on_more_is_not_guessed(why):
    assert kind_of(CANNOT_BE_SAID[why], "openai", "chat", streamed=True, window=1001) == UNSAID


def test_an_entry_is_what_it_was_judged_to_be():
    def differs(entry):
        rows = judged(entry.id)
        return len(rows) == 1 and kind_of(faults.wire(entry.id), "openai", entry.call, streamed=entry.streamed) not in {
            rows[0].kind,
            "context_overflow" if rows[0].kind == "output_too_large" else rows[0].kind,
        }

    assert [entry.id for entry in entries() if differs(entry)] == []


SIZES = {"max_tokens": 4096, "has_calls": False}


def cases():
    for name in FAULTS:
        for dialect in ("chat", "responses"):
            if plain(name).fits(dialect, provider("openai")) is None:
                for streamed in (False, True):
                    yield plain(name), Asked("openai", dialect, streamed)
                    yield plain(name), Asked("openai", dialect, streamed, **SIZES)


@holds_for(cases, named=lambda case: f"{case[0].name}, {case[1]}")
def test_what_it_is_called_is_what_comes_of_it_behind_the_client(case):
    fault, asked = case
    assert meaning_of((fault,), asked) == _recognised(fault, asked)


def _recognised(fault, asked):
    """What the agent's own recognition makes of it, behind the real client."""
    moment = asked.moment()
    reply = CALLING if asked.has_calls else SPEAKING
    events, _ = inject((fault,), Request("POST", "", {}, b""), moment, reply, partial(rendered, moment))
    failure = _failure(events, asked)
    if failure is None:
        return (None, None, None, False)
    return (failure.kind, failure.limit_tokens, failure.fits_max_tokens, failure.for_money)


def _failure(events, asked):
    wire = SimpleNamespace(
        answer=lambda request, _key=None: SimpleNamespace(exchange=_Exchange(request), events=events)
    )
    http = installed_library().Client(transport=transport(wire, VirtualClock()), follow_redirects=False)
    client = openai.OpenAI(api_key="sk-test", base_url="http://provider.test/v1", max_retries=0, http_client=http)
    mode = API_MODES["chat_completions" if asked.dialect == "chat" else "codex_responses"]
    question = {"messages": [{"role": "user", "content": "hi"}]} if asked.dialect == "chat" else {"input": "hi"}
    streamed = {"stream": True} if asked.streamed else {}
    of_agent = AskedOfAgent(asked.estimate, asked.max_tokens, asked.window, START)
    try:
        reply = mode.read(mode.call(client, {"model": "m"} | question | streamed, show=len))
    except Exception as error:  # noqa: BLE001  # whatever the client raises is what is recognised
        return failures.from_exception(error, of_agent)
    return failures.judge(reply, of_agent)


class _Exchange:
    def __init__(self, request):
        self.request, self.started_s, self.ended_s, self.status = request, 0.0, 0.0, None


HERMES = hermes_rules()


def test_the_contract_s_own_table_has_a_line_for_every_kind_and_says_what_comes_first():
    assert {row.name for row in HERMES.rows} == {*FAILURES, "no_failure"}
    assert HERMES.knows_the_agent
    assert pickle.loads(pickle.dumps(HERMES)) == HERMES  # noqa: S301  # our own


def test_what_a_policy_of_ones_own_leaves_out_is_as_in_the_table():
    sections = ("budget", "waits", "compression", "pieces", "timeouts")
    assert [getattr(Rules(""), name) for name in sections] == [getattr(HERMES, name) for name in sections]


def test_what_the_table_quotes_of_the_agent_is_what_it_says():
    assert HERMES.texts.system_prompt == AgentSettings().system_prompt
    assert {Outcome(name): code for name, code in HERMES.exit_codes} == _EXIT
    assert (HERMES.budget.attempts, HERMES.timeouts.read_s) == (6, AgentSettings().request_timeout_s)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: mine\n", ":1:1: the key 'failures' is missing"),
        ("name: mine\nfailures: {}\n", ":2:11: expected a mapping from failure kinds or faults to what is to come"),
        ("name: mine\nfailures: {rate_limitd: never}\n", ":2:12: unknown failure kind or fault 'rate_limitd'; did you"),
        (
            "name: mine\nfailures: {rate_limited: {after_call: 3}}\n",
            "unknown key 'after_call'; did you mean 'after_calls'?",
        ),
        ("name: mine\nfailures: {rate_limited: {after_calls: 0}}\n", ":2:40: expected a whole number from 1, found 0"),
        ("name: mine\nfailures: {billing: {first: swich}}\n", "unknown first answer 'swich'; did you mean 'switch'?"),
        ("name: mine\nfailures: {billing: maybe}\n", ":2:21: expected never, or a mapping of first, reason, after_"),
        ("name: mine\nfailures: {billin: never}\n", "allowed: bad_gateway, bad_request, bad_tool_arguments, billing"),
        ("name: mine\nfailures: {billing: {switch: never, after_calls: 1}}\n", "what never switches has neither"),
        ("name: mine\nlike: somebody\nfailures: {billing: never}\n", ":2:7: unknown policy 'somebody'"),
        ("name: mine\n---\nname: yours\n", "a policy file holds one document, and this one 2"),
    ],
)
def test_what_cannot_be_used_of_a_policy_file_is_told_with_its_place(tmp_path, text, told):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ScenarioError) as refused:
        read_rules(tmp_path / "mine.yaml")
    assert told in str(refused.value)


def test_a_policy_like_the_agent_s_says_only_what_is_to_be_otherwise(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "name: impatient\nlike: hermes\nbudget: {attempts: 2}\nexit_codes: {failed: 3}\n"
        "failures:\n  rate_limited: {first: switch, reason: client_error}\n"
    )
    rules = read_rules(tmp_path / "mine.yaml")
    assert rules.row("rate_limited").first == "switch"
    assert rules.row("rate_limited").told == HERMES.row("rate_limited").told
    assert rules.row("overloaded").first == "retry"
    assert (rules.budget.attempts, rules.budget.call_s) == (2, HERMES.budget.call_s)
    assert dict(rules.exit_codes) == dict(HERMES.exit_codes) | {"failed": 3}
    assert rules.row_at(rules.place("overloaded")).name == "overloaded"
