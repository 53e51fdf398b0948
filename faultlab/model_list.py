"""Which models a provider has, as it tells who asks: its own list where a source shows one, else OpenAI's.

What no source shows of a model, prices and windows say, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, Final
from urllib.parse import unquote

from faultlab.providers import Provider, generic, response
from faultlab.providers.occasion import Occasion
from faultlab.wire import Event, Request

__all__ = ["asked_for", "listing"]

_PATH: Final = "/models"
_NOT_FOUND: Final = 404
_FAULT: Final = "model_not_found"

_CREATED: Final = 1_735_689_600
"""2025-01-01T00:00:00Z, when all models that are made up were made."""


def listing(
    request: Request, base_url: str, provider: Provider, models: Iterable[str | None]
) -> tuple[Event, ...] | None:
    """What is answered to GET of all models or of one of them; None when something else was asked for.

    `models` are those that it has; with None among them it has any that it is asked for by its name.
    """
    url, has = request.url.partition("?")[0], list(dict.fromkeys(models))
    if request.method != "GET" or not f"{url}/".startswith(f"{base_url}{_PATH}/"):
        return None
    name = unquote(url.removeprefix(f"{base_url}{_PATH}")[1:])
    if name and name not in has and None not in has:
        return _unknown(name, provider)
    one = _ONE.get(provider.name, _openai)
    if name:
        return response(200, one(name, provider.name))
    return response(200, _ALL.get(provider.name, _as_openai)([one(each, provider.name) for each in has if each]))


def asked_for(requests: Iterable[Request]) -> Iterable[str]:
    """The models that these requests named."""
    named = (request.json.get("model") for request in requests if isinstance(request.json, dict))
    return (name for name in named if isinstance(name, str) and name)


def _openai(name: str, owner: str) -> dict[str, Any]:
    """https://platform.openai.com/docs/api-reference/models/object."""
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": owner}


def _openrouter(name: str, _owner: str) -> dict[str, Any]:
    """https://openrouter.ai/docs/sdks/typescript/models/modelslistresponse."""
    return {"id": name, "canonical_slug": name, "name": name, "created": _CREATED}


def _together(name: str, _owner: str) -> dict[str, Any]:
    """https://docs.together.ai/reference/models."""
    return {"id": name, "object": "model", "created": _CREATED, "type": "chat", "display_name": name}


def _as_openai(models: list[dict[str, Any]]) -> object:
    return {"object": "list", "data": models}


_ONE: Final[Mapping[str, Callable[[str, str], dict[str, Any]]]] = {"openrouter": _openrouter, "together": _together}
"""How a provider describes a model, where that is not as OpenAI does it."""

_ALL: Final[Mapping[str, Callable[[list[dict[str, Any]]], object]]] = {
    "openrouter": lambda models: {"data": models},
    "together": lambda models: models,
}
"""How it lists them."""


def _unknown(name: str, provider: Provider) -> tuple[Event, ...]:
    """The provider's own 404 for a model, or the one that stands for most."""
    entries = chain(provider.variants(_FAULT), filter(None, [generic(_FAULT)]))
    entry = next(entry for entry in entries if entry.status == _NOT_FOUND)
    return entry.events(Occasion(model=name))
