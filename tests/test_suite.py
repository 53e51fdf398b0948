"""The suite is whole: whatever the contract, the catalogue and the format hold, some scenario shows."""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from faultlab.contract import REASONS
from faultlab.faults import FAULTS
from faultlab.loader import expecting
from faultlab.providers import entries, provider
from faultlab.providers.kinds import judged
from faultlab.runner import load
from faultlab.scenario import ENTRIES, CallableTarget, CommandTarget, HermesTarget, SdkTarget
from hermes_agent.messages import FailureKind
from hermes_agent.runtime_provider import PROVIDERS, Refusal
from tests.promise import holds_for

ROOT = Path(__file__).parents[1]
CLAUSES = re.findall(r"^\*\*(C\d+) ", (ROOT / "docs" / "contract.md").read_text("utf-8"), re.MULTILINE)


@cache
def suite():
    return load(ROOT / "scenarios")


def expected(key):
    """Every value that some scenario expects under this key."""
    return [each.value for scenario in suite() for each in scenario.expectations if each.key == key]


def sides():
    return [side for scenario in suite() for side in (scenario.primary, scenario.fallback)]


def backends():
    return [
        backend
        for scenario in suite()
        for backend in (scenario.policy.primary, scenario.policy.fallback)
        if backend is not None
    ]


def test_there_are_many():
    assert len(suite()) >= 200


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_has_a_scenario(clause):
    assert any(clause in scenario.clauses for scenario in suite())


def test_every_scenario_of_the_agent_names_the_clauses_that_it_shows():
    assert [each.node_id for each in suite() if isinstance(each.target, HermesTarget) and not each.clauses] == []


def test_every_fault_is_sent():
    assert {fault.name for side in sides() for entry in side.faults for fault in entry.faults} == set(FAULTS)


def test_every_kind_of_failure_ends_a_turn():
    assert set(expected("failure")) == set(FailureKind) - {FailureKind.INTERNAL}


def test_every_reason_switches_and_every_refusal_is_met():
    assert {value.reason for value in expected("fallback") if value != "never"} >= set(REASONS)
    assert set(expected("refused")) == set(Refusal)


def test_every_expectation_is_used():
    assert {each.key for scenario in suite() for each in scenario.expectations} == set(expecting._KEYS)


def test_every_way_in_and_every_target_is_used():
    targets = [scenario.target for scenario in suite()]
    assert {target.entry for target in targets if isinstance(target, HermesTarget)} == set(ENTRIES)
    assert {type(target) for target in targets} == {HermesTarget, SdkTarget, CallableTarget, CommandTarget}


def test_both_apis_and_every_provider_are_asked():
    assert {backend.dialect for backend in backends()} == {"chat", "responses"}
    assert {backend.provider for backend in backends()} >= set(PROVIDERS)


VERDICTS = [(entry, verdict) for entry in entries() for verdict in judged(entry.id)]


@cache
def by_entry():
    """Entry of the catalogue → the scenarios in which it is all that the agent's primary sends."""
    found = defaultdict(list)
    for scenario in suite():
        asked = scenario.policy.primary
        sent = [
            fault.entry(asked.dialect, provider(asked.provider))
            for each in scenario.primary.faults
            for fault in each.faults
        ]
        ids = {entry.id if entry else "" for entry in sent}
        if isinstance(scenario.target, HermesTarget) and len(ids) == 1:
            found[ids.pop()].append(scenario)
    return found


def expects(scenario, key):
    return [each.value for each in scenario.expectations if each.key == key]


def shows(scenario, kind):
    """Whether the scenario holds only if the agent takes what was sent for this kind.

    A kind ends the turn as such; an output that is too large is lowered at once; an answer is one without a wait.
    """
    if kind not in (None, "output_too_large"):
        return kind in expects(scenario, "failure")
    at_once = expects(scenario, "failure") == [] and expects(scenario, "waits_s") == [()]
    lowered = any("max_" in path for likes in expects(scenario, "requests") for like in likes for path, _ in like.has)
    return at_once and expects(scenario, "fallback") == ["never"] and (kind is None or lowered)


@holds_for(lambda: VERDICTS, lambda case: f"{case[0].id}, {case[1].kind}")
def test_every_entry_of_the_catalogue_is_sent_and_taken_for_what_it_was_judged_to_be(case):
    entry, verdict = case
    assert any(shows(scenario, verdict.kind) for scenario in by_entry()[entry.id])
