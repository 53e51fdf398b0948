"""What an error says of sizes: which of them is too large, by the numbers that the provider names (contract section 1).

Nothing here knows a status or an exception.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hermes_agent.error_bodies import ErrorReport
from hermes_agent.messages import Asked, FailureKind
from hermes_agent.wordings import AFFORDABLE_WORDS, OVERFLOW_CODES, RATE_TOO_SMALL_WORDS, SIZE_WORDS

__all__ = ["TooLarge", "read_size"]

_OUTPUT_PART = re.compile("completion|output", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A refusal for size; the fields are those of `Failure`."""

    kind: FailureKind
    limit_tokens: int | None = None
    fits_max_tokens: int | None = None
    for_money: bool = False


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What the provider names: its window, the prompt, the output; `of_both` that it speaks of the two together."""

    limit: int | None = None
    prompt: int | None = None
    output: int | None = None
    of_both: bool = False


def read_size(report: ErrorReport, asked: Asked) -> TooLarge | None:
    """What is too large, or None if the error is not about size."""
    affordable = _first(AFFORDABLE_WORDS, report.text)
    if affordable:
        return TooLarge(FailureKind.OUTPUT_TOO_LARGE, None, int(affordable["fits"]), for_money=True)
    if _first(RATE_TOO_SMALL_WORDS, report.text):
        return TooLarge(FailureKind.PAYLOAD_TOO_LARGE)
    said = _first(SIZE_WORDS, report.text)
    if said is None and OVERFLOW_CODES.isdisjoint(report.codes):
        return None
    groups = said.groupdict() if said else {}
    if groups.get("fits"):
        return TooLarge(FailureKind.OUTPUT_TOO_LARGE, None, int(groups["fits"]))
    return _judge(_numbers(groups, report, asked), asked)


def _judge(numbers: _Numbers, asked: Asked) -> TooLarge:
    limit, prompt = numbers.limit, numbers.prompt
    if limit is not None and prompt is not None and numbers.output and prompt < limit:
        return TooLarge(FailureKind.OUTPUT_TOO_LARGE, limit, limit - prompt)
    if numbers.of_both and prompt is None and asked.max_tokens is not None:
        return TooLarge(FailureKind.OUTPUT_TOO_LARGE, limit)
    return TooLarge(FailureKind.CONTEXT_OVERFLOW, limit)


def _numbers(groups: dict[str, str | None], report: ErrorReport, asked: Asked) -> _Numbers:
    named = {name: int(value) for name, value in groups.items() if value and value.isdecimal()}
    limit, prompt, output = named.get("limit", _window(report)), named.get("prompt"), named.get("output")
    if groups.get("parts"):
        prompt, output = _parts(str(groups["parts"]))
    elif "total" in named and asked.max_tokens is not None:
        prompt, output = named["total"] - asked.max_tokens, asked.max_tokens
    elif "at_least" in named and named["at_least"] >= named["limit"]:
        prompt = named["at_least"]
    return _Numbers(limit, prompt, output, of_both=bool(output or groups.get("sum")))


def _parts(parts: str) -> tuple[int, int]:
    """Prompt and output out of "60833 of text input, 10042 of tool input, 21333 in the output"."""
    sizes = [(int(size), bool(_OUTPUT_PART.search(what))) for size, what in re.findall(r"(\d{1,12}) ([^,;]*)", parts)]
    return sum(size for size, is_output in sizes if not is_output), sum(size for size, is_output in sizes if is_output)


def _window(report: ErrorReport) -> int | None:
    """llama.cpp's own field."""
    window = report.field("n_ctx")
    return window if type(window) is int and window > 0 else None


def _first(words: tuple[re.Pattern[str], ...], text: str) -> re.Match[str] | None:
    return next((match for pattern in words if (match := pattern.search(text))), None)
