"""urllib3 1.26, as pip still brings its own: it is answered as 2 is, and fails in its own words."""

import json
from importlib import import_module

import pytest

from faultlab import Lab, faults
from faultlab.adapters.intercept import urllib3_family
from faultlab.adapters.intercept.base import Patches

_BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "ping"}]})


@pytest.fixture(scope="module")
def old():
    urllib3 = pytest.importorskip("pip._vendor.urllib3", reason="this environment has no pip")
    if not urllib3.__version__.startswith("1."):
        pytest.skip("this pip has no urllib3 before 2")
    return urllib3


@pytest.fixture
def asked(old):
    """Ask an upstream with these faults; nothing patches what a package has brought for itself, but this."""
    patches = Patches()

    def ask(*planned, **options):
        lab = Lab()
        upstream = lab.upstream("openai", says=["one two three"] * 2, faults=planned)
        with lab.intercept():
            urllib3_family.patch(import_module("pip._vendor.urllib3.connectionpool"), patches)
            pools = options.pop("pools", old.PoolManager)()
            answer = pools.request("POST", f"{upstream.base_url}/chat/completions", body=_BODY, **options)
            return answer.status, answer.read(cache_content=True) or answer.data

    yield ask
    patches.undo()


def test_it_is_answered(asked):
    status, body = asked()
    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "one two three")


def test_so_it_is_behind_a_proxy(old, asked):
    assert asked(pools=lambda: old.ProxyManager("http://127.0.0.1:9"))[0] == 200


def test_it_is_read_piece_by_piece(asked):
    assert asked(preload_content=False)[0] == 200


def test_its_own_retries_are_exercised(old, asked):
    retries = old.Retry(2, status_forcelist=[503], allowed_methods=["POST"], respect_retry_after_header=False)
    assert asked((faults.unavailable(), 2), retries=retries)[0] == 200


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        (faults.dns_failure(), "NewConnectionError"),
        (faults.refused(), "NewConnectionError"),
        (faults.connect_timeout(), "ConnectTimeoutError"),
        (faults.read_timeout(), "ReadTimeoutError"),
        (faults.reset(), "ProtocolError"),
        (faults.disconnected(), "ProtocolError"),
        (faults.certificate_invalid(), "SSLError"),
        (faults.truncated(), "ProtocolError"),
    ],
    ids=lambda given: getattr(given, "name", given),
)
def test_it_fails_in_its_own_words(old, asked, fault, names):
    with pytest.raises(getattr(old.exceptions, names)):
        asked(fault, retries=False, timeout=3)
