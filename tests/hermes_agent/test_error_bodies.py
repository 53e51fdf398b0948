"""An error body of any shape says its codes, texts and fields."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.error_bodies import lower_headers, read_error

INNER = {"error": {"message": "No endpoints found", "code": 404}}


@pytest.mark.parametrize(
    ("body", "codes", "texts"),
    [
        (None, (), ()),
        ("", (), ()),
        ("plain words", (), ("plain words",)),
        ({"message": "flat", "type": "T", "code": 7}, ("t", "7"), ("flat",)),
        ({"error": {"message": "nested", "code": "X"}}, ("x",), ("nested",)),
        ({"error": "as a text", "code": "C"}, ("c",), ("as a text",)),
        ({"detail": "Unauthorized"}, (), ("Unauthorized",)),
        ({"detail": [{"loc": ["body", "max_tokens"], "msg": "too large"}]}, (), ("body", "max_tokens", "too large")),
        ([{"error": {"message": "in a list", "status": "UNAVAILABLE"}}], ("unavailable",), ("in a list",)),
        ({"error": {"metadata": {"raw": json.dumps(INNER)}}}, ("404",), ("No endpoints found",)),
        (f"Error from provider: {json.dumps(INNER)}", ("404",), ("Error from provider", "No endpoints found")),
        (f"Upstream: [{json.dumps(INNER)}]", ("404",), ("Upstream", "No endpoints found")),
        ("bad { brace", (), ("bad { brace",)),
        ("unexpected {} in tools", (), ("unexpected {} in tools",)),
        ('unknown field {"a": 1} in tools', (), ('unknown field {"a": 1} in tools',)),
        ("<html><title>502\nBad Gateway</title><body>x</body>", (), ("502\nBad Gateway",)),
        ("<p>Sign <b>in</b></p>", (), ("Sign  in",)),
        ({"error": {"details": [{"reason": "NO_CREDITS"}]}}, ("no_credits",), ()),
        (7, (), ()),
        (True, (), ()),
    ],
)
def test_every_shape_seen_is_read(body, codes, texts):
    report = read_error(body)
    assert (report.codes, report.texts) == (codes, texts)


@pytest.mark.parametrize(
    ("code", "status"), [(429, 429), ("502", 502), (399, None), (600, None), ("4290", None), ("x", None)]
)
def test_a_code_from_400_to_599_is_a_status(code, status):
    assert read_error({"code": code}).status == status


def test_of_several_statuses_the_outermost_counts():
    assert read_error({"code": 502, "error": INNER["error"]}).status == 502


@pytest.mark.parametrize("unit", ["<", "{", "quota exceeded for metric: ", "word "])
def test_a_text_without_end_is_read_as_far_as_it_matters(unit):
    assert len(read_error(unit * 1_000_000).text) <= 10_000


def test_nesting_has_an_end():
    body = {"code": "last"}
    for _ in range(100):
        body = {"error": body}
    assert read_error(body).codes == ()


@given(st.recursive(st.none() | st.text() | st.floats(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_anything_can_be_read(body):
    assert isinstance(read_error(body).text, str)
    assert isinstance(read_error(json.dumps(body)).text, str)


def test_header_names_are_lower_case_and_what_are_no_headers_are_none():
    assert lower_headers({"Retry-After": 5}) == {"retry-after": "5"}
    assert lower_headers(None) == {}
    assert lower_headers("x") == {}
