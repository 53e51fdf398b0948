import json
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from pydantic import BaseModel, Field

from faultlab.content import value_for
from faultlab.errors import UnusableSchema

SEEDS = range(12)

NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "left": {"$ref": "#/$defs/node"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
    },
    "required": ["value"],
    "additionalProperties": False,
}
ANY_JSON = {
    "anyOf": [
        {"type": ["null", "string"]},
        {"type": "array", "items": {"$ref": "#/$defs/json"}},
        {"type": "object", "additionalProperties": {"$ref": "#/$defs/json"}},
    ]
}
PAYMENT = {
    "type": "object",
    "properties": {"by": {"enum": ["card", "iban"]}, "number": {"type": "string"}},
    "required": ["by", "number"],
    "if": {"properties": {"by": {"const": "card"}}},
    "then": {"properties": {"number": {"pattern": r"^\d{16}$"}}},
    "else": {"properties": {"number": {"pattern": r"^[A-Z]{2}\d{20}$"}}},
}
BOTH = {
    "allOf": [
        {"type": "object", "properties": {"a": {"type": "string", "minLength": 5}}, "required": ["a"]},
        {"properties": {"a": {"maxLength": 6}, "b": {"type": "boolean"}}, "required": ["b"]},
    ]
}

FITTING = {
    "anything": {},
    "true": True,
    "a constant": {"const": {"a": [1, None]}},
    "one of several types": {"type": ["string", "null"]},
    "an enum narrowed by a length": {"enum": ["a", "bb", "ccc"], "minLength": 2},
    "bounds": {"type": "integer", "minimum": -5, "exclusiveMaximum": -3},
    "a bound by what must not be": {"type": "integer", "not": {"minimum": 0}},
    "another bound by what must not be": {"type": "number", "not": {"maximum": 5_000}},
    "more names of a pattern than one": {
        "type": "object",
        "patternProperties": {"^x_": {"type": "boolean"}},
        "additionalProperties": False,
        "minProperties": 3,
    },
    "a narrow range": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
    "steps that no binary number hits": {"type": "number", "multipleOf": 0.01, "minimum": 0.5, "maximum": 0.6},
    "two steps at once": {"type": "integer", "allOf": [{"multipleOf": 6}, {"multipleOf": 4}], "minimum": 1},
    "numbers beyond a float": {"type": "integer", "minimum": 10**30, "maximum": 10**30 + 5},
    "no text at all": {"type": "string", "maxLength": 0},
    "a text of one length": {"type": "string", "minLength": 300, "maxLength": 300},
    "a pattern of one length": {"type": "string", "pattern": "^(a|bc)+$", "minLength": 10, "maxLength": 10},
    "an email of many characters": {"type": "string", "format": "email", "minLength": 80, "maxLength": 90},
    "a format and a pattern": {"type": "string", "format": "date", "pattern": "^20"},
    "a list of all that there is": {
        "type": "array",
        "items": {"enum": ["a", 1, True]},
        "uniqueItems": True,
        "minItems": 3,
    },
    "a row": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "null"}], "items": False, "minItems": 2},
    "items of two kinds": {"type": "array", "items": {"type": "string"}, "contains": {"const": "x"}, "minItems": 3},
    "so many and no more of a kind": {
        "type": "array",
        "items": {"type": "integer", "maximum": 100},
        "contains": {"minimum": 90},
        "minContains": 2,
        "maxContains": 2,
    },
    "required without being described": {"type": "object", "required": ["x", "y"]},
    "names by pattern": {
        "type": "object",
        "patternProperties": {"^x-[a-z]+$": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 3,
    },
    "names that hold a schema": {"type": "object", "propertyNames": {"pattern": "^[A-Z]{3}$"}, "minProperties": 2},
    "so many of anything": {
        "type": "object",
        "additionalProperties": {"type": "null"},
        "minProperties": 11,
        "maxProperties": 11,
    },
    "names that ask for others": {
        "type": "object",
        "properties": {"a": {}, "b": {}, "c": {}},
        "dependentRequired": {"a": ["b"], "b": ["c"]},
        "minProperties": 1,
    },
    "names that ask for a schema": {
        "type": "object",
        "properties": {"a": {}},
        "dependentSchemas": {"a": {"required": ["z"], "properties": {"z": {"type": "null"}}}},
    },
    "all of": BOTH,
    "one of, and not both": {"oneOf": [{"type": "integer", "multipleOf": 3}, {"type": "integer", "multipleOf": 5}]},
    "the only choice that can be": {"anyOf": [{"type": "integer", "minimum": 5, "maximum": 3}, {"type": "boolean"}]},
    "if, then, else": PAYMENT,
    "not": {"type": ["string", "integer"], "not": {"type": "string"}},
    "not, without a type": {"not": {"type": ["string", "number", "boolean", "object"]}},
    "a tree": {"$defs": {"node": NODE}, "$ref": "#/$defs/node"},
    "a tree that has to branch": {"$defs": {"node": NODE}, "$ref": "#/$defs/node", "required": ["left", "children"]},
    "any JSON": {"$defs": {"json": ANY_JSON}, "$ref": "#/$defs/json"},
    "a reference to a name with a slash": {"$defs": {"a/b~": {"type": "null"}}, "$ref": "#/$defs/a~1b~0"},
}


def holds(schema, value):
    Draft202012Validator.check_schema(schema)
    return not list(Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).iter_errors(value))


@pytest.mark.parametrize("name", FITTING)
def test_what_is_made_holds_the_schema(name):
    for seed in SEEDS:
        made = value_for(FITTING[name], seed)
        assert holds(FITTING[name], made), made


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": [{"type": "string"}, {"type": "null"}], "additionalItems": False, "minItems": 2},
        {"definitions": {"a": {"enum": [7]}}, "properties": {"x": {"$ref": "#/definitions/a"}}, "required": ["x"]},
        {"type": "object", "properties": {"a": {}}, "dependencies": {"a": ["b"]}, "minProperties": 1},
        {"type": "object", "required": ["a"], "dependencies": {"a": {"required": ["c"]}}},
    ],
)
def test_the_words_of_draft_7_are_understood(schema):
    for seed in SEEDS:
        made = value_for(schema, seed)
        assert not list(Draft7Validator(schema).iter_errors(made)), made


@pytest.mark.parametrize(
    "name",
    [
        "date",
        "date-time",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "json-pointer",
        "regex",
        "time",
        "uri",
        "uuid",
    ],
)
def test_a_text_has_its_format(name):
    schema = {"type": "string", "format": name}
    assert all(holds(schema, value_for(schema, seed)) for seed in SEEDS)
    assert len({value_for(schema, seed) for seed in SEEDS}) > 3


def test_the_same_seed_gives_the_same_value_and_another_one_another():
    schema = {"$defs": {"node": NODE}, "$ref": "#/$defs/node"}
    assert value_for(schema, 1, "x") == value_for(schema, 1, "x")
    assert len({json.dumps(value_for(schema, seed)) for seed in range(20)}) > 10


def test_optional_properties_are_there_at_times():
    schema = {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}}, "required": ["a"]}
    assert {tuple(value_for(schema, seed)) for seed in range(20)} == {("a",), ("a", "b")}


def test_every_choice_is_made_at_times():
    schema = {"anyOf": [{"const": 1}, {"const": 2}, {"const": 3}]}
    assert {value_for(schema, seed) for seed in range(40)} == {1, 2, 3}


def test_a_recursion_stays_small():
    schema = {"$defs": {"node": NODE}, "$ref": "#/$defs/node"}
    assert max(len(json.dumps(value_for(schema, seed))) for seed in range(40)) < 20_000


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (False, "#: no value was found that holds False"),
        (
            {"type": "object", "properties": {"x": {"type": "strnig"}}},
            "#/properties/x/type: expected one of array, bool",
        ),
        (
            {"properties": {"n": {"type": "integer", "minimum": 5, "maximum": 3}}, "required": ["n"]},
            "#/properties/n: no",
        ),
        (
            {"type": "string", "pattern": r"(a)\1"},
            r"#/pattern: '\1' in the pattern '(a)\\1' is beyond what texts can be",
        ),
        ({"items": {"patternProperties": {"[": {}}}}, "#/items/patternProperties: the pattern '[' breaks off"),
        ({"$ref": "#/$defs/gone"}, "#/$ref: the reference '#/$defs/gone' points nowhere"),
        ({"$ref": "https://example.com/a.json"}, "#/$ref: the reference 'https://example.com/a.json' is not one into"),
        ({"unevaluatedProperties": False}, "#/unevaluatedProperties: is beyond what values can be made for"),
        (
            {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
            "#: what it requires contains itself",
        ),
        ({"$ref": "#"}, "#: refers to itself without going a level deeper"),
        ({"not": {"$ref": "#"}}, "#: refers to itself without going a level deeper"),
        (
            {"items": {"enum": [1, 2]}, "type": "array", "uniqueItems": True, "minItems": 3},
            "#/items: no value was found",
        ),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "#/additionalProperties: no value was"),
        ({"oneOf": [{"type": "integer"}, {"type": "integer"}]}, "#: no value was found that holds {'oneOf'"),
        ({"enum": []}, "#/enum: expected a list that is not empty, not []"),
        ({"multipleOf": 0}, "#/multipleOf: expected a number above 0, not 0"),
        ({"minimum": 3, "exclusiveMinimum": True}, "#/exclusiveMinimum: expected a number, not True"),
        ({"items": [7]}, "#/items/0: a schema is a mapping, or true or false, not 7"),
        ({"properties": {"a": {"$id": "other"}}}, "#/properties/a/$id: is beyond what values can be made for"),
    ],
)
def test_what_cannot_be_made_is_one_error_with_the_path_in_the_schema(schema, message):
    with pytest.raises(UnusableSchema) as caught:
        value_for(schema, 0)
    assert str(caught.value).startswith(message)
    assert message.startswith(caught.value.path)


NAMES = st.sampled_from(["a", "b", "x-y"])
NUMBERS = st.integers(-9, 9) | st.sampled_from([0.5, -2.25])
SMALL = st.integers(0, 3)
CONSTANTS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "bb"])


def with_some(kind, **optional):
    return st.fixed_dictionaries({} if kind is None else {"type": st.just(kind)}, optional=optional)


LEAVES = st.one_of(
    st.booleans(),
    with_some("integer", minimum=NUMBERS, maximum=NUMBERS, multipleOf=st.sampled_from([1, 2, 7])),
    with_some(
        "number", exclusiveMinimum=NUMBERS, exclusiveMaximum=NUMBERS, multipleOf=st.sampled_from([0.01, 0.1, 1.5])
    ),
    with_some("string", minLength=SMALL, maxLength=SMALL, pattern=st.sampled_from(["^a+$", "[0-9]", "^(x|yz)*$"])),
    with_some(None, type=st.sampled_from(["null", "boolean", ["string", "null"], ["integer", "array"]])),
    with_some(None, enum=st.lists(CONSTANTS, min_size=1, max_size=3)),
)


def larger(inner):
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        with_some(
            "object",
            properties=st.dictionaries(NAMES, inner, max_size=3),
            required=st.lists(NAMES, max_size=2, unique=True),
            additionalProperties=inner,
            patternProperties=st.dictionaries(st.sampled_from(["^x-", "b$"]), inner, max_size=1),
            minProperties=SMALL,
            maxProperties=SMALL,
            dependentRequired=st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=1),
        ),
        with_some(
            "array",
            items=inner,
            prefixItems=st.lists(inner, min_size=1, max_size=2),
            minItems=SMALL,
            maxItems=SMALL,
            uniqueItems=st.booleans(),
            contains=inner,
        ),
        with_some(None, allOf=several),
        with_some(None, anyOf=several, oneOf=several),
        with_some(None, **{"if": inner, "then": inner, "else": inner, "not": inner}),
    )


@given(st.recursive(LEAVES, larger, max_leaves=6), st.integers(0, 3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_schema_what_is_made_holds_it_or_there_is_one_error(schema, seed):
    try:
        made = value_for(schema, seed)
    except UnusableSchema as error:
        assert str(error).startswith("#")  # noqa: PT017 - either is right
    else:
        assert holds(schema, made)


class Leaf(BaseModel):
    kind: Literal["leaf"]
    id: UUID
    when: datetime
    tags: set[Literal["a", "b", "c"]] = Field(min_length=2)


class Branch(BaseModel):
    kind: Literal["branch"]
    parts: list[Annotated["Branch | Leaf", Field(discriminator="kind")]] = Field(min_length=1, max_length=3)
    weight: float | None = Field(None, gt=0, lt=1)
    code: Annotated[str, Field(pattern=r"^[a-z]{3}-\d+$")]
    pair: tuple[int, bool]


def test_what_is_made_for_a_schema_of_pydantic_is_what_its_model_takes():
    for seed in SEEDS:
        made = value_for(Branch.model_json_schema(), seed)
        assert Branch.model_validate_json(json.dumps(made))


def test_what_is_made_is_the_callers_own():
    schema = {"const": {"a": [1]}}
    value_for(schema)["a"].append(2)
    assert schema == {"const": {"a": [1]}}
