"""The page of the API: whatever a test imports, from signatures and docstrings."""

import inspect
from collections.abc import Iterator
from typing import Any

import faultlab
from docs.generator.code import attributes, held, members, paragraphs, signature
from faultlab import errors, pytest_plugin
from faultlab.clock import VirtualClock
from faultlab.content import Personal, PersonalPrompt, value_for
from faultlab.content.provider import ModelProvider
from faultlab.failover import FailoverTrace
from faultlab.fake_provider import FakeProvider
from faultlab.findings import Attempts, Finding, Switch, Waits
from faultlab.lasting import Lasting
from faultlab.limits import Limits
from faultlab.script import Reply, ToolCall
from faultlab.trace import Exchange
from faultlab.wire import Request

SECTIONS: dict[str, tuple[Any, ...]] = {
    "The lab": (faultlab.Lab, FakeProvider, Lasting),
    "What a model says, and its limits": (Reply, ToolCall, Limits),
    "What happened": (FailoverTrace, Switch, Finding, Attempts, Waits, Exchange, Request),
    "Time": (VirtualClock,),
    "Scenarios": (faultlab.load, faultlab.run, faultlab.Scenario, faultlab.Verdict),
    "Made-up content": (ModelProvider, PersonalPrompt, Personal, value_for),
}

HEADING = """\
# API

What a test imports. `from faultlab import {names}` is the door; what else stands here is what these
give back or take. The constructors of `faultlab.faults` have [a page of their own](faults.md).

This page is made from the code: `make reference`.
"""


def page() -> str:
    """The whole page."""
    parts = [HEADING.format(names=", ".join(sorted(faultlab.__all__)))]
    for title, things in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts += ["\n".join(_told(thing)) for thing in things]
    return "\n".join([*parts, *_pytest(), *_errors()])


def _told(thing: Any) -> Iterator[str]:
    yield f"### `{thing.__name__}`\n"
    yield f"`{_imported(thing)}`\n"
    if not inspect.isclass(thing) or (not attributes(thing) and not issubclass(thing, tuple | int)):
        yield f"`{signature(thing.__name__, thing)}`\n"
    yield f"{paragraphs(thing)}\n"
    if inspect.isclass(thing):
        yield from _parts(thing)


def _imported(thing: Any) -> str:
    """How a test gets it."""
    home = "faultlab" if thing.__name__ in faultlab.__all__ else thing.__module__
    return f"from {_DOORS.get(home, home)} import {thing.__name__}"


_DOORS = dict.fromkeys(
    ("faultlab.content.personal", "faultlab.content.provider", "faultlab.content.schema"), "faultlab.content"
)
"""Module → the folder that hands out what stands in it."""


def _parts(thing: type) -> Iterator[str]:
    rows = [[f"`{text}`".replace("|", "\\|") if text else "" for text in row] for row in attributes(thing)]
    if rows:
        told = ["| field | type | left out |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
        yield "\n".join(told) + "\n"
    found = list(held(thing))
    if found:
        yield f"It holds {', '.join(f'`{each}`' for each in found)}.\n"
    yield from (f"**`{written}`**{f' — {told}' if told else ''}\n" for _, written, told in members(thing))


class _Options:
    """Takes down what a pytest plugin adds, as pytest's own parser would."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def getgroup(self, *_: str) -> "_Options":
        return self

    def addoption(self, name: str, *, help: str, metavar: str = "", **_: object) -> None:  # noqa: A002
        self.rows.append(f"| `{name}={metavar}` | command line | {help} |")

    def addini(self, name: str, help: str, *, default: object = "", **_: object) -> None:  # noqa: A002
        shown = f"; `{default}` when it is not set" if default != "" else ""
        self.rows.append(f"| `{name}` | ini file | {help}{shown} |")


def _pytest() -> Iterator[str]:
    options = _Options()
    pytest_plugin.pytest_addoption(options)  # type: ignore[arg-type]  # stands in for pytest's parser
    yield "## pytest\n"
    for name in pytest_plugin.__all__:
        if not name.startswith("pytest_"):
            fixture = getattr(pytest_plugin, name)
            yield f"### The fixture `{name}`\n\n{paragraphs(getattr(fixture, '__wrapped__', fixture))}\n"
    name, _, told = pytest_plugin._MARKER.partition(": ")  # noqa: SLF001 - the line that `pytest --markers` shows
    yield f"### The marker `faultlab`\n\n`@pytest.mark.{name}`\n\n{told[0].upper()}{told[1:]}\n"
    yield "\n".join(["### Options\n", "| option | where | |", "|---|---|---|", *options.rows]) + "\n"


def _errors() -> Iterator[str]:
    """The tree, as it is drawn in the module."""
    yield "## Errors\n"
    yield "From `faultlab.errors`:\n"
    _, _, tree = paragraphs(errors).partition("\n\n")
    yield f"```text\n{tree}\n```\n"
