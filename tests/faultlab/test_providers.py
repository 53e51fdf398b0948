import json
import re

import pytest

from faultlab.faults import FAULTS
from faultlab.faults.status import StatusFault
from faultlab.providers import GENERIC, provider
from faultlab.providers.base import response

_NUMBERS = {"model": "gpt-5.1", "limit": 8192, "requested": 9000, "prompt": 8000, "max_tokens": 1000}


def test_there_is_a_shape_for_each_status_fault_and_for_nothing_else():
    assert set(GENERIC.errors) == {name for name, fault in FAULTS.items() if issubclass(fault, StatusFault)}


@pytest.mark.parametrize("name", GENERIC.errors)
def test_every_shape_is_a_whole_error_response(name):
    head, body = GENERIC.errors[name].events(_NUMBERS)
    assert 400 <= head.status < 600
    assert head.header("content-length") == str(len(body.data))
    assert not re.search(rb"\{\w+\}", body.data), "every hole is filled"
    if head.header("content-type") == "application/json":
        assert isinstance(json.loads(body.data), dict)


def test_a_provider_without_shapes_of_its_own_sends_the_generic_ones():
    assert provider("groq").name == "groq"
    assert provider("groq").errors is GENERIC.errors


@pytest.mark.parametrize(
    ("body", "kind", "data"),
    [
        ({"a": "é"}, "application/json", '{"a": "é"}'),
        (["a"], "application/json", '["a"]'),
        ("<html>", "text/html", "<html>"),
        ("busy", "text/plain", "busy"),
        ("", "text/plain", ""),
    ],
)
def test_a_document_goes_out_as_json_and_a_text_as_it_is(body, kind, data):
    head, sent = response(418, body)
    assert (head.status, head.header("content-type")) == (418, kind)
    assert sent.data.decode() == data


def test_a_header_that_is_given_is_not_made_up():
    head, _ = response(200, "", (("content-type", "application/json"),))
    assert [value for name, value in head.headers if name == "content-type"] == ["application/json"]
