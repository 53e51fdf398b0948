import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from faultlab.cli import main
from faultlab.reports import campaign_json, campaign_junit, campaign_text
from faultlab.reports.tally import Group, tallied
from faultlab.reports.text import Style
from faultlab.results import Results
from faultlab.trial import Breach, Ending, Standing
from faultlab.verdict import Place
from tests.faultlab.made_up_campaign import FOUND, about, campaign, record

STEERING = "\x1b]0;mine\x07<b>\x9b1A\r]]>&\x7f"
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != "\n"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    found = campaign(tmp_path_factory.mktemp("campaign") / "results.sqlite", 900)
    yield found
    found.close()


@pytest.fixture
def few(tmp_path):
    """Results of the runs that a test names."""
    opened = []

    def of(*records, **changes):
        opened.append(Results.create(tmp_path / f"{len(opened)}.sqlite", about(**changes)))
        for each in records:
            opened[-1].add(each)
        return opened[-1]

    yield of
    for each in opened:
        each.close()


def run(number=0, standing=Standing.HELD, ending=Ending.PRIMARY, **changes):
    told = {"standing": standing, "ending": ending, "family": "rate limits", "took_s": 0.0, "waits": 0}
    return replace(record("random", number, hold=True), **told | {"breaches": (), "reasons": ()} | changes)


def lines(results, **style):
    return campaign_text.render(results, Style(**style)).splitlines()


def xml(results):
    return ET.fromstring(campaign_junit.document(results))  # noqa: S314  # it is our own


def test_a_family_is_a_line_of_who_answered_and_how_long_users_wait(few):
    waited = [run(number, ending=Ending.WAITED, waits=number, took_s=2.0**number) for number in (1, 2, 5)]
    told = lines(few(run(), *waited, run(6, ending=Ending.FALLBACK, took_s=62.0)))
    head, row = told[told.index("what a user sees, and waits") + 1 :][:2]
    assert re.split("  +", head) == ["what goes wrong", "at once", "after waits", "fallback", "median", "worst"]
    assert re.split("  +", row) == ["rate limits", "1", "3 (1-5)", "1", "4 s", "62 s"]


def test_what_was_no_verdict_counts_neither_as_an_answer_nor_as_seconds(few):
    odd = [run(1, Standing.TROUBLE, took_s=900.0), run(2, Standing.NOT_REACHED, took_s=900.0)]
    told = tallied(few(run(took_s=3.0), *odd).records()).families["rate limits"]
    assert (told.runs, told.endings.total(), told.median_s, told.worst_s) == (3, 1, 3.0, 3.0)


def test_the_median_is_a_wait_that_somebody_had():
    group = Group()
    for number, took_s in enumerate((1.0, 2.0, 50.0, 60.0)):
        group.add(run(number, took_s=took_s))
    assert (group.median_s, group.worst_s, group.worst) == (2.0, 60.0, ("random", 3))
    assert Group().median_s is None


def test_families_come_with_the_most_runs_first_whatever_the_order_of_runs(few):
    runs = [run(0, family="size"), run(1, family="overload"), run(2, family="rate limits"), run(3, family="overload")]
    assert list(tallied(few(*runs).records()).families) == ["overload", "rate limits", "size"]
    assert list(tallied(reversed(runs)).families) == ["overload", "rate limits", "size"]


def test_a_breach_is_told_once_with_its_file_and_the_command_that_shows_it_again(few):
    breach = Breach("I2", "no request to the primary", "2 requests")
    results = few(*(run(number, Standing.BROKEN, breaches=(breach, breach)) for number in (3, 4)))
    results.add_found([FOUND])
    told = lines(results)
    assert told[told.index("what broke") + 1 :][:7] == [
        "I2  in 2 runs, first in random 3",
        "  expected  no request to the primary",
        "  found     2 requests",
        "  said by   policy.yaml:4",
        "  smallest  The primary is asked after the switch (2 fault entries; nothing smaller breaks it)",
        "  file      scenarios/found/i2.yaml",
        "  again     pytest scenarios/found/i2.yaml",
    ]


def test_what_was_not_reached_and_what_was_trouble_is_told_by_its_reason(few):
    odd = [run(number, Standing.NOT_REACHED, reasons=("reset was never reached",)) for number in range(2)]
    told = lines(few(*odd, run(2, Standing.TROUBLE, reasons=("the worker died twice",))))
    assert told[told.index("not reached, which is no success") + 1] == "      2  reset was never reached"
    assert told[told.index("trouble: no verdict on these") + 1] == "      1  the worker died twice"
    assert told[-1] == "2 not reached, 1 trouble"


def test_many_reasons_end_in_their_number(few):
    told = lines(few(*(run(n, Standing.TROUBLE, reasons=(f"reason {n:02}",)) for n in range(13))))
    assert told[-3] == "       and 3 more reasons"


def test_each_pass_says_why_it_ended_or_that_it_did_not(few):
    results = few(run(), run(1), passes=(("matrix", ""), ("random", "count=2")))
    results.end("random", "2 runs")
    told = lines(results)
    assert told[3:5] == ["matrix: stopped before its end (0 runs)", "random: 2 runs (2 runs)"]


def test_what_was_covered_is_counted_against_all_that_this_configuration_can_meet(results):
    told = json.loads(campaign_json.document(results))["coverage"]
    (line,) = [line for line in lines(results) if line.startswith("covered: ")]
    assert line == f"covered: 6 of {told['cells']} cells"
    assert (told["covered"], len(told["missing"]), told["unknown"]) == (6, told["cells"] - 6, None)
    assert told["dimensions"]["failure kind"]["rate_limited"] == [6, 12]
    assert told["dimensions"]["attempt"]["1"][0] == 1
    assert "rate_limited|1|fallback|agent|chat_completions|whole" in told["missing"]


def test_other_ways_to_ask_count_only_if_some_run_asked_so(few):
    cells = [f"rate_limited|1|primary|agent|chat_completions|{how}" for how in ("whole", "streamed")]
    asked = [json.loads(campaign_json.document(few(run(covered=met))))["coverage"] for met in (cells[:1], cells)]
    assert [set(each["dimensions"]["streaming"]) for each in asked] == [{"whole"}, {"whole", "streamed"}]
    assert asked[1]["covered"] == 2


def test_a_configuration_that_cannot_be_read_any_more_costs_the_coverage_alone(few):
    told = lines(few(run(), config="name: ["))
    (line,) = [line for line in told if line.startswith("coverage is not known: ")]
    assert "unreadable YAML" in line or "unreadable YAML" in told[told.index(line) + 1]
    assert told[-1] == "1 held"


def test_a_campaign_in_which_nothing_ran_yet_can_be_told(few):
    assert lines(few())[-1] == "nothing was run"
    assert json.loads(campaign_json.document(few()))["runs"] == []
    assert xml(few()).tag == "testsuites"


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_no_line_is_wider_than_its_terminal(results, width):
    breaking = [line for line in lines(results, width=width) if len(line) > width]
    assert breaking == []


def test_where_no_table_fits_each_family_is_told_in_sentences(few):
    shown = [run(number, ending=ending, took_s=float(number)) for number, ending in enumerate(list(Ending)[:6])]
    told = lines(few(*shown), width=60)
    there = told[told.index("rate limits") :]
    assert there[1:4] == [
        "  at once 1, after waits 1 (0), fallback 1, compressed 1,",
        "    partial 1, failed 1",
        "  waits 2 s at the median, 5 s at the worst",
    ]


def test_there_is_no_colour_unless_it_is_asked_for(results):
    plain = campaign_text.render(results, Style())
    coloured = campaign_text.render(results, Style(colour=True))
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == plain


@pytest.fixture
def hostile(few):
    breach = Breach(STEERING, STEERING, STEERING)
    results = few(
        run(0, Standing.BROKEN, family=STEERING, labels=(("fault", STEERING),), breaches=(breach,)),
        run(1, Standing.TROUBLE, reasons=(STEERING,)),
        shown=STEERING,
        rules=STEERING,
    )
    results.add_found(
        [replace(FOUND, breach=STEERING, file=STEERING, command=STEERING, name=STEERING, place=Place(STEERING, 1))]
    )
    results.end("random", STEERING)
    return results


def test_nothing_from_outside_steers_the_terminal(hostile):
    assert not [each for each in CONTROLS if each in campaign_text.render(hostile, Style())]
    assert not [each for each in CONTROLS if each in campaign_json.document(hostile)]


def test_whatever_comes_from_outside_the_documents_stay_what_they_are(hostile):
    (family,) = {each["family"] for each in json.loads(campaign_json.document(hostile))["families"]} - {"rate limits"}
    assert family == STEERING
    (suite,) = [each for each in xml(hostile) if each.get("name") == "random"]
    assert "?]0;mine?<b>" in suite[0].get("name")


def test_the_json_document_has_every_run_and_the_steps_of_those_that_did_not_hold(results):
    told = json.loads(campaign_json.document(results))
    assert told["format"] == 1
    assert len(told["runs"]) == sum(told["counts"].values()) == 900
    assert {"steps" in each for each in told["runs"] if each["standing"] == "held"} == {False}
    assert {"steps" in each for each in told["runs"] if each["standing"] != "held"} == {True}
    (found,) = [each["found"] for each in told["broken"] if each["what"] == "I2"]
    assert found["command"] == "pytest scenarios/found/i2.yaml"
    assert found["place"]["line"] == 4


def test_a_suite_is_a_pass_and_a_case_a_fault_or_family(results):
    suites = xml(results)
    assert [suite.get("name") for suite in suites] == ["explore", "matrix", "random"]
    assert {case.get("name") for case in suites[2]} == {each.family for each in results.records("random")}
    assert {case.get("name") for case in suites[1]} == {
        dict(each.labels)["fault"] for each in results.records("matrix")
    }
    for suite in suites:
        for count, kind in (("failures", "failure"), ("errors", "error")):
            assert int(suite.get(count)) == len(suite.findall(f"testcase/{kind}"))


def test_a_case_fails_for_what_broke_and_is_an_error_for_what_was_not_reached(few):
    breach = Breach("I2", "none", "2 requests")
    results = few(
        run(0, family="a", standing=Standing.NOT_REACHED, reasons=("never",)),
        run(1, family="a", standing=Standing.BROKEN, breaches=(breach,)),
        run(2, family="b", standing=Standing.NOT_REACHED, reasons=("never",)),
        run(3, family="c"),
        passes=(("random", ""),),
    )
    (suite,) = xml(results)
    assert [[child.tag for child in case] for case in suite] == [["failure"], ["error"], []]
    assert suite[0][0].get("message") == "1 broken, 1 not reached"
    assert suite[0][0].text.splitlines()[:2] == ["random 1: broken", "  I2: expected none, found 2 requests"]


def test_the_command_tells_a_results_file_in_every_form(results, tmp_path, monkeypatch, capsys):
    file = tmp_path / "r.sqlite"
    campaign(file, 30).close()
    monkeypatch.chdir(tmp_path)
    assert main(["report", "r.sqlite", "--junit", "r.xml"]) == 0
    assert capsys.readouterr().out.startswith("chaos of /home/me/.hermes/config.yaml\n")
    assert "<testsuites" in Path("r.xml").read_text("utf-8")
    assert main(["report", "r.sqlite", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["seed"] == 7
    assert told.err.startswith("chaos of ")


def test_what_holds_no_results_is_told_in_one_line(tmp_path, capsys):
    (tmp_path / "a.sqlite").write_text("x" * 1000)
    assert main(["report", str(tmp_path / "a.sqlite")]) == 2
    assert main(["report", str(tmp_path / "b.sqlite")]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.split(".sqlite")[1] for line in told] == [" holds no results of a campaign", ": no such results file"]


def test_the_same_results_are_the_same_bytes_in_every_process(tmp_path):
    file = tmp_path / "r.sqlite"
    campaign(file, 60).close()
    code = "from faultlab.cli import main; import sys; sys.exit(main(sys.argv[1:]))"
    told = []
    for seed in ("1", "2"):
        forms = [str(tmp_path / f"{seed}.{form}") for form in ("xml", "html")]
        done = subprocess.run(
            [sys.executable, "-c", code, "report", str(file), "--json", "--junit", forms[0], "--html", forms[1]],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        )
        told.append([done.stdout, done.stderr, *(Path(form).read_bytes() for form in forms)])
    assert told[0] == told[1]
