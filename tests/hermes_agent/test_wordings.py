"""No code and no wording stands in the tables that nothing is known to send, and none says two things."""

import json
import re
from itertools import combinations
from pathlib import Path

import pytest

from hermes_agent import wordings
from hermes_agent.error_bodies import read_error

WIRE = json.loads((Path(__file__).parent / "wire_kinds.json").read_text("utf-8"))

# Documented or seen, without a place among the wire facts.
ALSO_SEEN = [
    "is too large: 10. This model's maximum context length is 9 tokens and your request has 2 input tokens",
    "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000",
    "Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    "The prompt is too long: 40000, model maximum context length: 32768",
    "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
    "Your account a<b> request reached organization TPD rate limit, current: 1505241, limit: 1500000",
    "Rate limit reached for gpt-4 in organization o on requests per day (RPD): Limit 200, Used 200",
    "This request would exceed your account's monthly spend limit.",
    "You have reached your specified API usage limits.",
    "Third-party apps now draw from your extra usage, not your plan limits.",
    "Extra usage is required for long context requests.",
    "Selected model is at capacity. Please try a different model.",
    "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    "illegal status line: bytearray(b'x')",
    "407 Proxy Authentication Required",
]
CODES = {name: getattr(wordings, name) for name in wordings.__all__ if name.endswith("_CODES")}
WORDS = {name: getattr(wordings, name) for name in wordings.__all__ if name.endswith("_WORDS")}


def said(entry):
    """The bodies and texts of one wire fact, its events' errors included."""
    yield entry.get("json", entry.get("text"))
    yield entry.get("raises", [None])[-1]
    for block in entry.get("sse", []):
        _, _, data = block.partition("data: ")
        yield data[data.find('"error":') + len('"error":') :] if '"error":' in data else None


REPORTS = [read_error(body) for body in [*(body for entry in WIRE for body in said(entry)), *ALSO_SEEN]]
TEXTS = [report.text for report in REPORTS]


@pytest.mark.parametrize(
    "pattern",
    [pattern for patterns in WORDS.values() for pattern in patterns],
    ids=lambda pattern: pattern.pattern[:60],
)
def test_every_wording_is_one_that_somebody_sends(pattern):
    assert any(pattern.search(text) for text in TEXTS)


@pytest.mark.parametrize("name", CODES)
def test_codes_are_written_as_they_are_compared(name):
    assert all(code == code.lower().strip() for code in CODES[name])


@pytest.mark.parametrize(("one", "other"), list(combinations([*CODES, "STATUS_OF_CODE"], 2)))
def test_no_code_says_two_things(one, other):
    assert set(getattr(wordings, one)).isdisjoint(getattr(wordings, other))


def test_codes_without_a_status_stand_for_one():
    assert all(400 <= status < 600 for status in wordings.STATUS_OF_CODE.values())
    assert not any(re.fullmatch("[45][0-9]{2}", code) for code in wordings.STATUS_OF_CODE)
