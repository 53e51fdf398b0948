"""The published schema of the scenario format says what the loader says, as far as a schema can say it."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from docs.generator.sentences import sentences
from faultlab.errors import ScenarioError
from faultlab.loader import files_below
from faultlab.loader.described import schema_of
from faultlab.loader.document import DOCUMENT
from faultlab.loader.expecting import _KEYS
from faultlab.loader.scenario_schema import FILE
from faultlab.loader.shapes import plain
from faultlab.loader.tree import documents
from faultlab.runner import loader

sys.path.insert(0, str(Path(__file__).parent))

from unusable import BASE, UNUSABLE

ROOT = Path(__file__).parents[2]


@cache
def validator():
    schema = json.loads(FILE.read_text("utf-8"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def complaints(text, file="s.yaml"):
    return [error.message for tree in documents(text, file) for error in validator().iter_errors(plain(tree))]


def test_the_schema_that_is_shipped_is_what_the_command_prints():
    done = subprocess.run([sys.executable, "-m", "faultlab", "schema"], capture_output=True, text=True, check=True)
    assert done.stdout == FILE.read_text("utf-8") == (ROOT / "docs" / "reference" / FILE.name).read_text("utf-8")


def test_every_scenario_of_the_suite_holds_it():
    files = files_below(ROOT / "scenarios")
    assert len(files) > 100
    assert {str(file): found for file in files if (found := complaints(file.read_text("utf-8"), str(file)))} == {}


# What stands in no schema: what YAML itself refuses, what is made of the whole file, what two values ask of each other,
# and what the catalogue or a provider has.
BEYOND_A_SCHEMA = re.compile(
    r"unreadable YAML|is empty|duplicate key|a second scenario|changes nothing|null removes|cannot start any token"
    r"|means nothing to|cannot be played|target command (waits|does not)|zero byte|takes no variable|config: "
    r"|nothing is at|at least 65 tokens|a path begins with|strict|openai sends no variant|is an answer of responses"
    r"|header names"
)


@pytest.mark.parametrize(("text", "message"), [each for each in UNUSABLE if not BEYOND_A_SCHEMA.search(each[1])])
def test_what_the_loader_refuses_the_schema_refuses(text, message):
    assert complaints(text) or not documents(text, "s.yaml")


def test_most_of_what_is_refused_is_within_a_schema():
    assert sum(not BEYOND_A_SCHEMA.search(message) for _, message in UNUSABLE) > len(UNUSABLE) // 2


@pytest.mark.parametrize(
    "text",
    [
        "name: n\neach: {a: {turns: [{user: x}]}}\n",
        BASE + "entry: [agent, cli]\n",
        BASE + "env: {A: b}\neach: {a: {env: {A: null}}, b: {limits: {primary: {body_bytes: 9}}, expect: null}}\n",
        BASE + "expect: {reply: x, calls: {primary: 1}}\neach: {a: {expect: {calls: null}}}",
        BASE + "faults: {primary: [{wire: groq.429.tokens_per_minute}, ok, {cut: , times: forever}, {slow: }]}\n",
    ],
)
def test_what_the_loader_takes_the_schema_takes(text):
    assert complaints(text) == []


@pytest.mark.parametrize(
    "each",
    ["{a: {sayz: [x]}}", "{a: {limits: {primary: {tokens: 3}}}}", "{a: {expect: {order: X}}}", "{'a b': {}}", "{}"],
)
def test_what_is_laid_over_a_file_is_looked_at_too(each):
    assert complaints(BASE + f"each: {each}\n")


def test_every_key_has_a_sentence():
    told = sentences()
    assert set(DOCUMENT) <= set(told)
    assert {f"expect.{name}" for name in _KEYS} <= set(told)
    assert {f"turns.{name}" for name in ("user", "session", "resume", "interrupt", "expect")} <= set(told)


def test_sentences_are_without_marks():
    assert not [told for told in sentences().values() if re.search(r"[`*]|\]\(", told)]


def test_a_shape_without_a_schema_is_told_and_not_passed_over():
    with pytest.raises(LookupError, match="no schema stands beside the shape"):
        schema_of(lambda tree: tree)


def test_texts_that_are_no_scenario_are_none():
    for text, _ in UNUSABLE:
        with pytest.raises(ScenarioError):
            loader().read(text, "s.yaml")
