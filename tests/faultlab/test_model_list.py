"""Which models there are, as each provider tells it; asking costs nothing."""

import json

import openai
import pytest

from faultlab import Lab, faults
from faultlab.providers import names


def _get(lab, provider, path="/models"):
    with lab.http_client() as client:
        answer = client.get(provider.base_url + path)
    return answer.status_code, answer.json()


def test_the_model_that_an_upstream_stands_for_is_listed_and_found():
    lab = Lab()
    provider = lab.upstream("openai", model="gpt-5.1")
    with provider.client() as client:
        (listed,) = client.models.list()
        found = client.models.retrieve("gpt-5.1")
    assert (listed.id, listed.object, listed.owned_by) == ("gpt-5.1", "model", "openai")
    assert found == listed


def test_asking_for_models_is_a_side_exchange_that_uses_up_nothing():
    lab = Lab()
    provider = lab.upstream("openai", model="m", says=["hi"], faults=[faults.rate_limit()])
    assert _get(lab, provider)[0] == 200
    (exchange,) = provider.exchanges
    assert (exchange.side, exchange.faults, exchange.status) == (True, (), 200)
    assert len(list(lab.unreached())) == 1


def test_a_wrong_key_is_shown_the_models_as_it_is_shown_any_404():
    lab = Lab()
    provider = lab.upstream("openai", model="m")
    with provider.client(api_key="nobody's") as client:
        assert [model.id for model in client.models.list()] == ["m"]
    assert provider.exchanges[0].key_of == "unknown"


@pytest.mark.parametrize("name", [*names(), "nobody-knows-it"])
def test_an_unknown_model_is_a_404_of_its_provider(name):
    lab = Lab()
    provider = lab.upstream(name, model="m", base_url="https://one.example/v1")
    with provider.client() as client, pytest.raises(openai.NotFoundError) as error:
        client.models.retrieve("some/other model")
    text = json.dumps(error.value.body)
    assert "some/other model" in text or name in {"azure", "fireworks", "nous"}


def test_models_of_one_base_url_are_listed_together():
    lab = Lab()
    one = lab.upstream("openai", name="one", model="a", base_url="https://one.example/v1")
    lab.upstream("openai", name="two", model="b", base_url="https://one.example/v1")
    lab.upstream("openai", name="else", model="c", base_url="https://two.example/v1")
    assert [model["id"] for model in _get(lab, one)[1]["data"]] == ["a", "b"]
    assert _get(lab, one, "/models/b?x=1")[1]["id"] == "b"
    assert _get(lab, one, "/models/c")[0] == 404


def test_without_a_model_of_its_own_an_upstream_has_those_that_it_was_asked_for():
    lab = Lab()
    provider = lab.upstream("openai", says=["hi"])
    assert _get(lab, provider)[1] == {"object": "list", "data": []}
    assert _get(lab, provider, "/models/org%2Fanything")[1]["id"] == "org/anything"
    with provider.client() as client:
        client.chat.completions.create(model="chosen", messages=[])
    assert [model["id"] for model in _get(lab, provider)[1]["data"]] == ["chosen"]


def test_a_provider_lists_its_models_in_its_own_way():
    lab = Lab()
    openrouter = lab.upstream("openrouter", model="a/b")
    together = lab.upstream("together", model="c")
    listed = _get(lab, openrouter)[1]
    assert list(listed) == ["data"]
    assert listed["data"][0]["canonical_slug"] == "a/b"
    assert [(model["id"], model["type"]) for model in _get(lab, together)[1]] == [("c", "chat")]
    with openrouter.client() as client:
        assert [model.id for model in client.models.list()] == ["a/b"]


def test_models_are_listed_on_a_socket_too():
    lab = Lab()
    provider = lab.upstream("openai", model="m")
    with lab.serve(), openai.OpenAI(base_url=provider.served_url, api_key="k") as client:
        assert [model.id for model in client.models.list()] == ["m"]
        assert client.models.retrieve("m").id == "m"


def test_models_are_listed_to_whoever_is_intercepted():
    lab = Lab()
    lab.upstream("openrouter", model="a/b", base_url="https://openrouter.ai/api/v1")
    with lab.intercept(), openai.OpenAI(base_url="https://openrouter.ai/api/v1", api_key="k") as client:
        assert [model.id for model in client.models.list()] == ["a/b"]
