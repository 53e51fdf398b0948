"""What an application does when its primary sends one fault and goes on sending it: a cell of a table for each fault.

The application is the one that a page shows, a module with `ask(user)` and `stream(user)`. What it does is read from
the wire, and from what it returns or raises.
"""

import contextlib
import importlib
import sys
from importlib.metadata import version

from pages import PAGES, files_of

from faultlab import Lab
from faultlab.errors import HarnessError
from faultlab.faults import FAULTS

__all__ = ["APPLICATIONS", "WAYS", "application", "page", "seen"]

APPLICATIONS = {
    "LangChain": ("docs/how-to/langchain.md", "langchain-openai"),
    "LiteLLM": ("docs/how-to/litellm.md", "litellm"),
    "pydantic-ai": ("docs/how-to/pydantic-ai.md", "pydantic-ai-slim"),
    "openai-agents": ("docs/how-to/openai-agents.md", "openai-agents"),
}
"""Framework → the page that shows an application of it, and the distribution whose version counts."""

WAYS = {"ask": "Whole answers", "stream": "Streamed answers"}

NOT_ALONE = {"status", "wire"}
"""They have no simplest form: they send what they are told to."""

OF_THE_OTHER_API = {"responses_failed", "responses_incomplete"}

FROM_THE_PRIMARY, FROM_THE_BACKUP = "Hello from the primary", "Hello from the backup"
MODULE = "chat"


@contextlib.contextmanager
def application(name, folder):
    """The module that a framework's page shows."""
    shown, _ = APPLICATIONS[name]
    (folder / f"{MODULE}.py").write_text(files_of(PAGES[shown])[f"{MODULE}.py"], encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(MODULE)
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(MODULE, None)


def seen(ask, setenv):
    """Fault → what came of it, for every fault that can meet what is asked."""
    found = {name: _seen_of(name, ask, setenv) for name in FAULTS if name not in NOT_ALONE | OF_THE_OTHER_API}
    return {name: cell for name, cell in found.items() if cell}


def _seen_of(name, ask, setenv):
    """None if the fault never meets what is asked."""
    lab = Lab()
    try:
        primary = lab.upstream("openai", says=[FROM_THE_PRIMARY] * 9, faults=[(FAULTS[name](), 999)])
    except HarnessError:
        return None
    backup = lab.upstream("openrouter", says=[FROM_THE_BACKUP] * 9)
    setenv("OPENAI_API_KEY", primary.api_key)
    setenv("OPENROUTER_API_KEY", backup.api_key)
    lab.begin()
    try:
        lab.intercept()
        got = _got(ask)
    finally:
        lab.end()
    assert not lab.refused
    if lab.clock.without_end:
        return "waits for ever"
    asked = [exchange for exchange in primary.exchanges if not exchange.side]
    assert asked, got
    if all(exchange.wasted for exchange in asked):
        return None
    until_s = backup.exchanges[0].started_s if backup.exchanges else lab.clock.now_s
    after = [f"{len(asked)} calls"] * (len(asked) > 1) + [f"{until_s / 60:.0f} min"] * (until_s >= 60)
    return " ".join([got, *(["after", " and ".join(after)] if after else [])])


def _got(ask):
    """What the application gets, in a word."""
    try:
        answer = ask("hi")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the application gets
        return f"`{type(error).__name__}`"
    if not answer:
        return "*nothing*"
    if answer == FROM_THE_BACKUP:
        return "backup"
    return "answer" if answer == FROM_THE_PRIMARY else "half an answer"


def page(cells):
    """The page: cells is way → framework → fault → cell."""
    versions = ", ".join(f"{distribution} {version(distribution)}" for _, distribution in APPLICATIONS.values())
    parts = [HEAD.format(versions=versions, openai=version("openai"))]
    for way, heading in WAYS.items():
        parts.append(f"\n## {heading}\n\n{_table(cells[way])}")
    return "".join(parts)


def _table(columns):
    """A row for all the faults of which the same comes everywhere, in the order of the first of them."""
    rows = {}
    for fault in (name for name in FAULTS if any(name in column for column in columns.values())):
        rows.setdefault(tuple(column.get(fault, "") for column in columns.values()), []).append(f"`{fault}`")
    lines = [["when the primary sends", *columns], ["---"] * (len(columns) + 1)]
    lines += [[", ".join(faults), *cells] for cells, faults in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


HEAD = """# What makes a framework ask its backup

Each of these applications has a primary and a backup: they are the ones that the how-to pages show for
[LangChain](../how-to/langchain.md), [LiteLLM](../how-to/litellm.md), [pydantic-ai](../how-to/pydantic-ai.md) and
[openai-agents](../how-to/openai-agents.md), with every option left as it is. The primary sends one fault, and sends it
again whenever it is asked again. The backup is well.

*backup*: the backup's answer. *answer*: the primary's. *half an answer*: its first words, as if that were all.
*nothing*: an empty answer, as if that were one. *waits for ever*: there is no time-out, and the backup is never asked.
A name is the exception that reaches the application. How many calls the primary got is told where it was more than
one, how long all took where it was more than a minute.

Seen with {versions} and openai {openai}.
This page is made by `tests/documentation/observe.py`, and `make docs-test` holds it against what these versions do.
"""
