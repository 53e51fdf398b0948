import pytest

from faultlab.wire import REDACTED, Head, Request, received


def _received(**headers):
    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return received("POST", "https://api.openai.com/v1/responses", raw, b"{}")


@pytest.mark.parametrize("header", ["Authorization", "api_key", "x_api_key", "x_goog_api_key", "cookie"])
def test_no_credential_stays_in_a_request(header):
    request, _ = _received(**{header: "Bearer sk-secret"})
    assert request.headers[header.lower().replace("_", "-")] == REDACTED
    assert "sk-secret" not in repr(request)


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ({"Authorization": "Bearer sk-1"}, "sk-1"),
        ({"api_key": "sk-2"}, "sk-2"),
        ({"x_api_key": "sk-3", "Authorization": "Bearer sk-1"}, "sk-1"),
        ({"cookie": "session=1"}, None),
        ({}, None),
    ],
)
def test_the_key_of_a_request_is_split_off_at_the_door(headers, credential):
    assert _received(**headers)[1] == credential


def test_headers_are_found_by_their_name_in_lower_case():
    request, _ = _received(Content_Type="application/json")
    assert request.headers["content-type"] == "application/json"
    assert list(request.headers) == ["content-type"]
    assert len(request.headers) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_reads_as_none(body):
    assert Request("POST", "https://x/v1", {}, body).json is None


def test_a_body_is_read_once():
    request = Request("POST", "https://x/v1", {}, b'{"model": "m"}')
    assert request.json == {"model": "m"}
    assert request.json is request.json


def test_a_head_tells_its_headers():
    head = Head(200, (("content-type", "text/html"),))
    assert head.header("content-type") == "text/html"
    assert head.header("retry-after") is None
