"""A lab on the loopback: its upstreams and a control path served in a thread, and the way there for a child process.

Nothing of it is imported before a lab is served: asyncio takes as long as all the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from faultlab.adapters.base import Router
from faultlab.adapters.control import Control, Language
from faultlab.adapters.server import Server
from faultlab.environment import CONTROL_VARIABLE, trusting
from faultlab.errors import Runaway
from faultlab.loader.schemas import schemas
from faultlab.loader.scripting import instructions
from faultlab.stage import Stage

__all__ = ["SCENARIO_WORDS", "Serving", "serving"]

SCENARIO_WORDS: Final = Language(instructions, schemas)
"""What a control path understands."""


class Serving:
    """What is served: `control` is the URL of the control path, `url_of` tells where a URL of an upstream is."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self.control = server.control
        self.url_of = server.url_of
        self.take_in = server.take_in

    @property
    def ca_pem(self) -> bytes:
        """What a client has to trust. Raises HarnessError when nothing is served by https."""
        return self._server.ca_pem

    @property
    def runaway(self) -> Runaway | None:
        """Why nobody is answered any more, once a client asked more often than any plan needs."""
        return self._server.runaway

    @property
    def refused_requests(self) -> int:
        """How many requests stand in no trace, because they were none that an upstream could answer."""
        return self._server.refused_requests

    def environ(self) -> dict[str, str]:
        """What a child process has to know beside its models: where the control path is, and whom to trust."""
        told = {CONTROL_VARIABLE: self.control}
        if not self._server.has_tls:
            return told
        file = self._folder / "ca.pem"
        file.write_bytes(self.ca_pem)
        return told | trusting(file)


@contextmanager
def serving(router: Router, stage: Stage, tls: Collection[str] = ()) -> Iterator[Serving]:
    """Meanwhile the router's upstreams are served; those that it is given later are taken in by `take_in`."""
    server = Server(router, stage.clock, tls=tls, control=Control(router, stage, SCENARIO_WORDS))
    with TemporaryDirectory(prefix="faultlab-") as folder, server.in_thread():
        yield Serving(server, Path(folder))
