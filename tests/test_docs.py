"""What README and docs show is true: links lead somewhere, tables are complete, snippets and commands run."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from faultlab.faults import FAULTS
from faultlab.limits import Limits
from faultlab.loader import expecting
from hermes_agent.messages import FailureKind

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def every_page(test):
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)(test)


def anchors(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def first_column(text):
    """The names that stand in code marks in the first column of the tables of a text."""
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def section(page, heading):
    """The text under a heading, up to the next one of its rank or above."""
    rank, text = heading.split()[0], page.read_text(encoding="utf-8")
    _, _, rest = text.partition(f"\n{heading}\n")
    assert rest, f"{page.name} has no {heading!r}"
    return re.split(rf"^#{{1,{len(rank)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


@every_page
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        there = page.parent / target if target else page
        assert there.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{page.name}: {target}#{anchor}"


CONTRACT = ROOT / "docs" / "contract.md"


def test_the_contract_has_every_clause_in_order():
    clauses = re.findall(r"^\*\*(C\d+) ", section(CONTRACT, "## Clauses"), re.MULTILINE)
    assert clauses == [f"C{n}" for n in range(1, 21)]


def test_the_contract_has_every_invariant_in_order():
    assert re.findall(r"^\| (I\d+) ", CONTRACT.read_text(encoding="utf-8"), re.MULTILINE) == [
        f"I{n}" for n in range(1, 12)
    ]


def test_the_contract_has_every_kind_of_failure():
    assert first_column(section(CONTRACT, "## Failure kinds")) == set(FailureKind) - {FailureKind.INTERNAL}


SCENARIOS = ROOT / "docs" / "scenarios.md"
FAULT = re.compile(r"`(\w+)`(?: \(([^)]*)\))?")


def test_every_fault_and_its_fields_are_told():
    cells = re.findall(r"^\| [a-z ]+ \| (`.*) \|$", section(SCENARIOS, "## Faults"), re.MULTILINE)
    told = {name: re.findall(r"\w+", given) for cell in cells for name, given in FAULT.findall(cell)}
    assert told == {name: [field.name for field in fields(fault)] for name, fault in FAULTS.items()}


def test_every_limit_is_told():
    text = section(SCENARIOS, "## Limits")
    assert {field.name for field in fields(Limits)} <= set(re.findall(r"`(\w+)`", text))


def test_every_expectation_is_told():
    assert first_column(section(SCENARIOS, "### Expectations")) == set(expecting._KEYS)
