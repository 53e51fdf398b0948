"""What cannot be true together in one file, however well each key is written. Pure checks on a loaded scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Final

from faultlab.adapters.playable import why_unplayable
from faultlab.errors import ScenarioError
from faultlab.expectations import Expectation, Switched
from faultlab.loader.tree import Tree, refusal, shown
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.providers import Provider
from faultlab.providers import provider as provider_of
from faultlab.scenario import CallableTarget, CommandTarget, HermesTarget, Scenario, SdkTarget, Side

__all__ = ["refuse_contradictions"]

_TOLD_BY_AGENT: Final = frozenset({"exit_code", "failure", "final_model", "refused", "tool_runs", "warnings"})
"""What only this project's agent tells; of a client or somebody's function it cannot be known."""

_NAMES: Final[dict[type, str]] = {SdkTarget: "sdk", CallableTarget: "callable", CommandTarget: "command"}
_UNKNOWN_TO_OTHERS: Final = ("entry", "history", "refresh", "tools")


def refuse_contradictions(scenario: Scenario, tree: Tree) -> None:
    """Raise ScenarioError for the first thing that cannot be."""
    checks = (_target, _entrance, _sides, _expectations)
    error = next(chain.from_iterable(check(scenario, tree) for check in checks), None)
    if error is not None:
        raise error


def _target(scenario: Scenario, tree: Tree) -> Iterator[ScenarioError]:
    if isinstance(scenario.target, HermesTarget):
        return
    name = _NAMES[type(scenario.target)]
    for key in _UNKNOWN_TO_OTHERS:
        if key in tree.value:
            yield refusal(tree.value[key].key, f"`{key}` means nothing to target {name}: leave it out")
    for number, turn in enumerate(scenario.turns):
        if turn.resume or turn.interrupt_after_s is not None:
            mark = tree.value["turns"].value[number].mark
            yield refusal(mark, f"target {name} can neither be resumed nor interrupted")
    yield from _untold(scenario, name)


def _untold(scenario: Scenario, name: str) -> Iterator[ScenarioError]:
    """What is expected and cannot be known of this target."""
    is_command = isinstance(scenario.target, CommandTarget)
    for expectation in scenario.expectations:
        key, value = expectation.key, expectation.value
        if is_command and key == "waits_s":
            yield _at(
                expectation, "target command waits in real time, to no exact millisecond: expect `waited_s` of it"
            )
        if key == "exit_code" and is_command:
            continue
        if key in _TOLD_BY_AGENT or (isinstance(value, Switched) and value.reason):
            yield _at(expectation, f"target {name} does not tell its {_told(expectation)}; only `hermes` does")


def _told(expectation: Expectation) -> str:
    return "reason" if expectation.key == "fallback" else expectation.key


def _entrance(scenario: Scenario, tree: Tree) -> Iterator[ScenarioError]:
    if not isinstance(scenario.target, HermesTarget):
        return
    entry = scenario.target.entry
    if entry == "cron" and "history" in tree.value:
        yield refusal(tree.value["history"].key, "`history` means nothing to `entry: cron`: a run is a new session")
    if entry == "cron":
        for turn in tree.value["turns"].value[1:]:
            yield refusal(turn.mark, "a cron run is one turn: `entry: cron` takes no second one")
    for expectation in scenario.expectations:
        if expectation.key == "exit_code" and entry != "cli":
            yield _at(expectation, f"only `entry: cli` has an exit code, not {entry}")


def _sides(scenario: Scenario, tree: Tree) -> Iterator[ScenarioError]:
    for name, side in ((PRIMARY, scenario.primary), (FALLBACK, scenario.fallback)):
        backend = scenario.policy.backend(name)
        if backend is None:
            yield from _without_fallback(tree)
            continue
        if side.refresh is not None and not backend.renewable:
            mark = tree.value["refresh"].key
            yield refusal(mark, f"`refresh` means nothing to {backend.provider or name}: it has a key and no token")
        yield from _misfits(name, side, _dialect(scenario, backend.dialect), provider_of(backend.provider), tree)
        if isinstance(scenario.target, CommandTarget):
            yield from _unplayable(name, side, tree)


def _dialect(scenario: Scenario, configured: str) -> str:
    return scenario.target.call if isinstance(scenario.target, SdkTarget) else configured


def _without_fallback(tree: Tree) -> Iterator[ScenarioError]:
    for key in ("faults", "limits", "refresh"):
        given = tree.value.get(key)
        if given is not None and type(given.value) is dict and FALLBACK in given.value:
            mark = given.value[FALLBACK].key
            yield refusal(mark, f"`{key}` for a fallback, but the config has no fallback_model with provider and model")


def _misfits(name: str, side: Side, dialect: str, provider: Provider, tree: Tree) -> Iterator[ScenarioError]:
    for index, entry in enumerate(side.faults):
        for fault in entry.faults:
            reason = fault.fits(dialect, provider)
            if reason is not None:
                mark = tree.value["faults"].value[name].value[index].mark
                yield refusal(mark, f"`{fault.name}` has no meaning for the {name}: {reason}")


def _unplayable(name: str, side: Side, tree: Tree) -> Iterator[ScenarioError]:
    for index, entry in enumerate(side.faults):
        for fault in entry.faults:
            reason = why_unplayable(fault, is_tls=False)
            if reason is not None:
                mark = tree.value["faults"].value[name].value[index].mark
                yield refusal(mark, f"`{fault.name}` cannot be played to target command, over a socket: {reason}")


def _expectations(scenario: Scenario, _: Tree) -> Iterator[ScenarioError]:
    for expectation in scenario.expectations:
        check = _CHECKS.get(expectation.key)
        if check is not None:
            yield from (_at(expectation, message) for message in check(expectation, scenario))


def _fallback(expectation: Expectation, scenario: Scenario) -> Iterator[str]:
    policy = scenario.policy
    if not isinstance(expectation.value, Switched):
        return
    if policy.fallback is None:
        yield "a switch is expected, but the config has no fallback_model with provider and model"
    elif policy.refused is not None:
        yield f"a switch is expected, but the config's fallback cannot be used: {policy.refused}"


def _calls(expectation: Expectation, scenario: Scenario) -> Iterator[str]:
    if dict(expectation.value).get(FALLBACK, 0) and scenario.policy.fallback is None:
        yield "calls to a fallback are expected, but the config has no fallback_model with provider and model"


def _order(expectation: Expectation, scenario: Scenario) -> Iterator[str]:
    if "F" in expectation.value and scenario.policy.fallback is None:
        yield "a request to a fallback is expected, but the config has no fallback_model with provider and model"


def _failure(expectation: Expectation, scenario: Scenario) -> Iterator[str]:
    outcomes = _siblings(scenario, expectation, "outcome")
    outcome = next(iter(outcomes), None)
    if expectation.value is not None and outcome in {"completed", "interrupted"}:
        yield f"a failure is expected of a turn that is {outcome}; write `outcome: failed` or `partial` beside it"


def _tool_runs(expectation: Expectation, scenario: Scenario) -> Iterator[str]:
    scripted = {tool.name for tool in scenario.tools}
    if isinstance(expectation.value, int):
        return
    for name, count in expectation.value:
        if count and name not in scripted:
            yield f"runs of {shown(name)} are expected, but `tools` does not have it"


def _siblings(scenario: Scenario, expectation: Expectation, key: str) -> Iterable[Any]:
    """Values of another key in the same `expect`."""
    return [each.value for each in scenario.expectations if (each.key, each.turn) == (key, expectation.turn)]


def _final_model(expectation: Expectation, scenario: Scenario) -> Iterator[str]:
    yield from _not_a_model(expectation.value, scenario)


def _requests(expectation: Expectation, scenario: Scenario) -> Iterator[str]:
    for request in expectation.value:
        if request.to == FALLBACK and scenario.policy.fallback is None:
            yield "a request to a fallback is expected, but the config has no fallback_model with provider and model"
        if request.model is not None:
            yield from _not_a_model(request.model, scenario)


def _not_a_model(name: str, scenario: Scenario) -> Iterator[str]:
    backends = (scenario.policy.primary, scenario.policy.fallback)
    models = [backend.model for backend in backends if backend is not None]
    if name not in models:
        yield f"the model {shown(name)} is expected, but the config has {' and '.join(map(shown, models))}"


def _refused(expectation: Expectation, scenario: Scenario) -> Iterator[str]:
    policy = scenario.policy
    if policy.refused == expectation.value:
        return
    found = f"is refused for {policy.refused}" if policy.refused else "can be used"
    yield f"{expectation.value} is expected, but the config's fallback {found if policy.fallback else 'is not there'}"


_CHECKS: Final[dict[str, Callable[[Expectation, Scenario], Iterator[str]]]] = {
    "calls": _calls,
    "failure": _failure,
    "fallback": _fallback,
    "final_model": _final_model,
    "order": _order,
    "refused": _refused,
    "requests": _requests,
    "tool_runs": _tool_runs,
}


def _at(expectation: Expectation, message: str) -> ScenarioError:
    place = expectation.place
    return ScenarioError(message, path=place.file, line=place.line, column=place.column)
