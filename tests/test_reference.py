"""What of the reference is made from the code is made anew with it, and leaves nothing out."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

import faultlab
from docs.generator import made
from faultlab import pytest_plugin
from faultlab.errors import __all__ as errors
from faultlab.faults import FAULTS

ROOT = Path(__file__).parents[1]
MADE = made()
FAULTS_PAGE, API_PAGE = (MADE[ROOT / "docs" / "reference" / name] for name in ("faults.md", "api.md"))


@pytest.mark.parametrize("path", sorted(MADE), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_made_from_the_code_is_up_to_date(path):
    assert path.read_text("utf-8") == MADE[path], "make reference"


def sections(page):
    """The text under each heading of the third rank."""
    found = re.split(r"^### `?([\w ]+)`?.*\n", page, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_every_fault_has_its_section_with_every_field():
    told = sections(FAULTS_PAGE)
    assert set(told) == set(FAULTS)
    for name, fault in FAULTS.items():
        assert re.findall(r"^\| `(\w+)` \|", told[name], re.MULTILINE) == [field.name for field in fields(fault)]
        assert told[name].strip().startswith((fault.__doc__ or "").split()[0])


def test_what_a_provider_sends_for_a_fault_is_named_as_a_scenario_asks_for_it():
    assert re.search(r"\| \[groq\]\(.*\) \| .*`tokens_per_minute`", sections(FAULTS_PAGE)["rate_limit"])


def test_all_of_the_door_is_told():
    told = sections(API_PAGE)
    assert set(faultlab.__all__) - {"faults"} <= set(told)
    assert all(name in told["Lab"] for name in ("`upstream(", "`intercept(", "`clock: ", "`trace: "))


def test_nothing_that_is_told_is_without_its_sentence():
    assert not re.findall(r"^\*\*`.*`\*\*$", API_PAGE, re.MULTILINE)
    assert not [name for name, text in sections(API_PAGE).items() if not text.strip()]


def test_all_fixtures_options_and_errors_are_told():
    assert all(name.startswith("pytest_") or f"fixture `{name}`" in API_PAGE for name in pytest_plugin.__all__)
    assert all(f"`{name}" in API_PAGE for name in ("--faultlab-seed", "faultlab_paths"))
    assert all(name in API_PAGE for name in errors if name[0].isupper())
