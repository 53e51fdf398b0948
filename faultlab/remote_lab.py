"""A lab whose upstreams answer in another process, over real sockets: who plays in it need not know.

Set up with the same upstreams as the one that is served, so that URLs, keys and what was planned are known here. What
happened is fetched when it is looked at; waiting moves the clock of both, and costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from faultlab.adapters.base import Router
from faultlab.adapters.detour import detour
from faultlab.adapters.intercept import intercepting
from faultlab.adapters.steering import SteeringClock, asked
from faultlab.adapters.transport import installed_library
from faultlab.environment import CONTROL_VARIABLE
from faultlab.errors import HarnessError, Runaway, UnknownHost
from faultlab.failover import FailoverTrace
from faultlab.lab import Lab
from faultlab.lasting import Lasting
from faultlab.schedule import Unreached
from faultlab.served import Served
from faultlab.trace_json import CROSSED_OUT, exchange_from

__all__ = ["RemoteLab"]


class RemoteLab(Lab):
    """The lab that somebody serves, with `--virtual-time`."""

    def __init__(self, served: Served, seed: int = 0) -> None:
        super().__init__(seed)
        self._served = served
        self._times_asked = 0
        self.clock = self.stage.clock = SteeringClock(served.control)
        # It stands where a credential stood that should not have been there: whoever looks for leaks must find it.
        self.stage.owners[CROSSED_OUT] = "nobody"

    @property
    def trace(self) -> FailoverTrace:
        """All exchanges so far, and what was recorded here beside them."""
        found = asked(self._served.control, "trace")
        self._trace.exchanges[:] = [exchange_from(told) for told in found["exchanges"]]
        return self._trace

    def unreached(self) -> Iterator[tuple[str, Unreached]]:
        """What was planned there and has not come about."""
        planned = {(name, left.index): left for name, left in super().unreached()}
        for told in asked(self._served.control, "trace")["unreached"]:
            left = planned[told["upstream"], told["index"]]
            yield told["upstream"], replace(left, left=told["left"])

    def serve(self, *, tls: Collection[str] = ()) -> Lasting[None]:
        """It is served already, by plain HTTP."""
        if tls:
            raise HarnessError("what is served elsewhere is served by plain HTTP")
        return self._lasting(nullcontext())

    def intercept(self, *, allow: Collection[str] = (), allow_loopback: bool = False) -> Lasting[None]:
        """Meanwhile the lab's own clients reach what is served elsewhere, and every other is refused."""
        nobody = Router(())
        nobody.refused = self.refused
        there = (self._served.control, *self._served.origins.values())
        return self._lasting(intercepting(nobody, self.clock, allow=(*there, *allow), allow_loopback=allow_loopback))

    def served(self, url: str) -> str:
        """Where a URL of an upstream is served, in the other process. Raises Runaway as an upstream here would."""
        self._times_asked += 1
        if self._times_asked > (self.stage.most_exchanges or math.inf):
            raise Runaway(f"stopped after {self.stage.most_exchanges} requests")
        for origin, there in self._served.origins.items():
            if f"{url}/".startswith(f"{origin}/"):
                return there + url.removeprefix(origin)
        self.refused.append(url)
        raise UnknownHost(url, sorted(self._served.origins))

    def _told_beside(self) -> dict[str, str]:
        return {CONTROL_VARIABLE: self._served.control}

    def http_client(self) -> Any:
        """A client that asks over real sockets."""
        return installed_library().Client(transport=detour(self.served))

    def async_http_client(self) -> Any:
        """An event loop waits in real time for a socket, and moves no clock by that."""
        raise HarnessError("what is served elsewhere can be asked by a synchronous client only")
