"""The HTTP libraries that are here: an environment with an older openai has httpx alone."""

from importlib.util import find_spec

__all__ = ["LIBRARIES"]

LIBRARIES = [name for name in ("httpx2", "httpx") if find_spec(name)]
