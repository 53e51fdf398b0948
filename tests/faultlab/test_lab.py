import asyncio
import contextlib
import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import openai
import pytest

from faultlab import Lab, faults
from faultlab.clock import SystemClock
from faultlab.errors import HarnessError, NotAsPlanned, UnknownHost, UnknownName
from faultlab.schedule import Entry
from faultlab.script import Reply
from faultlab.virtual_time import virtual_time


def _ask(client, model="m"):
    answer = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "hi"}])
    return answer.choices[0].message.content


def test_a_client_of_an_upstream_is_answered_by_it():
    lab = Lab()
    primary = lab.upstream("openai", says=["hello", Reply("again")])
    with primary.client() as client:
        assert [_ask(client), _ask(client)] == ["hello", "again"]
    assert [exchange.upstream for exchange in lab.trace.exchanges] == ["openai", "openai"]
    assert [exchange.status for exchange in primary.exchanges] == [200, 200]


@pytest.mark.parametrize(
    ("provider", "base_url"),
    [
        ("openai", "https://api.openai.com/v1"),
        ("openrouter", "https://openrouter.ai/api/v1"),
        ("kimi", "https://api.moonshot.ai/v1"),
        ("azure", "https://api.azure.example/v1"),
    ],
)
def test_an_upstream_stands_where_its_provider_really_is_if_that_is_one_address(provider, base_url):
    assert Lab().upstream(provider).base_url == base_url


def test_the_client_s_own_retries_are_measured_in_virtual_time():
    lab = Lab()
    primary = lab.upstream("openai", says=["hello"], faults=[(faults.rate_limit(retry_after_s=7), 2)])
    with virtual_time(lab.clock), primary.client(max_retries=2) as client:
        assert _ask(client) == "hello"
    assert [exchange.fault for exchange in primary.exchanges] == ["rate_limit", "rate_limit", None]
    assert lab.clock.waits == (7.0, 7.0)


def test_faults_may_be_written_as_one_as_a_number_or_as_an_entry():
    lab = Lab()
    written = [faults.server_error(), (faults.server_error(), 2), Entry((faults.server_error(),))]
    provider = lab.upstream("openai", says=["hello"], faults=written)
    with provider.client(max_retries=0) as client:
        for _ in range(4):
            with pytest.raises(openai.InternalServerError):
                _ask(client)
        assert _ask(client) == "hello"


def test_one_http_client_reaches_every_upstream():
    lab = Lab()
    one, two = lab.upstream("openai", says=["one"]), lab.upstream("openrouter", says=["two"])
    http_client = lab.http_client()
    texts = [
        _ask(openai.OpenAI(base_url=provider.base_url, api_key=provider.api_key, http_client=http_client))
        for provider in (one, two)
    ]
    assert texts == ["one", "two"]
    assert [exchange.key_of for exchange in lab.trace.exchanges] == ["openai", "openrouter"]
    http_client.close()


def test_nobody_stands_for_a_host_that_was_not_set_up():
    lab = Lab()
    provider = lab.upstream("openai")
    with provider.client(base_url="https://else.example/v1") as client, pytest.raises(UnknownHost):
        _ask(client)
    assert lab.refused == ["https://else.example/v1/chat/completions"]


def test_upstreams_are_found_by_name():
    lab = Lab()
    provider = lab.upstream("openai", name="primary", model="gpt")
    assert lab["primary"] is provider
    assert (provider.name, provider.model, "primary" in lab, list(lab)) == ("primary", "gpt", True, [provider])
    with pytest.raises(HarnessError, match="no upstream called 'backup'; there are: primary"):
        lab["backup"]


def test_an_upstream_is_shown_by_its_name_and_without_its_key():
    assert repr(Lab().upstream("openrouter", name="backup")) == "<upstream 'backup': openrouter>"


def test_real_time_when_it_is_asked_for():
    assert isinstance(Lab(virtual_time=False).clock, SystemClock)


async def _ask_async(provider):
    async with provider.async_client() as client:
        answer = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        return answer.choices[0].message.content


def test_an_asynchronous_client_likewise():
    assert asyncio.run(_ask_async(Lab().upstream("openai", says=["hello"]))) == "hello"


def test_the_same_seed_makes_the_same_keys():
    keys = [Lab(seed).upstream("openai").api_key for seed in (1, 1, 2)]
    assert keys[0] == keys[1] != keys[2]


def test_a_lab_that_is_served_answers_clients_that_know_nothing_of_it():
    lab = Lab(virtual_time=False)
    primary = lab.upstream("openai", says=["hello"] * 2)
    with pytest.raises(HarnessError, match=r"lab\.serve"):
        _ = primary.served_url
    with lab.serve():
        assert primary.base_url == "https://api.openai.com/v1"
        assert primary.served_url.startswith("http://127.0.0.1:")
        with openai.OpenAI(base_url=primary.served_url, api_key=primary.api_key) as client, primary.client() as other:
            assert _ask(client) == _ask(other) == "hello"
    over_the_wire, in_process = primary.exchanges
    assert over_the_wire.request.url == in_process.request.url
    assert over_the_wire.key_of == in_process.key_of == "openai"


def test_a_provider_that_the_catalogue_lacks_names_the_nearest_one_or_takes_a_base_url():
    with pytest.raises(UnknownName, match="unknown provider 'groqq'; did you mean 'groq'"):
        Lab().upstream("groqq")
    assert Lab().upstream("groqq", base_url="https://x.example/v1").base_url == "https://x.example/v1"


def test_a_fault_that_the_provider_cannot_send_is_refused_at_once():
    with pytest.raises(HarnessError, match="rate_limit: groq sends no variant 'x' of it"):
        Lab().upstream("groq", faults=[faults.rate_limit(variant="x")])


def test_the_trace_says_which_shape_was_sent_and_where_it_stands_for_another():
    lab = Lab()
    known, other = (
        lab.upstream("groq", faults=[faults.rate_limit()]),
        lab.upstream("acme", base_url="https://a.example/v1", faults=[faults.rate_limit()]),
    )
    for provider in (known, other):
        with provider.client(max_retries=0) as client, pytest.raises(openai.RateLimitError):
            _ask(client)
    assert known.exchanges[0].shape == "groq.429.tokens_per_minute"
    assert other.exchanges[0].shape == "generic: openai.429.tokens_per_min.no_ratelimit_headers"


def test_an_entered_lab_moves_its_clock_whenever_the_process_sleeps_and_no_longer_than_that():
    real = time.sleep
    with Lab() as lab:
        time.sleep(3600)
        assert lab.clock.waits == (3600.0,)
    assert time.sleep is real


def test_a_lab_that_is_not_entered_and_one_in_real_time_claim_nothing_of_the_process():
    real = time.sleep
    Lab()
    with Lab(virtual_time=False):
        assert time.sleep is real


def _told(lab):
    with pytest.raises(NotAsPlanned) as caught:
        lab.check()
    assert isinstance(caught.value, AssertionError)
    return str(caught.value)


def test_a_fault_that_never_fired_is_not_as_planned():
    lab = Lab()
    lab.upstream("openai", name="primary", faults=[(faults.rate_limit(), 3)])
    assert _told(lab).splitlines()[0] == (
        "entry 1 of faults.primary, rate_limit (3 times), was never reached: "
        "remove it, or let the test go on long enough to meet it"
    )


def test_a_fault_for_ever_promises_nothing():
    lab = Lab()
    lab.upstream("openai", faults=[Entry((faults.reset(),), None)])
    lab.check()


def test_a_request_that_met_no_answer_is_told_with_the_timeline():
    lab = Lab()
    provider = lab.upstream("openai")
    with suppress(NotAsPlanned), lab, provider.client() as client, pytest.raises(openai.APIConnectionError):
        _ask(client)
    first, *others = _told(lab).splitlines()
    assert first == "request 1 to openai met no answer: add one to `says`"
    assert not any("met no answer" in line for line in others)
    assert len([line for line in others if "no answer left  connection closed" in line]) == 3


def test_a_host_that_was_refused_fails_the_lab_even_if_the_application_swallowed_it():
    lab = Lab()
    provider = lab.upstream("openai")
    with provider.client(base_url="https://else.example/v1", max_retries=0) as client, pytest.raises(UnknownHost):
        _ask(client)
    lab.upstream("groq")
    assert "somebody asked for https://else.example/v1/chat/completions" in _told(lab)


def test_answers_that_nobody_asked_for_are_told_where_that_is_asked_for():
    for wanted in (False, True):
        lab = Lab(unused_replies=wanted)
        lab.upstream("openai", says=["one", "two"])
        if wanted:
            assert "2 answers of openai were never asked for" in _told(lab)
        else:
            lab.check()


def test_leaving_checks_unless_an_exception_is_on_its_way():
    with pytest.raises(NotAsPlanned), Lab() as lab:
        lab.upstream("openai", faults=[faults.reset()])
    with pytest.raises(HarnessError, match="no upstream called 'x'"), Lab() as lab:
        _ = lab.upstream("openai", faults=[faults.reset()]), lab["x"]


def test_asynchronous_code_enters_it_likewise():
    async def play():
        async with Lab() as lab:
            provider = lab.upstream("openai", says=["hello"], faults=[faults.rate_limit(retry_after_s=50)])
            return await _ask_async(provider), lab.clock.slept_s

    assert asyncio.run(play()) == ("hello", 50)


def test_what_an_entered_lab_serves_by_a_plain_call_it_serves_until_it_ends():
    with Lab() as lab:
        primary = lab.upstream("openai")
        lab.serve()
        assert primary.served_url.startswith("http://127.0.0.1:")
    with pytest.raises(HarnessError, match=r"lab\.serve"):
        _ = primary.served_url


def test_what_an_entered_lab_serves_for_a_block_ends_with_the_block():
    with Lab() as lab:
        primary = lab.upstream("openai")
        with lab.serve() as server:
            assert primary.served_url == server.url_of(primary.base_url)
        with pytest.raises(HarnessError, match=r"lab\.serve"):
            _ = primary.served_url


def test_an_upstream_that_is_set_up_later_is_reached_by_clients_that_were_there_before():
    lab = Lab()
    http_client = lab.http_client()
    provider = lab.upstream("openai", says=["hello"])
    with openai.OpenAI(base_url=provider.base_url, api_key=provider.api_key, http_client=http_client) as client:
        assert _ask(client) == "hello"


def test_two_upstreams_of_one_name_are_refused():
    lab = Lab()
    lab.upstream("openai")
    with pytest.raises(HarnessError, match="an upstream called 'openai' already: give one of them another `name`"):
        lab.upstream("openai")


def test_a_lab_is_entered_once_at_a_time():
    with Lab() as lab, pytest.raises(HarnessError, match="entered already"), lab:
        pass


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"says": "hello"}, r"says: a list of answers, as in says=\['hello'\]"),
        ({"says": [7]}, "says: each a text or a Reply, not 7"),
        ({"faults": faults.reset()}, r"faults: a list, as in faults=\[faults.reset\(...\)\]"),
        ({"faults": "reset"}, r"faults: a list, as in faults=\[faults.reset\(...\)\]"),
        ({"faults": ["reset"]}, r"not 'reset'; did you mean faults.reset\(\)\?"),
        ({"faults": ["resett"]}, r"not 'resett'; did you mean 'reset'\?"),
        ({"faults": [faults.reset]}, r"did you mean faults.reset\(\)\?"),
        ({"faults": [(faults.reset(), "3")]}, r"faults: each a fault, \(fault, how many requests\) or 'ok', not"),
        ({"faults": [(faults.reset(), True)]}, r"faults: each a fault, \(fault, how many requests\) or 'ok', not"),
        ({"faults": [(faults.reset(), 0)]}, "faults: reset: times: a whole number from 1, or forever, not 0"),
    ],
)
def test_what_an_upstream_cannot_be_given_is_refused_with_what_was_meant(given, told):
    with pytest.raises(HarnessError, match=told):
        Lab().upstream("openai", **given)


def test_a_fault_with_none_as_its_number_lasts_for_ever():
    lab = Lab()
    provider = lab.upstream("openai", faults=[(faults.server_error(), None)])
    with provider.client(max_retries=0) as client:
        for _ in range(3):
            with pytest.raises(openai.InternalServerError):
                _ask(client)
    lab.check()


def test_an_upstream_has_clients_of_the_library_that_openai_uses_and_transports_for_either():
    lab = Lab()
    primary, backup = lab.upstream("openai", says=["hello"] * 2), lab.upstream("openrouter", says=["hi"])
    with primary.http_client() as http_client:
        body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        answers = [http_client.post(f"{each.base_url}/chat/completions", json=body) for each in (primary, backup)]
        assert [each.status_code for each in answers] == [200, 200]
    with httpx.Client(transport=primary.transport(httpx)) as client:
        assert client.post(f"{primary.base_url}/chat/completions", json=body).status_code == 200


async def _status(provider):
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    async with (
        provider.async_http_client() as one,
        httpx.AsyncClient(transport=provider.async_transport(httpx)) as other,
    ):
        url = f"{provider.base_url}/chat/completions"
        return [(await client.post(url, json=body)).status_code for client in (one, other)]


def test_asynchronous_ones_likewise():
    assert asyncio.run(_status(Lab().upstream("openai", says=["hello"] * 2))) == [200, 200]


def test_an_application_s_own_key_is_known_as_its_upstream_s():
    lab = Lab()
    provider = lab.upstream("openai", says=["hello"], api_key="sk-of-the-application")
    with provider.client(api_key="sk-of-the-application") as client:
        _ask(client)
    assert provider.exchanges[0].key_of == "openai"
    assert "sk-of-the-application" in lab.stage.secrets


def test_labs_side_by_side_in_threads_have_scripts_faults_and_traces_of_their_own():
    def play(number):
        lab = Lab(number)
        provider = lab.upstream("openai", says=[str(number)] * 5, faults=[(faults.server_error(), number)])
        told = []
        with provider.client(max_retries=0) as client:
            for _ in range(5):
                try:
                    told.append(_ask(client))
                except openai.InternalServerError:
                    told.append("failed")
        lab.check()
        return told

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(play, range(1, 5)))
    assert found == [["failed"] * number + [str(number)] * (5 - number) for number in range(1, 5)]


def test_several_entered_labs_of_one_thread_stack_and_each_sees_its_own_requests():
    with Lab() as outer:
        one = outer.upstream("openai", says=["outer"] * 2)
        with one.client() as client:
            _ask(client)
            with Lab() as inner, inner.upstream("openai", says=["inner"]).client() as other:
                assert [_ask(other), _ask(client)] == ["inner", "outer"]
    assert (len(outer.trace.exchanges), len(inner.trace.exchanges)) == (2, 1)


def test_one_lab_is_asked_from_several_threads():
    lab = Lab()
    provider = lab.upstream("openai", says=["hello"] * 8, faults=[(faults.server_error(), 8)])
    with provider.client(max_retries=0) as client, ThreadPoolExecutor(4) as pool:
        done = [pool.submit(_ask, client) for _ in range(16)]
    failed = sum(one.exception() is not None for one in done)
    assert failed == 8
    assert [exchange.n for exchange in lab.trace.exchanges] == list(range(1, 17))
    lab.check()


def test_no_key_stands_in_what_is_not_as_planned():
    lab = Lab()
    provider = lab.upstream("openai")
    with provider.client(max_retries=0, base_url="https://else.example/v1") as client, pytest.raises(UnknownHost):
        client.get(f"/models/{provider.api_key}", cast_to=object)
    assert provider.api_key not in _told(lab)


def waits_of_a_client(seed):
    """What the real client waits between its tries: a jitter of its own, drawn from the process's chance."""
    with Lab(seed) as lab:
        primary = lab.upstream("openai", says=["hello"], faults=[(faults.unavailable(), 2)])
        _ask(primary.client(max_retries=2))
        return lab.clock.waits


def test_the_same_seed_gives_the_same_jitter():
    state = random.getstate()
    assert waits_of_a_client(7) == waits_of_a_client(7) != waits_of_a_client(8)
    assert random.getstate() == state


def _whatever_goes_wrong(ask):
    with contextlib.suppress(Exception):
        return ask()


def test_a_wait_that_nothing_ends_is_told_even_if_the_error_is_swallowed():
    lab = Lab()
    primary = lab.upstream("openai", faults=[faults.read_timeout()])
    with (
        pytest.raises(NotAsPlanned, match="1 wait for an answer had no end"),
        lab,
        primary.client(timeout=None) as client,
    ):
        _whatever_goes_wrong(lambda: _ask(client))


def test_so_is_one_of_an_asynchronous_client():
    async def ask():
        async with lab.upstream("openai", faults=[faults.read_timeout()]).async_client(timeout=None) as client:
            with contextlib.suppress(Exception):
                await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])

    lab = Lab()
    with pytest.raises(NotAsPlanned, match="1 wait for an answer had no end"), lab:
        asyncio.run(ask())


@pytest.mark.parametrize("begin", [Lab.intercept, Lab.serve])
def test_what_is_called_on_a_lab_that_is_not_entered_and_not_in_a_block_warns_that_it_has_no_effect(begin):
    with pytest.warns(RuntimeWarning, match="the lab is not entered"):
        begin(Lab())
