"""Who leaks, of clients made at random under `intercept()`: judged by what came back, and by a trap that counts."""

import os
import random

from clients import Trap, made

from faultlab import Lab
from faultlab.errors import UnknownHost

__all__ = ["leaks"]

_ELSEWHERE = ("https://api.leak.invalid/v1", "http://192.0.2.1/v1", "https://[2001:db8::1]/v1")
_SAID = "from the lab"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def leaks(seed, number, elsewhere=_ELSEWHERE, **allowed):
    """Each client that leaked, and how: none, if all is well. `allowed` is what `intercept` is told."""
    draw = random.Random(seed)  # noqa: S311  # it draws clients
    with Trap() as trap:
        before = {name: os.environ.get(name) for name in _PROXIES}
        os.environ |= dict.fromkeys(_PROXIES, trap.url)
        try:
            found = list(_leaks(draw, number, trap, elsewhere, allowed))
        finally:
            for name, value in before.items():
                del os.environ[name]
                if value is not None:
                    os.environ[name] = value
    return found + ([f"{trap.came} connections came to the proxy"] if trap.came else [])


def _leaks(draw, number, trap, elsewhere, allowed):
    for _ in range(number):
        lab = Lab(seed=draw.randrange(1 << 30))
        stood_for = [
            lab.upstream(provider, says=[_SAID], base_url=base_url).base_url
            for provider, base_url in (("openai", None), ("openrouter", None), ("vllm", "http://localhost:8000/v1"))
        ]
        base_url = draw.choice(stood_for if draw.random() < 0.7 else [f"{trap.url}/v1", *elsewhere])
        client = made(draw, trap.url) if draw.random() < 0.5 else None  # before, or while the lab intercepts
        with lab.intercept(**allowed):
            client = client or made(draw, trap.url)
            how = _leaked(client, f"{base_url}/chat/completions", base_url in stood_for and client.answers, lab)
        if how:
            yield f"{client.told} asked {base_url}: {how}"


def _leaked(client, url, is_answered, lab):
    """How; None if it did not."""
    try:
        body = client.ask(url)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is looked at
        if is_answered:
            return f"raised {error!r}"
        return None if _is_ours(error) and lab.refused else f"was not refused, but raised {error!r}"
    if not is_answered:
        return f"was not refused, but got {body[:80]!r}"
    return None if _SAID.encode() in body else f"was not answered by the lab, but by {body[:80]!r}"


def _is_ours(error):
    while error is not None and not isinstance(error, UnknownHost):
        error = error.__cause__ or error.__context__
    return error is not None
