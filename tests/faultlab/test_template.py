"""Texts with holes are written the way providers write them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab.providers.template import FORMS, of_json, of_text

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z


class Given:
    """Values that a test states."""

    at_s = NOW

    def __init__(self, **values):
        self._values = values

    def __getitem__(self, quantity):
        return self._values[quantity]

    def id_for(self, prefix):
        return f"<{prefix}>"


@pytest.mark.parametrize(
    ("form", "value", "written"),
    [
        ("", 6000, "6000"),
        ("", "gpt-5.1", "gpt-5.1"),
        ("grouped", 80000, "80,000"),
        ("up", 4.77, "5"),
        ("up", 5.0, "5"),
        ("down", 13872.9, "13872"),
        ("seconds", 20.04, "20.04"),
        ("seconds", 20.0, "20"),
        ("s", 26, "26s"),
        ("ms", 9.816, "9816"),
        ("go", 0.644, "644ms"),
        ("go", 1.57, "1.57s"),
        ("go", 62, "1m2s"),
        ("go", 360, "6m0s"),
        ("go", 7200.5, "2h0m0.5s"),
        ("rfc3339", 88, "2026-01-01T00:01:28Z"),
        ("local", 3600, "2026-01-01 01:00:00"),
        ("epoch", 60.2, "1767225661"),
        ("epoch_ms", 60, "1767225660000"),
    ],
)
def test_a_value_is_written_in_its_form(form, value, written):
    hole = f"{{x:{form}}}" if form else "{x}"
    assert of_text(f"a {hole} b").filled(Given(x=value)) == f"a {written} b"


def test_every_form_is_one_that_is_tested_above():
    marked = test_a_value_is_written_in_its_form.pytestmark[0].args[1]
    assert {form for form, _, _ in marked} == set(FORMS)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("org-XXXX", "org-<org->"),
        ("id XXXX here", "id <> here"),
        ('{{"a": 1}}', '{"a": 1}'),
        ("", ""),
    ],
)
def test_ids_are_made_up_and_braces_are_doubled(text, filled):
    assert of_text(text).filled(Given()) == filled


@pytest.mark.parametrize("text", ["{", "a } b", "{x:nosuchform}"])
def test_a_template_that_means_nothing_is_refused(text):
    with pytest.raises(ValueError, match=r"brace|no form"):
        of_text(text)


def test_a_string_that_is_one_hole_may_be_a_number():
    document = {"error": {"resets_in": "{w:up:number}", "message": "in {w:go}", "n": None, "ok": True}}
    sent = json.loads(of_json(document).filled(Given(w=61.5)))
    assert sent == {"error": {"resets_in": 62, "message": "in 1m1.5s", "n": None, "ok": True}}


@given(st.text())
def test_what_fills_a_hole_in_json_stays_within_its_string(value):
    sent = of_json(["model {x}"]).filled(Given(x=value))
    assert json.loads(sent) == [f"model {value}"]


_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet=st.characters(exclude_characters="{}X")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_DOCUMENTS)
def test_a_document_without_holes_is_written_as_json_writes_it(document):
    assert of_json(document).filled(Given()) == json.dumps(document, ensure_ascii=False)
