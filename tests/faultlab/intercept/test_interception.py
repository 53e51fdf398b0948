"""What an application meets while a lab intercepts: whoever asks, and however, is answered by it or refused."""

import json
import sys
import threading
from contextlib import suppress
from pathlib import Path

import httpx
import httpx2
import openai
import pytest
import requests

sys.path.insert(0, str(Path(__file__).parent))

from asking import SOME_WAYS, TRAP, WAYS

from faultlab import Lab, faults
from faultlab.errors import HarnessError, LabBusy, NotAsPlanned, UnknownHost

_BODY = {"model": "m", "messages": [{"role": "user", "content": "ping"}]}
_CHAT = "/chat/completions"
_ELSEWHERE = "https://api.example.com/v1"


@pytest.fixture
def lab():
    return Lab()


@pytest.fixture
def upstream(lab):
    return lab.upstream("openai", says=["hello"] * 3)


def some_ways(test):
    return pytest.mark.parametrize("ask", SOME_WAYS.values(), ids=SOME_WAYS)(test)


def every_way(test):
    return pytest.mark.filterwarnings("ignore:Unverified HTTPS request")(
        pytest.mark.parametrize("ask", WAYS.values(), ids=WAYS)(test)
    )


@every_way
def test_whoever_asks_is_answered(lab, ask, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, TRAP)
    upstream = lab.upstream("openai", says=["hello"])
    with lab.intercept():
        status, body = ask(upstream.base_url + _CHAT, _BODY, headers={"authorization": f"Bearer {upstream.api_key}"})
    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "hello")
    (exchange,) = lab.trace.exchanges
    assert (exchange.request.url, exchange.key_of) == (upstream.base_url + _CHAT, "openai")


@some_ways
def test_so_is_who_asks_for_a_model_on_this_machine(lab, ask):
    upstream = lab.upstream("openai", says=["hello"], base_url="http://127.0.0.1:11434/v1")
    with lab.intercept():
        assert ask(upstream.base_url + _CHAT, _BODY)[0] == 200
    assert lab.trace.exchanges[0].request.url == upstream.base_url + _CHAT


@every_way
def test_what_nobody_stands_for_is_refused_and_told(lab, upstream, ask):
    with lab.intercept(), pytest.raises(UnknownHost, match=r"api\.example\.com.*openai.*allow=\['api\.example\.com"):
        ask(_ELSEWHERE, _BODY)
    assert lab.refused == [_ELSEWHERE]
    with pytest.raises(NotAsPlanned, match=r"lab\.intercept\(allow=\['api\.example\.com'\]\)"):
        lab.check()


def test_a_client_that_was_made_before_is_answered_and_is_itself_again_afterwards(lab, upstream):
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(418))) as client:
        with lab.intercept():
            assert client.post(upstream.base_url + _CHAT, json=_BODY).status_code == 200
        assert client.post(upstream.base_url + _CHAT, json=_BODY).status_code == 418


def test_an_upstream_that_is_added_later_is_reached_too(lab):
    with lab.intercept():
        upstream = lab.upstream("groq", says=["late"])
        assert requests.post(upstream.base_url + _CHAT, json=_BODY, timeout=5).status_code == 200


def test_on_an_entered_lab_a_plain_call_lasts_until_its_end():
    with httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(418))) as client:
        with Lab() as lab:
            upstream = lab.upstream("openai", says=["hello"])
            lab.intercept()
            assert client.post(upstream.base_url + _CHAT, json=_BODY).status_code == 200
        assert client.post(upstream.base_url + _CHAT, json=_BODY).status_code == 418


def _replaceable():
    return [
        (owner, name)
        for module in (httpx, httpx2)
        for owner, name in (
            (module.Client, "_transport_for_url"),
            (module.HTTPTransport, "handle_request"),
            (module.HTTPTransport, "close"),
            (module.AsyncClient, "aclose"),
        )
    ]


@pytest.mark.parametrize("fails", [False, True])
def test_afterwards_everything_is_as_it_was(lab, fails):
    before = [vars(owner).get(name) for owner, name in _replaceable()], list(sys.meta_path)
    with suppress(KeyError), lab.intercept():
        assert [vars(owner).get(name) for owner, name in _replaceable()] != before[0]
        if fails:
            raise KeyError
    assert ([vars(owner).get(name) for owner, name in _replaceable()], list(sys.meta_path)) == before


def test_the_inner_lab_rules_meanwhile(lab, upstream):
    inner = Lab()
    inside = inner.upstream("openai", says=["inner"])
    with lab.intercept(), requests.Session() as session:

        def said():
            answer = session.post(upstream.base_url + _CHAT, json=_BODY, timeout=5)
            return answer.json()["choices"][0]["message"]["content"]

        assert said() == "hello"
        with inner.intercept():
            assert said() == "inner"
        assert said() == "hello"
    assert (len(upstream.exchanges), len(inside.exchanges)) == (2, 1)


def test_it_does_not_matter_which_ends_first(lab, upstream):
    other = Lab()
    there = other.upstream("openai", says=["other"])
    first, second = lab.intercept(), other.intercept()
    with first:
        second.__enter__()
    assert httpx.post(there.base_url + _CHAT, json=_BODY).status_code == 200
    second.__exit__(None, None, None)
    assert (len(upstream.exchanges), len(there.exchanges)) == (0, 1)


def test_a_client_that_a_lab_hands_out_is_that_lab_s_whoever_intercepts(lab, upstream):
    with Lab().intercept(), upstream.client() as client:
        assert client.chat.completions.create(**_BODY).choices[0].message.content == "hello"


def test_another_thread_s_lab_is_told_who_has_the_process(lab):
    raised = []

    def intercept():
        try:
            with Lab().intercept():
                pass
        except LabBusy as error:
            raised.append(str(error))

    with lab.intercept():
        thread = threading.Thread(target=intercept)
        thread.start()
        thread.join()
    assert "interception" in raised[0]


@some_ways
def test_who_is_named_in_a_url_is_told_nowhere(lab, ask):
    upstream = lab.upstream("openai", says=["hello"])
    url = upstream.base_url.replace("://", "://me:sk-secret-of-mine@")
    with lab.intercept():
        assert ask(url + _CHAT, _BODY)[0] == 200
        with suppress(UnknownHost):
            ask(_ELSEWHERE.replace("://", "://me:sk-secret-of-mine@"), _BODY)
    assert "secret" not in repr(lab.trace) + repr(lab.refused)


# What is let through.


def test_what_is_allowed_is_left_to_the_client(lab):
    own = httpx.MockTransport(lambda _: httpx.Response(418))
    with httpx.Client(transport=own) as client, lab.intercept(allow=["api.example.com"]):
        assert client.get(_ELSEWHERE).status_code == 418
    assert lab.refused == []


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("localhost:8000", "http://127.0.0.1:8000/v1"),
        ("127.0.0.1:8000", "http://localhost:8000/v1"),
        ("[::1]:8000", "http://localhost:8000/v1"),
        ("::1", "http://localhost:8000/v1"),
        ("2001:db8::1", "http://[2001:db8::1]:8000/v1"),
        ("http://localhost:8000", "http://[::1]:8000/v1"),
        ("localhost", "http://localhost:1/v1"),
        ("API.example.com", "https://api.example.com./v1"),
        ("api.example.com:443", "https://api.example.com/v1"),
    ],
)
def test_a_place_is_known_by_each_of_its_names(lab, allow, url):
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(418))) as client:
        with lab.intercept(allow=[allow]):
            assert client.get(url).status_code == 418
        with lab.intercept(allow=allow):
            assert client.get(url).status_code == 418


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("localhost:8000", "http://localhost:8001/v1"),
        ("example.com", "https://api.example.com/v1"),
        ("api.example.com:80", "https://api.example.com/v1"),
        ("localhost", "http://localhost.example.com/v1"),
    ],
)
def test_nothing_else_is(lab, allow, url):
    with lab.intercept(allow=[allow]), pytest.raises(UnknownHost):
        httpx.get(url)


@pytest.mark.parametrize("allow", ["", "*", "*.example.com", "host:port", "a b"])
def test_what_is_no_host_is_told_at_once(lab, allow):
    with pytest.raises(HarnessError, match="allow takes hosts"), lab.intercept(allow=[allow]):
        pass


def test_an_upstream_stands_for_its_host_even_where_that_is_allowed(lab):
    upstream = lab.upstream("openai", says=["hello"], base_url="http://localhost:11434/v1")
    with lab.intercept(allow_loopback=True):
        assert httpx.post(upstream.base_url + _CHAT, json=_BODY).status_code == 200


@some_ways
@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("http://localhost:11434/v1", "http://127.0.0.1:11434/v1"),
        ("http://127.0.0.1:11434/v1", "http://[::1]:11434/v1"),
        ("https://api.openai.com/v1", "https://API.openai.com./v1"),
    ],
)
def test_and_by_each_of_its_names(lab, ask, base_url, url):
    lab.upstream("openai", says=["hello"], base_url=base_url)
    with lab.intercept(allow=["api.openai.com"], allow_loopback=True):
        assert ask(url + _CHAT, _BODY)[0] == 200
    assert lab.trace.key_stayed_home()


@every_way
@pytest.mark.parametrize("more", ["?next=http://localhost:1/", "/http://localhost:1/"])
def test_a_url_within_a_url_is_not_where_a_request_goes(lab, ask, more):
    upstream = lab.upstream("openai", says=["hello"])
    with lab.intercept(allow_loopback=True):
        ask(upstream.base_url + _CHAT + more, _BODY)
    assert [exchange.request.url for exchange in lab.trace.exchanges] == [upstream.base_url + _CHAT + more]
    assert lab.refused == []


@some_ways
def test_what_the_lab_serves_is_reached_without_being_allowed(lab, upstream, ask):
    with lab.serve(), lab.intercept():
        assert ask(upstream.served_url + _CHAT, _BODY)[0] == 200
    assert lab.refused == []


def test_faults_and_virtual_time_work_as_ever():
    with Lab() as lab:
        upstream = lab.upstream("openai", says=["hello"], faults=[(faults.unavailable(retry_after_s=7), 2)])
        lab.intercept()
        with openai.OpenAI(api_key=upstream.api_key) as client:
            assert client.chat.completions.create(**_BODY).choices[0].message.content == "hello"
        assert lab.clock.waits == (7, 7)
