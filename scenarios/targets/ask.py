"""A program of a few lines that knows its models by their addresses only: first the one, then the other."""

from __future__ import annotations

import json
import os
import sys
from urllib.request import Request, urlopen

__all__ = ["answer"]


def answer(upstream: str, user: str) -> str:
    """What the model of this upstream says."""
    base_url, key, model = (os.environ[f"FAULTLAB_{upstream}_{what}"] for what in ("BASE_URL", "API_KEY", "MODEL"))
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": user}]}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with urlopen(Request(f"{base_url}/chat/completions", body, headers)) as response:  # noqa: S310  # the loopback
        return str(json.load(response)["choices"][0]["message"]["content"])


if __name__ == "__main__":
    asked = " ".join(sys.argv[1:]) or sys.stdin.readline().strip()
    try:
        print(answer("PRIMARY", asked))  # noqa: T201  # its answer
    except OSError as error:
        print(f"the first did not answer: {error}", file=sys.stderr)  # noqa: T201  # its log
        print(answer("FALLBACK", asked))  # noqa: T201
