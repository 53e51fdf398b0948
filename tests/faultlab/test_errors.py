import pytest

from faultlab import errors
from faultlab.errors import FaultlabError, HarnessError, ScenarioError, UnknownHost


def test_every_error_is_drawn_in_the_tree_and_descends_from_its_root_unless_nobody_shall_swallow_it():
    for name in filter(str.isalpha, errors.__all__):
        error = getattr(errors, name)
        assert issubclass(error, FaultlabError) or not issubclass(error, Exception)
        assert name in errors.__doc__


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ({}, "unknown key 'fault'"),
        ({"path": "a.yaml"}, "a.yaml: unknown key 'fault'"),
        ({"path": "a.yaml", "line": 9, "column": 14}, "a.yaml:9:14: unknown key 'fault'"),
    ],
)
def test_a_scenario_error_says_where(place, told):
    assert str(ScenarioError("unknown key 'fault'", **place)) == told


def test_a_scenario_error_says_in_its_second_line_what_is_allowed():
    assert str(ScenarioError("unknown", path="a.yaml", allowed=["faults", "turns"])).splitlines() == [
        "a.yaml: unknown",
        "allowed: faults, turns",
    ]


def test_an_unknown_host_is_the_harness_s_and_names_the_url_and_those_known():
    error = UnknownHost("https://api.example.com/v1", ["https://api.openai.com/v1"])
    assert isinstance(error, HarnessError)
    assert "https://api.example.com/v1" in str(error)
    assert "https://api.openai.com/v1" in str(error)
