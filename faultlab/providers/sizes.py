"""How large a request is, and the window that it does not fit: prompt, output and their sum agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from faultlab.providers.occasion import DEFAULT_OUTPUT, Occasion

__all__ = ["SIZES", "Numbers"]


class Numbers(Protocol):
    """What a size is made from."""

    def __getitem__(self, quantity: str) -> Any:
        """Another number of the same error."""

    def seen(self, quantity: str, otherwise: int = 0) -> int:
        """A number of the example."""

    @property
    def asked(self) -> Occasion:
        """What was asked."""


def _overflows(figures: Numbers) -> bool:
    """Whether the prompt alone is above the window, as it was in the example."""
    prompt = figures.seen("prompt") or figures.seen("text_input") + figures.seen("tool_input")
    total_only = not prompt and not figures.seen("output")
    return total_only or prompt > (figures.seen("window") or figures.seen("batch"))


def _prompt(figures: Numbers) -> int:
    return max(2, figures.asked.estimate)


def _window(figures: Numbers) -> int:
    """Below the prompt, or below prompt and output together; the room that is left is not the half that one guesses."""
    prompt: int = figures["prompt"]
    output: int = figures["output"]
    return prompt * 3 // 4 if _overflows(figures) else prompt + max(1, output * 3 // 4)


def _output(figures: Numbers) -> int:
    asked = figures.asked.max_tokens
    if asked is not None:
        return asked
    return 0 if _overflows(figures) else figures.seen("output", DEFAULT_OUTPUT)


SIZES: Final[Mapping[str, Callable[[Numbers], Any]]] = {
    "prompt": _prompt,
    "window": _window,
    "batch": _window,
    "output": _output,
    "total": lambda figures: figures["prompt"] + figures["output"],
    "over": lambda figures: max(1, figures["prompt"] - figures["window"]),
    "tool_input": lambda figures: figures["prompt"] * 3 // 10,
    "text_input": lambda figures: figures["prompt"] - (figures["tool_input"] if figures.seen("tool_input") else 0),
    "prompt_at_least": lambda figures: max(1, figures["window"] - figures["output"] + 1),
    "total_at_least": lambda figures: figures["prompt_at_least"] + figures["output"],
    "output_limit": lambda figures: max(1, figures["window"] - figures["prompt"]),
    "affordable": lambda figures: max(1, figures["output"] * 5 // 6),
    "affordable_before": lambda figures: max(1, figures["affordable"] // 8),
    "affordable_prompt": lambda figures: max(1, figures["prompt"] * 2 // 5),
}
"""Size → how it is made where nobody states it, in tokens."""
