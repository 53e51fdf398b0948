"""Where a configuration is weak, as its runs show it, and that the lines that would mend it do."""

import json
import re
import tracemalloc
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from faultlab import faults
from faultlab.playing import play
from faultlab.reports.campaign_json import document
from faultlab.reports.campaign_text import render
from faultlab.results import About, Results
from faultlab.scenario import DrawnHistory, ScriptedTool, ToolOutput
from faultlab.schedule import Entry
from faultlab.script import Reply, ToolCall
from faultlab.subject import Finding, subject_of
from faultlab.timetable import Style
from faultlab.trial import Ending, Record, Standing, Trial
from faultlab.weak_spots import weak_spots

HOMES = Path(__file__).parent / "homes"
DOWN = (Entry((faults.unavailable(),), None),)
REFUSED = (Entry((faults.unauthorized(),), None),)
TOO_LONG = (Entry((faults.context_overflow(),), None),)
SILENT = (Entry((faults.read_timeout(),), None),)
ONCE = (Entry((faults.server_error(),), 1),)


def about(subject):
    return About(subject.shown, subject.digest, 0, (), "0", subject.findings)


def run(subject, primary=(), fallback=(), number=0):
    healthy = subject.healthy
    scenario = replace(
        healthy,
        primary=replace(healthy.primary, faults=primary),
        fallback=replace(healthy.fallback, faults=fallback),
        history=DrawnHistory(20, 4000),
    )
    return play(subject, Trial("matrix", number, scenario))


def spots(subject, *records):
    return {each.code: each for each in weak_spots(about(subject), records)}


SHOWN = [
    ("no_fallback", "no_fallback", DOWN, (), "1 of 1 run ended without an answer, the longest after 62 s (matrix 0)"),
    ("codex_signed_out", "no_key", DOWN, (), "1 of 1 run ended without an answer"),
    ("unknown_provider", "unknown_provider", REFUSED, (), "ended without an answer, the longest after 0 s"),
    ("same_backend", "same_backend", DOWN, (), "1 of 1 run ended without an answer"),
    ("same_host", "same_host", DOWN, DOWN, "1 of 1 run failed at both"),
    ("same_host", "no_retry", ONCE, (), "1 of 1 run gave up so on what passes (as matrix 0)"),
    ("codex_expiring", "not_renewable", REFUSED, (), "met a 401 that no renewal mended (as matrix 0)"),
    ("anthropic", "compression_off", TOO_LONG, (), "1 of 1 run ended so (as matrix 0)"),
    ("anchors", "smaller_window", REFUSED, TOO_LONG, "were too large after a switch (as matrix 0)"),
    ("codex", "no_window", TOO_LONG, (), "were refused for their size (as matrix 0)"),
    ("codex", "no_window_after", REFUSED, TOO_LONG, "were too large after a switch (as matrix 0)"),
    ("big", "long_waits", DOWN, (), "waited longer than 15 s, at the worst 62 s (matrix 0)"),
    ("big", "slow_timeout", SILENT, (), "were kept waiting so, at the worst 630 s in all (matrix 0)"),
]


@pytest.mark.parametrize(("home", "code", "primary", "fallback", "told"), SHOWN)
def test_what_a_run_shows_is_told_with_what_would_mend_it(home, code, primary, fallback, told):
    subject = subject_of(HOMES / home)
    spot = spots(subject, run(subject, primary, fallback))[code]
    assert told in spot.text
    assert (spot.runs, spot.worst) == (1, ("matrix", 0))
    assert spot.mend
    assert spot.place.file.endswith("config.yaml")


@pytest.mark.parametrize("home", sorted(path.name for path in HOMES.iterdir()))
def test_what_no_run_shows_is_told_only_where_the_file_alone_does(home):
    subject = subject_of(HOMES / home)
    told = spots(subject, run(subject))
    assert told.keys() == {each.code for each in subject.findings if each.certain}
    assert all("run" not in each.text for each in told.values())
    assert spots(subject).keys() == told.keys()


@pytest.mark.parametrize(
    ("home", "code", "primary", "fallback"),
    [
        ("same_host", "no_retry", ONCE, ()),
        ("anthropic", "compression_off", (Entry((faults.context_overflow(),), 1),), ()),
        ("big", "long_waits", DOWN, ()),
        ("big", "slow_timeout", SILENT, ()),
        ("no_fallback", "no_fallback", DOWN, ()),
    ],
)
def test_with_the_lines_that_mend_it_the_same_run_shows_it_no_more(
    home, code, primary, fallback, tmp_path, monkeypatch
):
    subject = subject_of(HOMES / home)
    before = run(subject, primary, fallback)
    spot = spots(subject, before)[code]
    mended = subject_of(laid_over(HOMES / home, spot.mend, tmp_path, monkeypatch))
    after = run(mended, primary, fallback)
    assert code not in spots(mended, after)
    assert after.took_s < before.took_s or after.ending is not before.ending


def laid_over(home, lines, folder, monkeypatch):
    """The home with these lines in its config.yaml, and a key wherever they ask for one."""
    for variable in re.findall(r"([A-Z_]+)=…", lines):
        monkeypatch.setenv(variable, "any")
    config = yaml.safe_load((home / "config.yaml").read_bytes())
    for section, values in yaml.safe_load(lines).items():
        config[section] = {**config.get(section, {}), **values}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    if (home / ".env").exists():
        (folder / ".env").write_bytes((home / ".env").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("home", "seconds"),
    [("big", {"long_waits": 62.0, "slow_timeout": 630.0}), ("codex_expiring", {"long_waits": 62.0})],
)
def test_the_seconds_that_a_finding_promises_are_those_that_a_run_takes(home, seconds):
    subject = subject_of(HOMES / home)
    promised = {
        each.code: float(re.search(r"up to ([\d.]+) s", each.text)[1])
        for each in subject.findings
        if each.code in seconds
    }
    assert promised == seconds
    runs = {"long_waits": run(subject, DOWN), "slow_timeout": run(subject, SILENT)}
    assert {code: runs[code].took_s for code in seconds} == seconds


def test_a_task_that_runs_out_of_passes_is_told(tmp_path, monkeypatch):
    subject = subject_of(laid_over(HOMES / "big", "agent: {max_turns: 2}", tmp_path, monkeypatch))
    healthy = subject.healthy
    tool = ScriptedTool("read_file", (ToolOutput("text"),))
    endless = replace(healthy, says=(Reply("", (ToolCall("read_file"),)),) * 3, tools=(tool,))
    spot = spots(subject, play(subject, Trial("random", 7, endless)))["max_turns"]
    assert "agent.max_turns is 2" in spot.text
    assert "1 of 1 run ended so (as random 7)" in spot.text
    assert spot.mend == "agent:\n  max_turns: 90"


ABOUT = About(
    "config.yaml",
    "",
    0,
    (),
    "0",
    tuple(Finding(code, f"{code}.", certain=False) for code in ("long_waits", "no_window", "no_fallback", "same_host")),
)


def test_a_turn_that_went_on_with_a_smaller_conversation_ends_as_compressed():
    subject = subject_of(HOMES / "codex")
    once = run(subject, (Entry((faults.context_overflow(),), 1),))
    assert (once.ending, once.failure) == (Ending.COMPRESSED, None)
    assert spots(subject, once).keys() == {"no_window"}


def record(number, **changes):
    return replace(Record("random", number, Standing.HELD), **changes)


def test_the_worst_comes_first_and_of_equals_what_more_runs_show():
    failed = {"ending": Ending.FAILED, "failure": "overloaded", "took_s": 3.0, "calls": (6, 6)}
    too_large = {"failure": "context_overflow", "ending": Ending.PARTIAL}
    records = [
        record(0, **too_large),
        record(1, **too_large),
        record(2, **failed),
        record(3, **(failed | {"took_s": 9.0})),
    ]
    told = weak_spots(ABOUT, records)
    assert [(each.code, each.runs) for each in told] == [("no_fallback", 2), ("same_host", 2), ("no_window", 2)]
    assert told[0].text == "no_fallback.; 2 of 4 runs ended without an answer, the longest after 9 s (random 3)"


@pytest.mark.parametrize("standing", [Standing.NOT_REACHED, Standing.TROUBLE])
def test_a_run_without_a_verdict_shows_nothing(standing):
    assert weak_spots(ABOUT, [record(0, ending=Ending.FAILED, standing=standing)]) == []


def test_no_run_is_kept():
    def runs(count):
        yield from (record(number, ending=Ending.FAILED, labels=(("fault", "x" * 1000),)) for number in range(count))

    tracemalloc.start()
    weak_spots(ABOUT, runs(3_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000


def test_the_page_tells_of_all_of_them():
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "chaos.md").read_text("utf-8")
    told = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", page, re.MULTILINE))
    checked, seen = (
        set(re.findall(r"^\| `(\w+)` \|", told[heading], re.MULTILINE))
        for heading in ("Your configuration", "Weak spots")
    )
    certain = {"no_fallback", "no_key", "unknown_provider", "same_backend", "smaller_window"}
    assert checked == certain | {"astray", "unsent_key"}
    assert seen == {code for _, code, *_ in SHOWN} - checked | {"max_turns"}


def test_every_report_tells_them(tmp_path):
    subject = subject_of(HOMES / "no_fallback")
    with closing(Results.create(tmp_path / "results.sqlite", about(subject))) as results:
        results.add(run(subject, DOWN))
        told, written = render(results, Style()), json.loads(document(results))
    assert "weak spots, and what would mend them\n  1  fallback_model is not set" in told
    assert "\n       fallback_model:\n         provider: openrouter" in told
    assert [each["code"] for each in written["weak_spots"]] == ["no_fallback"]
    assert [each["code"] for each in written["findings"]] == ["no_fallback"]


def test_findings_come_back_from_a_results_file_as_they_went_in(tmp_path):
    told = about(subject_of(HOMES / "anchors"))
    Results.create(tmp_path / "results.sqlite", told).close()
    with closing(Results.open(tmp_path / "results.sqlite")) as results:
        assert results.about.findings == told.findings
