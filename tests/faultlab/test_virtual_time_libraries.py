"""Libraries as they are: their retries, back-offs and time-outs cost nothing, and are measured."""

import asyncio
import datetime as dt
import threading
from time import perf_counter

import backoff
import httpx
import pytest
import stamina
import tenacity

from faultlab import Lab, faults


class Flaky:
    """Fails so many times, and then answers."""

    def __init__(self, times):
        self.left = times

    def __call__(self):
        self.left -= 1
        if self.left >= 0:
            raise ConnectionError
        return "at last"

    async def later(self):
        return self()


@pytest.fixture
def lab():
    began = perf_counter()
    with Lab() as lab:
        yield lab
    assert perf_counter() - began < 5


def ask(client):
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    return answer.choices[0].message.content


async def ask_async(client):
    async with client:
        answer = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        return answer.choices[0].message.content


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_the_client_s_own_retries(lab, is_async):
    primary = lab.upstream("openai", says=["at last"], faults=[(faults.rate_limit(retry_after_s=7), 2)])
    if is_async:
        assert asyncio.run(ask_async(primary.async_client(max_retries=2))) == "at last"
    else:
        assert ask(primary.client(max_retries=2)) == "at last"
    assert lab.clock.waits == (7, 7)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_tenacity(lab, is_async):
    how = {"wait": tenacity.wait_exponential(multiplier=2), "stop": tenacity.stop_after_attempt(5)}
    flaky = Flaky(3)
    if is_async:
        assert asyncio.run(tenacity.retry(**how)(flaky.later)()) == "at last"
    else:
        assert tenacity.Retrying(**how)(flaky) == "at last"
    assert lab.clock.waits == (2, 4, 8)


def test_tenacity_that_stops_after_a_while(lab):
    with pytest.raises(tenacity.RetryError):
        tenacity.Retrying(wait=tenacity.wait_fixed(10), stop=tenacity.stop_after_delay(35))(Flaky(99))
    assert lab.clock.now_s == 40


def test_tenacity_that_sleeps_on_an_event(lab):
    stop = threading.Event()
    retrying = tenacity.Retrying(wait=tenacity.wait_fixed(10), sleep=tenacity.sleep_using_event(stop))
    assert retrying(Flaky(3)) == "at last"
    assert lab.clock.now_s == 30


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_stamina(lab, is_async):
    retry = stamina.retry(on=ConnectionError, attempts=4, wait_initial=1, wait_max=60, wait_jitter=0, timeout=None)
    flaky = Flaky(3)
    if is_async:
        assert asyncio.run(retry(flaky.later)()) == "at last"
    else:
        assert retry(flaky.__call__)() == "at last"
    assert lab.clock.waits == pytest.approx((1, 2, 4))


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_backoff(lab, is_async):
    retry = backoff.on_exception(backoff.expo, ConnectionError, jitter=None, max_time=600)
    flaky = Flaky(3)
    if is_async:
        assert asyncio.run(retry(flaky.later)()) == "at last"
    else:
        assert retry(flaky.__call__)() == "at last"
    assert lab.clock.waits == (1, 2, 4)


def test_backoff_gives_up_after_its_time(lab):
    flaky = Flaky(99)
    with pytest.raises(ConnectionError):
        backoff.on_exception(backoff.constant, ConnectionError, jitter=None, interval=10, max_time=35)(flaky.__call__)()
    assert lab.clock.now_s == 35


def test_cookies_that_a_client_keeps_grow_old_in_virtual_time(lab):
    cookies = httpx.Cookies()
    now = dt.datetime.now(dt.UTC)
    late = (now + dt.timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    response = httpx.Response(
        200, headers={"set-cookie": f"a=1; expires={late}"}, request=httpx.Request("GET", "https://a.example")
    )
    cookies.extract_cookies(response)
    assert len(cookies) == 1
    lab.clock.advance(3601)
    cookies.jar.clear_expired_cookies()
    assert len(cookies) == 0


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_fallback_over_real_sockets_waits_in_virtual_time_only(lab, is_async):
    primary = lab.upstream("openai", says=["at last"], faults=[(faults.overloaded(), 3)])
    lab.serve()
    where = {"base_url": primary.served_url, "api_key": primary.api_key, "max_retries": 3}
    import openai

    if is_async:
        assert asyncio.run(ask_async(openai.AsyncOpenAI(**where))) == "at last"
    else:
        with openai.OpenAI(**where) as client:
            assert ask(client) == "at last"
    assert len(lab.clock.waits) == 3
    assert lab.clock.slept_s > 2
