"""What README and docs show is true: links lead somewhere, tables are complete, snippets and commands run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from faultlab.faults import FAULTS
from faultlab.faults.catalogued import Catalogued
from faultlab.limits import Limits
from faultlab.loader import document, expecting
from faultlab.providers import entries, names
from faultlab.reports.catalogue import page
from faultlab.reports.text import Style, render
from faultlab.runner import load, run, run_fully
from faultlab.verdict import Outcome
from hermes_agent.messages import FailureKind

sys.path.insert(0, str(Path(__file__).parent / "documentation"))
from pages import LANGUAGES, PAGES, ROOT, SESSIONS, files_of, snippets, snippets_in_order

LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def every_page(test):
    return pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)(test)


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


def test_every_page_stands_in_the_index():
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target).resolve() for target, _ in LINK.findall(index.read_text(encoding="utf-8"))}
    assert set(PAGES.values()) - linked == {ROOT / "README.md", index}


@every_page
def test_no_snippet_is_left_out_of_these_tests(page):
    assert {each.language for each in snippets_in_order(page)} <= LANGUAGES


def test_the_failure_that_is_shown_is_what_a_failure_looks_like(tmp_path, monkeypatch):
    readme = ROOT / "README.md"
    shown, right = snippets(readme, "text")[0], snippets(readme, "yaml")[0]
    monkeypatch.chdir(tmp_path)
    Path("six_rate_limits.yaml").write_text(right.replace("after_calls: 6", "after_calls: 5"), encoding="utf-8")
    assert render(run_fully(load("six_rate_limits.yaml")[0]), Style()).strip() == shown.strip()


# What a shown command is run as, where that would take long or needs more than stands here, and how it ends.
SHORT_FORMS = {
    "faultlab serve --port 4010": ("faultlab serve --until-stdin-closes", 0),
    "faultlab serve scenarios/triggers/the_last_failure_names_the_reason.yaml": (
        "faultlab serve --until-stdin-closes scenarios/triggers/the_last_failure_names_the_reason.yaml",
        0,
    ),
    'faultlab record -- python my_agent.py "What is new?"': ("faultlab record -- python -c pass", 0),  # asks nothing
    "faultlab record --to tests/cassettes/session.yaml --upstream https://openrouter.ai/api/v1 -- python my_agent.py": (
        "faultlab record --to session.yaml --upstream https://openrouter.ai/api/v1 -- python -c pass",
        0,
    ),
    "faultlab chaos ~/.hermes/config.yaml": (
        "faultlab chaos tests/faultlab/homes/anthropic --pass explore --depth 1 --jobs 1 --out {there}/found",
        0,
    ),
    # Both are shown whole on the page about chaos, where a test follows them as a reader would.
    "faultlab chaos my_app.yaml --policy my_policy.yaml": ("faultlab chaos --help", 0),
    "faultlab report scenarios/found/results.sqlite --html report.html": ("faultlab report --help", 0),
    "make scenarios": ("make -n scenarios", 0),
    "make test": ("make -n test", 0),
    "faultlab run scenarios/triggers/": ("faultlab run scenarios/triggers/size_never_switches.yaml", 0),
    'python -m hermes_agent "What is in this folder?"': ("python -m hermes_agent hello", 1),  # there is no key
}


def commands(page):
    lines = [line for text in snippets(page, "sh") for line in text.splitlines()]
    return [line.split("  #")[0].strip() for line in lines]


SHOWN = [command for name, page in PAGES.items() if name not in SESSIONS for command in commands(page)]


@pytest.mark.parametrize("command", [command for command in dict.fromkeys(SHOWN) if "curl" not in command])
def test_commands_that_are_shown_run(command, tmp_path):
    short, status = SHORT_FORMS.get(command, (command, 0))
    programs = Path(sys.executable).parent
    environ = {"PATH": f"{programs}{os.pathsep}{os.defpath}", "HOME": str(tmp_path), "HERMES_HOME": str(tmp_path)}
    done = subprocess.run(
        shlex.split(short.format(there=tmp_path)),
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == status, done.stdout + done.stderr


ASKED = [name for name, page in PAGES.items() if any(line.startswith("curl") for line in commands(page))]


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
@pytest.mark.parametrize("name", ASKED)
def test_what_is_served_can_be_asked_as_it_is_shown(name, serving):
    lines = [line for text in snippets(PAGES[name], "sh") for line in text.splitlines() if line.startswith("curl")]
    with serving() as (_, [served]):
        there = {"127.0.0.1:4010": served.upstreams[0].base_url, "127.0.0.1:4012": served.control}
        for line in lines:
            command, _, told = line.partition("  # ")
            for shown, url in there.items():
                command = command.replace(shown, url.split("/")[2])
            done = subprocess.run([*shlex.split(command), "-sSw", "\n%{http_code}"], capture_output=True, check=True)
            body, _, status = done.stdout.decode().rpartition("\n")
            assert status == (told[:3] or "200")
            assert all(part in body for part in re.findall("`(.+?)`", told))


@every_page
def test_scenarios_that_are_shown_hold(page, tmp_path, monkeypatch):
    modules = {name: text for name, text in files_of(page).items() if name.endswith(".py")}
    for name, text in modules.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    scenarios = [each.text for each in snippets_in_order(page) if each.language == "yaml" and not each.file]
    for number, text in enumerate(scenarios):
        file = tmp_path / f"{number}.yaml"
        file.write_text(text, encoding="utf-8")
        for scenario in load(file):
            assert run(scenario).outcome is Outcome.HELD, scenario.name


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
    assert told == {name: own_fields(fault) for name, fault in FAULTS.items()}


def own_fields(fault):
    """Its fields, without the two that stand in a sentence of their own."""
    shared = {"variant", "strict"} if issubclass(fault, Catalogued) else set()
    return [field.name for field in fields(fault) if field.name not in shared]


def test_the_page_of_the_catalogue_is_made_from_the_data():
    made = page(entries())
    assert (ROOT / "docs" / "catalogue.md").read_text("utf-8") == made, "faultlab faults --markdown > docs/catalogue.md"


def test_every_limit_is_told():
    text = section(SCENARIOS, "## Limits")
    assert {field.name for field in fields(Limits)} <= set(re.findall(r"`(\w+)`", text))


def test_every_expectation_is_told():
    assert first_column(section(SCENARIOS, "### Expectations")) == set(expecting._KEYS)


def test_every_key_is_told():
    assert first_column(section(SCENARIOS, "## Keys")) == set(document.DOCUMENT)
    assert set(document._TURN) <= set(re.findall(r"`(\w+)", section(SCENARIOS, "## Turns")))


LOOK_ALIKES = ROOT / "docs" / "look-alikes.md"
VERDICTS = json.loads((ROOT / "faultlab" / "providers" / "kinds.json").read_text(encoding="utf-8"))


def named_entries(text):
    """The catalogue's entries that a text names."""
    return [name for name in re.findall(r"`([a-z_]+\.[\w.]+)`", text) if not name.startswith("agent.")]


def test_look_alikes_are_told_apart_as_they_are_judged():
    rows = [row.split(" | ") for row in section(LOOK_ALIKES, "## What is told apart").splitlines() if "| `" in row]
    told = [pair for row in rows for pair in ((row[1], row[2]), (row[3], row[4]))]
    assert len(rows) > 24
    for cell, kind in told:
        assert {str(VERDICTS[name]["kind"] or "null") for name in named_entries(cell)} == {kind.strip("`")}


def test_look_alikes_are_entries_of_the_catalogue():
    assert set(named_entries(LOOK_ALIKES.read_text(encoding="utf-8"))) <= VERDICTS.keys()


def test_each_pair_of_look_alikes_is_told_or_is_said_to_be_alike():
    text = LOOK_ALIKES.read_text(encoding="utf-8")
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == set(range(1, 26))


def test_the_numbers_that_are_told_are_those_of_the_catalogue():
    readme, changelog = ((ROOT / name).read_text("utf-8") for name in ("README.md", "CHANGELOG.md"))
    assert f"**{len(FAULTS)} [faults]" in readme
    assert f"{len(entries())} things that {len(names())} providers" in readme
    assert f"{len(entries())} things that {len(names())} providers" in changelog
