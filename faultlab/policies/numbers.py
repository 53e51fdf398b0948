"""What a refusal for size says in numbers, read as the contract reads them: the prompt is too large, or the output is.

Works on what an entry of the catalogue shows of its numbers. Knows no words, and no agent.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from faultlab.providers import Entry, Figures, Occasion

__all__ = ["Size", "size_of"]

_WINDOWS: Final = ("window", "batch")
_PROMPTS: Final = ("prompt", "text_input", "tool_input")
_NOT_A_SIZE: Final = frozenset({"limit", "requested"})
"""What a rate limit states: it is no window."""


class Size(NamedTuple):
    """A failure of size: its kind, the window that it names, the output that it says would fit, whether for money."""

    kind: str
    limit_tokens: int | None = None
    fits_max_tokens: int | None = None
    for_money: bool = False


def size_of(entry: Entry, occasion: Occasion) -> Size | None:
    """What the numbers of this entry say on this occasion; None where it shows none that decide."""
    shown, told = entry.seen, Figures(occasion, entry.seen, entry.of)
    if "affordable" in shown:
        return Size("output_too_large", None, told["affordable"], for_money=True)
    if "output_limit" in shown:
        return Size("output_too_large", None, told["output_limit"])
    window = next((told[name] for name in _WINDOWS if name in shown), None)
    if window is None or not _NOT_A_SIZE.isdisjoint(shown):
        return None
    return _compared(window, *_prompt_and_output(entry, told, occasion.max_tokens), occasion.max_tokens)


def _compared(window: int, prompt: int | None, output: int, asked: int | None) -> Size:
    """Section 1: the output is too large while the prompt alone fits; without a prompt, if the request set one."""
    if prompt is not None and output and prompt < window:
        return Size("output_too_large", window, window - prompt)
    if prompt is None and output and asked is not None:
        return Size("output_too_large", window)
    return Size("context_overflow", window)


def _prompt_and_output(entry: Entry, told: Any, asked: int | None) -> tuple[int | None, int]:
    """The prompt that is named (None: only a bound of it, or none), and the output."""
    shown = entry.seen
    named = [told[name] for name in _PROMPTS if name in shown and not (name == "prompt" and "text_input" in shown)]
    if named:
        return sum(named), told["output"] if "output" in shown else 0
    if "prompt_at_least" in shown:
        at_least: int = told["prompt_at_least"]
        return at_least if at_least >= told["window"] else None, told["output"]
    if "total" in shown and asked is not None:
        return told["total"] - asked, asked
    return None, 0
