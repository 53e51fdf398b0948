import httpx2
import pytest

from faultlab.wire import REDACTED, Head, Request, credential_in, received


def _received(**headers):
    raw = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return received("POST", "https://api.openai.com/v1/responses", raw, b"{}")


@pytest.mark.parametrize(
    "header",
    [
        "Authorization",
        "api_key",
        "x_api_key",
        "x_goog_api_key",
        "cookie",
        "proxy_authorization",
        "X_Auth_Token",
        "helicone_auth",
        "some_gateway_api_key",
        "apikey",
        "x_secret",
        "x_password",
        "x_amz_security_token",
    ],
)
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


@pytest.mark.parametrize(
    ("url", "credential"),
    [
        ("https://me:p%4011@host.example/v1", "Basic bWU6cEAxMQ=="),
        ("https://me@host.example/v1", "Basic bWU6"),
        ("https://host.example/v1", ""),
    ],
)
def test_who_is_named_in_a_url_is_what_clients_send(url, credential):
    assert credential_in(url) == credential
    with httpx2.Client(transport=httpx2.MockTransport(lambda request: httpx2.Response(200))) as client:
        sent = client.get(url).request.headers
    assert sent.get("authorization", "") == credential


@pytest.mark.parametrize("header", ["idempotency_key", "user_agent", "x_max_tokens", "x_author", "x_keyword"])
def test_what_carries_none_stays(header):
    assert _received(**{header: "told"})[0].headers[header.replace("_", "-")] == "told"


@pytest.mark.parametrize(
    ("query", "told", "credential"),
    [
        ("key=AIza-1", "key=[redacted]", "AIza-1"),
        ("alt=sse&key=AIza%2F1#x", "alt=sse&key=[redacted]#x", "AIza/1"),
        ("API-Key=1&access_token=2&a=b", "API-Key=[redacted]&access_token=[redacted]&a=b", "1"),
        ("api-version=2026-01-01&page_token=3&max_tokens=4", "api-version=2026-01-01&page_token=3&max_tokens=4", None),
        ("key=", "key=", None),
    ],
)
def test_no_credential_stays_in_the_query_of_a_url_either(query, told, credential):
    url = "https://one.example/key=path?"
    assert received("POST", url + query, [], b"") == (Request("POST", url + told, {}, b""), credential)


def test_a_key_in_a_header_is_the_one_that_counts():
    found = received("POST", "https://one.example/v1?key=in-the-url", [(b"authorization", b"Bearer sk-1")], b"")
    assert found[1] == "sk-1"


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
