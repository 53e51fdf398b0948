import base64
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from faultlab.reports import page
from faultlab.results import Results
from faultlab.runner import load, run_fully
from faultlab.trial import Breach, Edge, Standing, Step
from faultlab.verdict import Place
from tests.faultlab.made_up_campaign import FOUND, about, campaign, record

ATTACK = '</script><script>window.taken=1</script><img src=x onerror="window.taken=1">\' \u2028<!--<script>&lt;'

SCENARIOS = """\
name: The fallback answers too late
clauses: [C1, C4]
says: [Hello]
faults: {primary: [{rate_limit: {}, times: 6}]}
turns: [{user: ATTACK, expect: {fallback: {reason: retries_exhausted, after_calls: 5}}}]
---
name: It answers
says: [Hello]
turns: [{user: ping}]
"""


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    results = campaign(tmp_path_factory.mktemp("page") / "results.sqlite", 400)
    results.add(record("random", 1000, fault="rate_limit", family="rate limits"))
    yield page.of_campaign(results)
    results.close()


@pytest.fixture(scope="module")
def scenarios(tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "s.yaml"
    file.write_text(SCENARIOS.replace("ATTACK", repr(ATTACK.replace("'", ""))), "utf-8")
    return page.of_runs([run_fully(each) for each in load(file)], ["broken.yaml:2:1: unreadable YAML"])


def few(path, *records, **changes):
    results = Results.create(path / "few.sqlite", about(**changes))
    for each in records:
        results.add(each)
    return results


# What it asks, what it says of itself


def test_it_complains_of_nothing_and_asks_the_network_for_nothing(page_of, html):
    there = page_of(html, "#run=matrix+49&state=3")
    assert there.complaints == []
    assert {url.split(":")[0] for url in there.asked_for} <= {"file", "data", "about"}
    assert [url for url in there.asked_for if url.startswith("file")] == []


def test_even_if_something_in_it_would_it_could_not(page_of, html):
    there = page_of(html)
    asked = "fetch('http://127.0.0.1:9/').then(() => done('sent'), (error) => done(error.name))"
    assert there.js_later(asked) == "TypeError"
    there.js_later("document.body.append(make('script', {}, 'window.taken = 1')); done()")
    assert there.js("window.taken") is None
    assert any("Content Security Policy" in each for each in there.complaints)


def test_without_scripts_it_is_the_report_of_the_terminal(html):
    _, _, rest = html.partition("<noscript>")
    assert "what a user sees, and waits" in rest.partition("</noscript>")[0]


# Whatever comes from outside is text


def hostile(path):
    breach = Breach(ATTACK, ATTACK, ATTACK, 1, 1)
    labels = tuple((name, ATTACK) for name in ("fault", "at", "times", "side", "entry", ATTACK))
    step = Step(ATTACK, 0.0, 1.0, ATTACK, ATTACK, ATTACK)
    edge = Edge(ATTACK, ATTACK, f"{ATTACK} 2", asked=ATTACK, shown=ATTACK, then=ATTACK)
    told = {"standing": Standing.BROKEN, "breaches": (breach,), "labels": labels, "steps": (step,)}
    told |= {"reasons": (ATTACK,), "family": ATTACK, "failure": ATTACK, "switch": ATTACK, "edge": edge}
    runs = [replace(record(of, number), **told) for of in ("matrix", ATTACK) for number in range(2)]
    results = few(path, *runs, shown=ATTACK, rules=ATTACK, config=ATTACK, version=ATTACK)
    texts = dict.fromkeys(("breach", "name", "file", "text", "command", "stopped"), ATTACK)
    results.add_found([replace(FOUND, place=Place(ATTACK, 1), **texts)])
    results.end("matrix", ATTACK)
    return results


def test_nothing_from_outside_becomes_an_element_or_runs(page_of, tmp_path):
    results = hostile(tmp_path)
    there = page_of(page.of_campaign(results), "#run=matrix+0&state=0")
    results.close()
    assert there.complaints == []
    assert there.js("window.taken") is None
    assert there.js("document.querySelectorAll('img, main script, iframe').length") == 0
    for place in ("h1", "#broken h3", "#broken pre", ".families tbody th", ".heat tbody th", "#detail .steps td"):
        assert any("onerror=" in text for text in there.all(place)), place


def test_an_address_from_outside_is_text_as_well(page_of, html):
    there = page_of(html, f"#run={ATTACK.replace('#', '')}&text=%3Cimg+src%3Dx%3E&verdict=<b>&heat=x&state=x")
    assert there.complaints == []
    assert there.js("document.querySelectorAll('img').length") == 0
    assert there.text("#detail").startswith("There is no run </script>")
    assert there.text("#count") == "0 of 401 runs"


def test_what_is_said_in_a_scenario_is_text_as_well(page_of, scenarios):
    there = page_of(scenarios, "#run=" + page_run(scenarios, 0))
    assert there.js("window.taken") is None
    assert "<img src=x" in there.text("#detail .turns")


def page_run(html, number):
    """The name of a run of a page of scenarios, as it stands in an address."""
    file = re.search(r'"texts":\["([^"]+)"', html)[1]
    return f"{file}+{number}".replace("/", "%2F")


def every(selector):
    return f"[...document.querySelectorAll({selector!r})]"


# Looking


def test_a_filter_leaves_the_runs_that_pass_it_and_says_how_many(page_of, html):
    there = page_of(html)
    assert there.text("#count") == "401 of 401 runs"
    there.choose("#filter-pass", "matrix")
    assert there.text("#count") == "133 of 401 runs"
    there.choose("#filter-ending", "fallback")
    by_hand = "RUNS.filter((run) => run.text('of') === 'matrix' && run.ending === 'fallback').length"
    shown = there.js(f"rowsShown.runs.length === {by_hand} && rowsShown.runs.length")
    assert 0 < shown < 133
    assert there.text("#said") == f"{shown} of 401 runs"
    there.click("#runs form button")
    assert there.text("#count") == "401 of 401 runs"


def test_text_is_searched_in_all_that_a_run_says(page_of, html):
    there = page_of(html)
    there.choose("#filter-text", "RANDOM 1000")
    assert there.all(".row .name") == ["random 1000"]
    there.choose("#filter-text", "switched to the fallback")
    assert there.js("rowsShown.runs.every((run) => run.text('switch'))")
    there.choose("#filter-text", "no such words")
    assert (there.text("#count"), there.all(".row")) == ("0 of 401 runs", [])


def test_a_link_shows_again_what_was_looked_at(page_of, html):
    there = page_of(html, "#view=runs&pass=matrix&text=gateway&run=matrix+101&heat=seconds&state=4")
    assert there.js("document.getElementById('filter-pass').value") == "matrix"
    assert there.js("document.getElementById('filter-text').value") == "gateway"
    assert there.js("document.getElementById('choose-heat').value") == "seconds"
    assert there.text("#detail h3").endswith("matrix 101")
    assert there.all(".row.here .name") == ["matrix 101"]
    assert there.text("#states .chosen p").startswith("state 4,")
    assert there.js("document.activeElement.id") == "runs-title"


def test_the_address_follows_what_is_looked_at(page_of, html):
    there = page_of(html)
    there.choose("#filter-pass", "random")
    there.click(".row")
    there.until("location.hash")
    assert there.js("location.hash") == "#run=random+0&pass=random"
    there.js("location.hash = '#run=matrix+3'")
    there.until("looked.run === 'matrix 3'")
    assert there.text("#detail h3").endswith("matrix 3")
    assert there.text("#count") == "401 of 401 runs"


def test_a_run_shows_its_lanes_its_waits_its_switch_and_its_end(page_of, html):
    number = "RUNS.find((run) => run.text('switch') && run.number('waits') === 5).id"
    there = page_of(html)
    there.js(f"look({{run: {number}}})")
    assert there.all("#detail .lane text") == ["primary", "fallback", "user"]
    assert len(there.all("#detail .attempt")) == 7
    assert len(there.all("#detail .wait")) == 5
    assert len(there.all("#detail .switch")) == 1
    assert there.text("#detail .user .end") == "F"
    story = "6 requests to the primary; 1 request to the fallback; 5 waits of 62 s in all; a switch to the fallback: "
    assert there.text("#detail svg title").startswith(story)


def test_each_cell_says_in_words_what_its_letters_and_colour_say(page_of, html):
    there = page_of(html)
    labels = there.js(f"{every('.heat td')}.map((td) => td.getAttribute('aria-label'))")
    cells = zip(labels, there.all(".heat td"), strict=True)
    told = [(label, text) for label, text in cells if not label.endswith("not tried")]
    assert told
    assert all(("answered by the fallback" in label) == ("F" in text) for label, text in told)
    there.choose("#choose-heat", "seconds")
    assert all(text.rstrip("!?~").isdigit() for text in there.all(".heat td:not(.empty)"))


def test_a_cell_leads_to_its_runs(page_of, html):
    there = page_of(html)
    there.click(".heat td:not(.empty)")
    assert there.js("looked.fault") == "cut"
    assert there.js("[looked.side, looked.times, looked.at]") == ["primary", "once", "first"]
    assert there.js("rowsShown.runs.every((run) => run.label('fault') === 'cut' && run.label('at') === 'first')")
    assert there.js("document.activeElement.id") == "runs-title"


def test_a_state_shows_the_ways_in_and_out(page_of, tmp_path):
    told = {"a": "fresh", "b": "1 failed", "c": "switched", None: "answered"}
    edges = [
        Edge(before, by, after, asked="primary", shown=told[before], then=told[after], waited_s=2.0 * (by == "reset"))
        for before, by, after in [
            ("a", "reset", "b"),
            ("b", "reset", "c"),
            ("b", "answer", None),
            ("a", "bad_key", "c"),
        ]
    ]
    results = few(tmp_path, *(replace(record("explore", n, hold=True), edge=each) for n, each in enumerate(edges)))
    there = page_of(page.of_campaign(results), "#state=1")
    results.close()
    assert there.text("#states .dim").startswith("3 states, 4 steps between them, 1 deep.")
    ways = every("#states .ways tbody tr") + ".map((tr) => [...tr.cells].map((td) => td.textContent))"
    assert there.js(ways) == [
        ["0: fresh", "reset", "2 s", "explore 0"],
        ["reset", "2: switched", "2 s", "explore 1"],
        ["answer", "answered", "-", "explore 2"],
    ]
    assert len(there.all("#states svg .box")) == 4
    there.click("#states .ways tbody a")
    assert there.text("#states h3") == "fresh"


def test_many_states_are_put_together_and_stay_within_reach(page_of, tmp_path):
    edges = [Edge(f"{n // 30}", f"by {n % 3}", f"{n + 1}", "primary" if n % 2 else "fallback") for n in range(900)]
    results = few(tmp_path, *(replace(record("explore", n, hold=True), edge=each) for n, each in enumerate(edges)))
    there = page_of(page.of_campaign(results))
    results.close()
    assert len(there.all("#states svg .box")) <= 20 * (1 + there.js("Math.max(...GRAPH.map((state) => state.depth))"))
    assert there.js("GRAPH.length") == 901
    there.js("look({state: '700'})")
    assert len(there.all("#states .chosen option")) > 1
    assert there.text("#states .chosen p") == "state 700, 2 answers deep"


def test_a_scenario_that_shows_several_breaches_stands_with_the_first_of_them(page_of, tmp_path):
    breaches = tuple(Breach(what, "no", "yes", 1, 1) for what in ("I2", "I3"))
    results = few(tmp_path, replace(record("matrix", 0), standing=Standing.BROKEN, breaches=breaches))
    results.add_found([replace(FOUND, breach=each.what) for each in breaches])
    there = page_of(page.of_campaign(results))
    results.close()
    told = there.all("#broken article")
    assert [FOUND.command in each for each in told] == [True, False]
    assert told[1].endswith(f"{FOUND.file}, as above")


def test_a_page_has_only_the_sections_that_there_is_something_for(page_of, tmp_path):
    results = few(tmp_path, findings=())
    assert page_of(page.of_campaign(results)).all("h2") == ["What a user sees", "Runs"]
    results.add(record("random", 3, hold=True))
    there = page_of(page.of_campaign(results))
    results.close()
    assert (there.all("h2"), there.complaints) == (["What a user sees", "What was covered", "Runs"], [])


def test_scenarios_are_a_list_with_their_verdicts_and_timelines(page_of, scenarios):
    there = page_of(scenarios, "#run=" + page_run(scenarios, 0))
    assert there.all("h2") == ["What could not be read", "Scenarios"]
    assert there.all(".row .name") == ["The fallback answers too late", "It answers"]
    assert there.text(".tiles").endswith("1 failed")
    assert "fallback did not hold (turn 1, step 6)" in there.text("#detail .card")
    assert there.all("#detail .marked td:first-child") == ["> 6"]
    assert there.text("#detail .copyable pre").endswith("s.yaml::the-fallback-answers-too-late")


# By hand, by ear, on paper


def test_tab_goes_from_the_skip_link_through_all_that_can_be_used_once(page_of, html):
    there = page_of(html)
    met = []
    for _ in range(120):
        there.press("Tab")
        if there.js("document.activeElement === document.body"):
            break
        met.append(there.js("((each) => [each.tagName, each.id, each.className])(document.activeElement)"))
    assert met[0] == ["A", "", "skip"]
    assert [tag for tag, *_ in met].count("TD") == 1
    assert met.count(["DIV", "list", "list"]) == 1
    ids = [name for _, name, _ in met if name]
    assert ids.index("choose-heat") < ids.index("filter-text") < ids.index("list")


def test_what_has_the_focus_is_seen_to_have_it(page_of, html):
    there = page_of(html)
    there.press("Tab", "Tab", "Tab")
    assert there.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_arrow_keys_walk_through_the_heat_map_and_enter_shows_its_runs(page_of, html):
    there = page_of(html)
    there.js("document.querySelector('.heat td').focus()")
    first = there.focused
    there.press("ArrowRight", "ArrowDown")
    assert there.focused.startswith("reset, primary, once, middle: ")
    there.press("Home", "ArrowUp")
    assert there.focused == first
    there.press("End", "Enter")
    assert there.js("[looked.side, looked.times, looked.at]") == ["both", "forever", "last"]


def test_arrow_keys_walk_through_the_runs(page_of, html):
    there = page_of(html)
    there.js("document.getElementById('list').focus()")
    there.press("ArrowDown", "ArrowDown")
    assert there.text("#detail h3").endswith("explore 1")
    assert there.js("document.getElementById('list').getAttribute('aria-activedescendant')") == "row-1"
    there.press("End")
    assert there.text("#detail h3").endswith("random 1000")
    assert there.all(".row.here .name") == ["random 1000"]
    there.press("Enter")
    assert there.focused.endswith("random 1000")


def test_arrow_keys_walk_through_the_states(page_of, html):
    there = page_of(html)
    there.js("document.querySelector('.box[tabindex=\"0\"]').focus()")
    there.press("ArrowRight")
    assert there.focused.startswith("depth 1: ")
    there.press("ArrowLeft", "Enter")
    assert there.focused.startswith("depth 0: ")
    assert there.text("#said") == there.text("#states .chosen h3") != ""


NAMELESS = """[...document.querySelectorAll("a, button, select, input, [role=button], [tabindex='0']")]
    .filter((each) => !each.getAttribute("aria-label") && !each.textContent.trim() && !each.labels?.length)
    .map((each) => each.outerHTML.slice(0, 80))"""
UNTOLD = """[...document.querySelectorAll("table, svg, section, nav, figure svg")]
    .filter((each) => !each.matches("[aria-label], [aria-labelledby], :has(> caption), :has(> title)"))
    .map((each) => each.outerHTML.slice(0, 80))"""
TWICE = f"((ids) => ids.filter((id, place) => ids.indexOf(id) !== place))({every('[id]')}.map((each) => each.id))"


def test_whatever_can_be_used_or_looked_at_has_a_name(page_of, html):
    there = page_of(html, "#run=matrix+98&state=3")
    assert there.js(NAMELESS) == []
    assert there.js(UNTOLD) == []
    assert there.js(TWICE) == []
    assert [len(there.all(landmark)) for landmark in ("header", "nav", "main", "h1", "[aria-live]")] == [1] * 5
    levels = there.js("[...document.querySelectorAll('h1, h2, h3, h4')].map((each) => Number(each.tagName[1]))")
    assert all(after - before <= 1 for before, after in pairwise(levels))


FAINT = """[...document.querySelectorAll("main *, header *, nav *")]
    .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((each) => !each.closest(".unseen, svg, option, .printed"))
    .map((each) => {
        const parts = (text) => text.match(/[\\d.]+/g).map(Number)
            .map((part, place) => text.startsWith("color(") && place < 3 ? part * 255 : part);
        const bent = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        const shine = (colour) => [0.2126, 0.7152, 0.0722].reduce(
            (sum, weight, place) => sum + weight * bent(colour[place] / 255), 0);
        const grounds = [];
        for (let at = each; at; at = at.parentElement) grounds.unshift(parts(getComputedStyle(at).backgroundColor));
        const ground = grounds.reduce((under, [r, g, b, a = 1]) =>
            [r, g, b].map((part, place) => part * a + under[place] * (1 - a)), [255, 255, 255]);
        const [low, high] = [shine(ground), shine(parts(getComputedStyle(each).color))].sort((a, b) => a - b);
        return [(high + 0.05) / (low + 0.05), each.className, each.textContent.slice(0, 30)];
    }).filter(([contrast]) => contrast < 4.5)"""


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("heat", ["", "seconds"])
def test_every_text_stands_out_from_its_ground(page_of, html, dark, heat):
    there = page_of(html, f"#run=matrix+98&state=3&heat={heat}", dark=dark)
    assert there.js(FAINT) == []


def test_it_is_light_or_dark_as_its_reader_likes(page_of, html):
    grounds = [page_of(html, dark=dark).js("getComputedStyle(document.body).backgroundColor") for dark in (False, True)]
    assert grounds == ["rgb(251, 250, 247)", "rgb(21, 24, 28)"]


@pytest.mark.parametrize("width", [320, 400, 768, 1280])
def test_it_never_scrolls_sideways_as_a_whole(page_of, html, width):
    there = page_of(html, "#run=matrix+98&state=3", width=width)
    assert there.js("document.documentElement.scrollWidth") <= width


def test_a_copy_button_copies_and_says_so(page_of, html):
    there = page_of(html.replace("first in random", "first in"))
    there.cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    there.js("document.querySelector('#weak .copy').focus()")
    there.press("Enter")
    there.until("document.querySelector('#weak .copy').textContent !== 'Copy'")
    assert there.text("#weak .copy") == "Copied"
    assert there.text("#said") == "the lines that mend it copied"
    assert there.js_later("navigator.clipboard.readText().then(done)") == "fallback_model: {provider: openrouter}"


def test_where_there_is_no_clipboard_it_copies_all_the_same(page_of, html):
    there = page_of(html, "#run=matrix+3")
    there.js("void Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    there.js("void document.addEventListener('copy', () => { window.taken = document.activeElement.value; })")
    there.js("document.querySelector('#detail .copy').focus()")
    there.press("Enter")
    there.until("window.taken")
    assert there.js("window.taken").endswith("#run=matrix+3")
    there.until("document.querySelector('#detail .copy').textContent === 'Copied'")


def test_on_paper_the_runs_are_a_table_with_those_first_that_did_not_hold(page_of, html):
    there = page_of(html, "#run=matrix+3")
    told = base64.b64decode(there.cdp("Page.printToPDF", printBackground=True)["data"])
    assert told.startswith(b"%PDF")
    rows = there.all(".printed tbody tr")
    assert len(rows) == 200
    odd = there.js("RUNS.filter((run) => run.standing !== 'held').length")
    assert [" held" in row for row in rows] == [False] * odd + [True] * (200 - odd)
    there.cdp("Emulation.setEmulatedMedia", media="print")
    shown = "arguments[0].map((each) => getComputedStyle(document.querySelector(each)).display)"
    assert there.js(shown, [".list", "nav", ".copy", ".printed"]) == ["none", "none", "none", "block"]


# Many runs


def test_of_thousands_of_runs_only_those_in_sight_are_in_the_document(page_of, tmp_path):
    results = campaign(tmp_path / "many.sqlite", 3000)
    there = page_of(page.of_campaign(results))
    results.close()
    assert there.text("#count") == "3,000 of 3,000 runs"
    assert there.js("document.getElementById('list').getAttribute('aria-rowcount')") == "3000"
    assert 10 < len(there.all(".row")) < 50
    there.js("void document.getElementById('list').scrollTo(0, 1e9)")
    there.until("document.getElementById('row-2999')")
    assert there.all(".row .name")[-1] == "random 999"
    assert 10 < len(there.all(".row")) < 50
    there.choose("#filter-verdict", "broken")
    assert there.js("rowsShown.runs.length") == there.js("DATA.counts.broken") > 10
    assert there.complaints == []


def test_more_runs_than_a_page_holds_leave_out_some_of_those_that_held(page_of, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "_MOST_RUNS", 100)
    results = campaign(tmp_path / "many.sqlite", 300)
    there = page_of(page.of_campaign(results))
    results.close()
    assert there.text("#count") == "100 of 100 runs (200 more held, and are left out of this page)"
    odd = sum(there.js(f"DATA.counts.{standing}") for standing in ("broken", "not_reached", "trouble"))
    assert there.js("RUNS.filter((run) => run.standing !== 'held').length") == odd > 0
