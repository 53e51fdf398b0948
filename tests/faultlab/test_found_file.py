from dataclasses import replace
from pathlib import Path

import pytest

from faultlab.errors import HarnessError
from faultlab.expectations import Expectation, RequestLike
from faultlab.found_file import found_file, write_found
from faultlab.runner import load, loader
from faultlab.shrink import Shrunk
from faultlab.trial import Breach

BREACH = Breach("I3", "no switch when only the size was wrong", "a switch after context_overflow", 1, 2)
FULL = Path("/dev/full")
CAMPAIGN = ["faultlab", "chaos", "my config.yaml", "--seed", "7"]


@pytest.fixture
def scenario():
    (found,) = loader().read(
        "name: drawn\nsays: [hi]\nfaults: {primary: [context_overflow]}\nturns: [{user: hi}]\n", "s"
    )
    return found


@pytest.fixture
def found(scenario, tmp_path):
    def made(breach=BREACH, runs=12, stopped="1-minimal", of=scenario):
        return found_file(
            Shrunk(of, breach, 34, stopped), of="random", number=5, runs=runs, found_by=CAMPAIGN, folder=tmp_path
        )

    return made


def test_it_is_an_ordinary_scenario_that_says_what_broke_and_how_it_was_found(found, tmp_path):
    path = write_found(tmp_path / "found", found())
    assert path == tmp_path / "found" / "i3.yaml"
    (scenario,) = load(path)
    assert scenario.name == "I3: no switch when only the size was wrong"
    assert scenario.clauses == ("I3",)
    assert scenario.why == (
        "I3 did not hold in turn 1: expected no switch when only the size was wrong; found a switch after "
        "context_overflow. Broken by 12 runs, first by number 5 of the pass random; "
        "made smaller in 34 tries (1-minimal)."
    )
    assert path.read_text("utf-8").startswith("# Found by: faultlab chaos 'my config.yaml' --seed 7\n")


def test_the_command_names_the_very_scenario(found, tmp_path):
    file = found()
    path = write_found(tmp_path, file)
    (scenario,) = load(path)
    assert file.command("found/i3.yaml") == f"pytest found/i3.yaml::{scenario.id}"
    assert file.entries == 1


def test_a_policy_line_is_no_clause_and_names_the_file(found, tmp_path):
    file = found(Breach("rate_limited.waits_s", "2, 4 s", "2 s", 1))
    path = write_found(tmp_path, file)
    assert path.name == "rate_limited_waits_s.yaml"
    assert load(path)[0].clauses == ()


@pytest.mark.parametrize(
    ("expected", "left"),
    [
        ('request 2: body.model = "m"', RequestLike(2, has=(("body.model", "m"),))),
        ("request 2: no body.stream", RequestLike(2, lacks=("body.stream",))),
    ],
)
def test_of_what_requests_hold_only_what_broke_is_told(found, scenario, tmp_path, expected, left):
    held = (
        RequestLike(1, lacks=("body.stream",)),
        RequestLike(2, to="primary", has=(("body.model", "m"), ("body.n", 1)), lacks=("body.stream",)),
    )
    scenario = replace(scenario, expectations=(Expectation("requests", held, scenario.place, 1),))
    file = found(Breach("billing.requests", expected, "nothing", 1), of=scenario)
    path = write_found(tmp_path, file)
    assert [each.value for each in load(path)[0].expectations if each.key == "requests"] == [(left,)]


def test_why_it_is_no_smaller_is_told(found):
    assert "by this run alone" in found(runs=1).text
    assert "(stopped after 34 tries)" in " ".join(found(stopped="stopped after 34 tries").text.split())


def test_a_long_expectation_ends_with_a_word(found, tmp_path):
    path = write_found(tmp_path, found(Breach("I8", "the conversation " * 20, "another")))
    (scenario,) = load(path)
    assert scenario.name.endswith(" ...")
    assert len(scenario.name) < 110


def test_the_same_twice_is_one_file_and_another_text_gets_a_number(found, tmp_path):
    assert write_found(tmp_path, found()) == write_found(tmp_path, found())
    other = write_found(tmp_path, found(runs=13))
    assert other.name == "i3_2.yaml"
    assert write_found(tmp_path, found(runs=13)) == other
    assert len(list(tmp_path.iterdir())) == 2


def test_what_somebody_wrote_under_that_name_stays(found, tmp_path):
    (tmp_path / "i3.yaml").write_text("mine", "utf-8")
    (tmp_path / "i3_2.yaml").mkdir()
    assert write_found(tmp_path, found()).name == "i3_3.yaml"
    assert (tmp_path / "i3.yaml").read_text("utf-8") == "mine"


def test_a_folder_that_cannot_be_written_to_is_one_sentence(found, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(HarnessError, match="what was found cannot be written"):
        write_found(tmp_path / "file", found())


@pytest.mark.skipif(not FULL.exists(), reason="there is no full disk here")
def test_a_full_disk_leaves_nothing_half_written(found, tmp_path, monkeypatch):
    really_open = Path.open

    def on_a_full_disk(path, _mode):
        path.touch(exist_ok=False)
        return really_open(FULL, "wb", 0)

    monkeypatch.setattr(Path, "open", on_a_full_disk)
    with pytest.raises(HarnessError, match="No space left"):
        write_found(tmp_path, found())
    assert list(tmp_path.iterdir()) == []
