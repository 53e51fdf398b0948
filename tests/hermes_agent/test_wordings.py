"""The tables hold what somebody sends and nothing else; what the status alone does not tell, they tell.

Held against the catalogue, entry by entry, and against what the HTTP libraries say of a connection.
"""

import json
import re
from itertools import chain, combinations
from pathlib import Path

import pytest

import faultlab
from faultlab.adapters.base import Ending, Failing
from faultlab.adapters.failures import failure
from faultlab.adapters.transport import installed_library
from faultlab.providers import entries
from faultlab.wire import Data
from hermes_agent import failures, wordings
from hermes_agent.error_bodies import read_error
from hermes_agent.messages import Asked
from tests.promise import holds_for

VERDICTS = json.loads((Path(faultlab.__file__).parent / "providers" / "kinds.json").read_text("utf-8"))
CODES = {name: getattr(wordings, name) for name in wordings.__all__ if name.endswith("_CODES")}
WORDS = {name: getattr(wordings, name) for name in wordings.__all__ if name.endswith("_WORDS")}
FINISHES = {name: getattr(wordings, name) for name in wordings.__all__ if name.endswith("_FINISHES")}

ALSO_SEEN = {
    "is too large: 10. This model's maximum context length is 9 tokens and your request has 2 input tokens": "vLLM",
    "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000": "Anthropic",
    "Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768 maximum context length": "Mistral",
    "The prompt is too long: 40000, model maximum context length: 32768": "Fireworks, whose bodies are inferred",
    "This model's maximum prompt length is 131072 but the request contains 140000 tokens.": "xAI",
    "Your account a<b> request reached organization TPD rate limit, current: 1505241, limit: 1500000": "Moonshot's day",
    "This request would exceed your account's monthly spend limit.": "Anthropic",
    "You have reached your specified API usage limits.": "Anthropic",
    "Third-party apps now draw from your extra usage, not your plan limits.": "Anthropic's plans",
    "Extra usage is required for long context requests.": "Anthropic's plans",
    "Selected model is at capacity. Please try a different model.": "Codex",
    "GenerateRequestsPerDayPerProjectPerModel-FreeTier": "Gemini's day, where the catalogue has its minute",
    "[SSL] record layer failure": "OpenSSL 3, where plain HTTP answers",
    "[SSL: PACKET_LENGTH_TOO_LONG] packet length too long": "OpenSSL 3.4, where plain HTTP answers",
}
"""Wordings without an entry in the catalogue → whose they are."""

ALSO_KNOWN = {
    "content_filter": "the finish reason that OpenAI documents",
    "content_policy_violation": "OpenAI's code for a refused prompt, documented with its images",
    "deadline_exceeded": "one of Google's status names",
    "in_flight_budget_exhausted": "OpenRouter's 402 for too much at once",
    "internal": "one of Google's status names",
    "invalid_prompt": "a code of the Responses API, in the SDK's own list",
    "json_validate_failed": "Groq's tool_use_failed, for an answer in JSON",
    "openrouter_in_flight_budget": "OpenRouter's 402 for too much at once",
    "output_parse_failed": "Groq's tool_use_failed, for any answer",
    "permission_denied": "one of Google's status names",
    "sensitive": "Z.ai's finish reason, as a code",
    "slow_down": "a code beside server_is_overloaded in the Codex client",
    "timeout_error": "one of Anthropic's error types",
    "token_expired": "Codex, in a header that the client does not show",
    "unauthenticated": "one of Google's status names",
}
"""Codes and finish reasons without an entry in the catalogue → whose they are."""

TOLD_BY = {
    "rate_limited": ("THROTTLING",),
    "billing": ("BILLING",),
    "overloaded": ("OVERLOADED", "CAPACITY"),
    "invalid_response": ("UNUSABLE_OUTPUT",),
    "server_error": ("CRASHED",),
    "bad_request": ("POLICY",),
    "context_overflow": ("SIZE", "OVERFLOW"),
    "output_too_large": ("SIZE", "AFFORDABLE"),
    "payload_too_large": ("RATE_TOO_SMALL",),
}
"""Kind → the tables that tell it whatever the status says."""


def documents(entry):
    """The bodies that an entry sends: one, or those of a stream's events."""
    data = [event.data.decode() for event in entry.example() if isinstance(event, Data)]
    for text in [block.partition("data: ")[2] or block for block in data]:
        try:
            yield json.loads(text)
        except ValueError:
            yield text


def parts(document):
    """The document, its choices, its message and the response within it: wherever an error may stand."""
    if isinstance(document, dict):
        yield from (document, document.get("response"))
        yield from document.get("choices") or ()


def reports(entry):
    """What each error in an entry says."""
    found = [part["error"] for whole in documents(entry) for part in parts(whole) if part and part.get("error")]
    return [read_error(error) for error in found or (documents(entry) if entry.status not in (None, 200) else ())]


def finish_reasons(entry):
    """Those of an entry's answer."""
    found = [part for whole in documents(entry) for part in parts(whole) if part]
    return {part.get("finish_reason") for part in found} - {None}


def kind_of(status):
    """What a status says without a word."""
    error = RuntimeError(f"Error code: {status}")
    error.status_code = status
    return failures.from_exception(error, Asked(estimate=0)).kind


def said_by_status(entry):
    """The kind that the status says; None where there is none, or an answer."""
    return None if entry.status in (None, 200) else kind_of(entry.status)


def said_by_code(report):
    """The kind that a code says where no status is at hand; without one that is known, the provider's own failure."""
    statuses = [number for code, number in wordings.STATUS_OF_CODE.items() if code in report.codes]
    return kind_of(report.status or next(iter(statuses), 500))


ENTRIES = {entry.id: entry for entry in entries()}
SAID = {name: reports(entry) for name, entry in ENTRIES.items()}
SENT_CODES = {code for said in SAID.values() for report in said for code in report.codes}
SENT_FINISHES = {reason for entry in ENTRIES.values() for reason in finish_reasons(entry)}
SENT_TEXTS = [report.text for said in SAID.values() for report in said]
SENT_TEXTS += [str(failure(installed_library(), Ending(how))) for how in Failing]


def tables(kind):
    """The codes and the wordings that tell a kind."""
    names = TOLD_BY.get(kind, ())
    return (
        frozenset().union(*(CODES.get(f"{name}_CODES", ()) for name in names)),
        [pattern for name in names for pattern in WORDS.get(f"{name}_WORDS", ())],
    )


def told(report, kind):
    """Whether the tables find this kind in what an error says."""
    codes, words = tables(kind)
    return not codes.isdisjoint(report.codes) or any(pattern.search(report.text) for pattern in words)


@holds_for(lambda: chain.from_iterable(WORDS.values()), lambda pattern: pattern.pattern[:60])
def test_every_wording_is_one_that_somebody_sends(pattern):
    assert any(pattern.search(text) for text in (*SENT_TEXTS, *ALSO_SEEN))


def test_every_code_is_one_that_somebody_sends():
    codes = set().union(*CODES.values(), wordings.STATUS_OF_CODE)
    finishes = set().union(*FINISHES.values())
    assert (codes - SENT_CODES) | (finishes - SENT_FINISHES) == ALSO_KNOWN.keys()


@pytest.mark.parametrize("text", ALSO_SEEN)
def test_what_is_listed_beside_the_catalogue_is_needed(text):
    needed = [pattern for patterns in WORDS.values() for pattern in patterns if pattern.search(text)]
    assert any(not any(pattern.search(sent) for sent in SENT_TEXTS) for pattern in needed)


OTHERWISE = [name for name, entry in ENTRIES.items() if said_by_status(entry) != VERDICTS[name]["kind"]]
AS_THE_STATUS_SAYS = [name for name in ENTRIES if name not in OTHERWISE]
OF_SIZE_MONEY_OR_POLICY = ["billing", "bad_request", "context_overflow", "output_too_large", "payload_too_large"]


@holds_for(lambda: [name for name in OTHERWISE if SAID[name]], str)
def test_what_the_status_does_not_tell_the_error_tells(name):
    kind = VERDICTS[name]["kind"]
    assert any(told(report, kind) or said_by_code(report) == kind for report in SAID[name])


@holds_for(lambda: AS_THE_STATUS_SAYS, str)
def test_what_the_status_tells_no_wording_denies(name):
    others = [kind for kind in OF_SIZE_MONEY_OR_POLICY if kind != VERDICTS[name]["kind"]]
    assert [kind for kind in others for report in SAID[name] if told(report, kind)] == []


@pytest.mark.parametrize("name", CODES)
def test_codes_are_written_as_they_are_compared(name):
    assert all(code == code.lower().strip() for code in CODES[name])


@pytest.mark.parametrize(("one", "other"), list(combinations([*CODES, "STATUS_OF_CODE"], 2)))
def test_no_code_says_two_things(one, other):
    assert set(getattr(wordings, one)).isdisjoint(getattr(wordings, other))


def test_codes_without_a_status_stand_for_one():
    assert all(400 <= status < 600 for status in wordings.STATUS_OF_CODE.values())
    assert not any(re.fullmatch("[45][0-9]{2}", code) for code in wordings.STATUS_OF_CODE)
