import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import partial

import pytest

from faultlab.reports import json as as_json
from faultlab.reports import junit
from faultlab.reports.base import without
from faultlab.reports.text import Style, render, style_for, summary
from faultlab.runner import Run, load, run_fully
from faultlab.verdict import Verdict, Violation

FAILING = """\
name: The fallback answers too late
clauses: [C1, C4]
says: [Hello]
faults: {primary: [{rate_limit: {}, times: 6}, reset]}
turns:
  - user: ping
    expect:
      fallback: {reason: retries_exhausted, after_calls: 5}
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    path = tmp_path_factory.mktemp("reports") / "s.yaml"
    path.write_text(FAILING, "utf-8")
    (scenario,) = load(path)
    return run_fully(scenario)


@pytest.fixture
def held(failed):
    return replace(failed, verdict=Verdict())


def test_a_failure_explains_itself(failed):
    file = failed.scenario.place.file
    told = render(failed, Style()).splitlines()
    assert told[:2] == ["The fallback answers too late", f"failed  {file}::the-fallback-answers-too-late  C1 C4"]
    (marked,) = [line for line in told if line.startswith("  >")]
    assert marked.split()[:7] == [">", "6", "62s", "primary", "6", "rate_limit", "429"]
    text = "\n".join(told)
    assert "fallback did not hold (turn 1, step 6)" in text
    assert "  expected  a switch for retries_exhausted after 5 calls" in text
    assert "  found     a switch for retries_exhausted after 6 calls" in text
    assert f"  written   {file}:8" in text
    assert "- entry 2 of faults.primary, reset, was never reached" in text
    assert f"this one alone:  pytest {file}::the-fallback-answers-too-late" in text
    assert f"faultlab run {file}::the-fallback-answers-too-late" in text


def test_a_failure_says_why_its_scenario_matters(failed):
    told = render(replace(failed, scenario=replace(failed.scenario, why="Users wait.\nFor long.")), Style())
    assert told.splitlines()[2:4] == ["Users wait. For long.", ""]


STEERING = "\x1b]0;mine\x07He\x1b[2Jllo\b\x9b1A\r\x7f"
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"]


def steering(failed):
    """The same run, with what steers a terminal wherever a scenario or an agent may put it."""
    scenario = replace(failed.scenario, name=STEERING, why=STEERING, id=STEERING)
    violation = Violation("reply", STEERING, STEERING, 1, 1)
    return replace(failed, scenario=scenario, verdict=Verdict((violation,), (STEERING,), STEERING))


def test_nothing_that_a_scenario_or_an_agent_says_steers_the_terminal(failed):
    told = render(steering(failed), Style())
    assert not [each for each in CONTROLS if each in told]
    assert r"\x1b]0;mine\x07He\x1b[2Jllo\x08\x9b1A\x0d\x7f" in told.splitlines()[0]
    coloured = render(steering(failed), Style(colour=True))
    assert not [each for each in CONTROLS if each in re.sub(r"\x1b\[[0-9]+m", "", coloured)]


def test_a_document_for_programs_does_neither_and_says_it_all(failed):
    told = as_json.document([steering(failed)], [STEERING])
    assert not [each for each in CONTROLS if each in told]
    found = json.loads(told)
    assert (found["scenarios"][0]["name"], found["unreadable"]) == (STEERING, [STEERING])


def test_plain_characters_do_for_everything(failed):
    assert render(failed, Style()).isascii()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_of_the_table_is_wider_than_the_terminal(failed, width):
    table = render(failed, Style(width)).partition("fallback did not hold")[0].splitlines()
    assert max(len(line) for line in table[2:]) <= width


def test_colour_only_when_the_style_says_so(failed):
    assert "\x1b[" not in render(failed, Style())
    assert "\x1b[31m" in render(failed, Style(colour=True))
    assert style_for(io.StringIO()) == Style()


def test_a_long_turn_is_shown_by_its_ends_and_its_mark(story, failed):
    for _ in range(200):
        story.ask("P", "reset")
    verdict = Verdict((Violation("I5", "at most 8 requests", "200 requests", 1, 100),))
    told = render(Run(failed.scenario, verdict, story.end().trace), Style()).splitlines()
    assert sum(line == "    ..." for line in told) == 2
    assert any(line.startswith("  > 100 ") for line in told)
    assert len(told) < 70


def test_the_end_of_an_error_is_shown_line_by_line(story, failed):
    error = "\n".join(f"line {n}" for n in range(30))
    verdict = Verdict((Violation("reply", "hello", "nothing", 1, None),))
    told = render(Run(failed.scenario, verdict, story.ask("P").end("failed", error=error).trace), Style()).splitlines()
    assert [line.strip() for line in told if line.startswith("         line")] == [f"line {n}" for n in range(10, 30)]


def test_no_report_shows_a_credential(failed):
    secret = failed.secrets[0]
    leaking = Violation("reply", "hello", f"my key is {secret}", 1, 1)
    run = replace(failed, verdict=Verdict((leaking,)))
    for told in (
        render(run, Style()),
        as_json.document([run]),
        junit.document([run], (), partial(render, style=Style())),
    ):
        assert secret not in told
        assert "[redacted]" in told


def test_without_leaves_everything_else():
    assert without(("", "abc"), "xabcx") == "x[redacted]x"


def test_trouble_is_told_in_a_sentence(failed):
    assert "it could not be run: no such thing" in render(
        replace(failed, verdict=Verdict(trouble="no such thing")), Style()
    )


def test_the_summary_counts_what_there_is(failed, held):
    assert summary([held, held, failed], Style()) == "2 held, 1 failed"
    assert summary([], Style()) == "nothing was run"


def test_json_holds_the_steps_of_what_did_not_hold(failed, held):
    told = json.loads(as_json.document([held, failed], ["x.yaml: empty"]))
    assert told["format"] == 1
    assert told["counts"] == {"held": 1, "failed": 1, "error": 0}
    assert told["unreadable"] == ["x.yaml: empty"]
    good, bad = told["scenarios"]
    assert (good["outcome"], "turns" in good) == ("held", False)
    assert bad["violations"][0]["what"] == "fallback"
    assert bad["violations"][0]["line"] == 8
    assert bad["turns"][0]["steps"][5]["then"] == "switched to the fallback: retries_exhausted"


def test_junit_is_xml_with_a_case_for_each(failed, held):
    odd = replace(failed, scenario=replace(failed.scenario, name='<a> & "b" \x00'))
    told = junit.document([held, odd], ["x.yaml: empty\nallowed: y"], partial(render, style=Style()))
    suite = ET.fromstring(told)  # noqa: S314  # our own words
    assert suite.attrib == {"name": "faultlab", "tests": "3", "failures": "1", "errors": "1"}
    assert [len(case) for case in suite] == [0, 1, 1]
    assert suite[1][0].attrib["message"] == '<a> & "b" ?'
    assert "step 6" in suite[1][0].text
