"""aiohttp: its connectors are given a connection in memory, which the lab answers.

The library writes real HTTP and parses real HTTP: its sessions, time-outs, redirects and errors are its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

from faultlab.adapters.base import Ending, Failing, Timeouts
from faultlab.adapters.failures import system_error
from faultlab.adapters.intercept.base import Interception, Patches, current
from faultlab.adapters.intercept.line import Line, Over
from faultlab.errors import HarnessError
from faultlab.wire import FOR_EVER, Pause

__all__ = ["patch"]


def patch(module: Any, patches: Patches) -> None:
    """Lead what the library's connectors ask for to whoever intercepts; `module` is its `connector`."""
    patches.put(module.BaseConnector, "connect", _connecting)
    for connector in (module.TCPConnector, module.UnixConnector):
        patches.put(connector, "_create_connection", _creating)


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    async def connect(connector: Any, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109  # as theirs
        interception = current()
        answers = interception if interception is not None and interception.has(str(req.url)) else None
        _hang_up_kept(connector, req, answers)
        connection = await original(connector, req, traces, timeout)
        cable = connection.protocol.transport
        if isinstance(cable, _Cable):
            cable.ask(req, timeout)
        return connection

    return connect


def _creating(original: Callable[..., Any]) -> Callable[..., Any]:
    async def create_connection(connector: Any, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109  # as theirs
        interception = current()
        if interception is None or not interception.has(str(req.url)):
            return await original(connector, req, traces, timeout)
        protocol = connector._factory()
        protocol.connection_made(_Cable(Line(interception, str(req.url.origin())), protocol))
        return protocol

    return create_connection


def _hang_up_kept(connector: Any, req: Any, answers: Interception | None) -> None:
    """Connections that were kept from before, and do not go where this request goes, are not used for it."""
    for protocol, *_ in connector._conns.get(req.connection_key, ()):
        cable = protocol.transport
        whose = cable.line.interception if isinstance(cable, _Cable) else None
        if whose is not answers:
            protocol.close()


class _Cable(asyncio.Transport):
    """What aiohttp's protocol asks of a transport; what the lab sends is handed to the protocol as it comes."""

    def __init__(self, line: Line, protocol: Any) -> None:
        super().__init__()
        self.line = line
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._is_closing = False
        self._request: Any = None
        self._ends_s = FOR_EVER
        line.interception.laid.add(self)

    def ask(self, request: Any, timeout: Any) -> None:
        """The next request, and how long it may take."""
        self._request = request
        total, connect, read = timeout.total, timeout.sock_connect or timeout.connect, timeout.sock_read
        self.line.timeouts = Timeouts(connect or FOR_EVER, read or FOR_EVER, pool=timeout.connect or FOR_EVER)
        self._ends_s = self.line.interception.clock.now_s + (total or FOR_EVER)

    # What aiohttp calls.

    def write(self, data: Any) -> None:
        """More of a request."""
        self.line.feed(bytes(data))
        if self._task is None and not self._is_closing:
            self._task = self._loop.create_task(self._play())

    def is_closing(self) -> bool:
        """Whether it was closed, by whichever side."""
        return self._is_closing

    def close(self) -> None:
        """The client hangs up."""
        if not self._is_closing:
            self._lose(None)

    def abort(self) -> None:
        """The same."""
        self.close()

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        """There is no socket that could be asked."""
        return default

    def pause_reading(self) -> None:
        """What is played waits in the client's memory."""

    def resume_reading(self) -> None:
        """The same."""

    def abandon(self) -> None:
        """The lab has gone: whoever kept this finds that it was closed."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)
        self._is_closing = True

    # What the lab does.

    async def _play(self) -> None:
        """All that there is to be answered."""
        try:
            while await self._step():  # noqa: ASYNC110  # it waits for nothing
                await asyncio.sleep(0)  # who reads has his turn
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # whoever asked is to meet it, not the event loop
            self._fail(error)
        finally:
            self._task = None

    async def _step(self) -> bool:
        """Whether there may be more."""
        step = self.line.step()
        match step:
            case bytes():
                if step:
                    self._protocol.data_received(step)
            case Pause(seconds):
                return await self._wait(seconds)
            case Over(data):
                if data:
                    self._protocol.data_received(data)
                self._lose(None)
            case Ending():
                self._end(step)
        return step is not None and not self._is_closing

    async def _wait(self, seconds: float) -> bool:
        """Whether the client still waits afterwards: all in all it has so long and no longer."""
        clock = self.line.interception.clock
        left = self._ends_s - clock.now_s
        await clock.advance_async(min(seconds, left), self.line.closed)
        if left <= seconds and left != FOR_EVER:
            self._request._timer.timeout()
            return False
        return True

    def _lose(self, error: Exception | None) -> None:
        self._is_closing = True
        self.line.hang_up()
        if self._task is not None and self._task is not asyncio.current_task(self._loop):
            self._task.cancel()
        self._loop.call_soon(self._protocol.connection_lost, error)

    def _end(self, ending: Ending) -> None:
        match ending.how:
            case Failing.CLIENT_CLOSED:
                return
            case Failing.READ_TIMEOUT:
                self._protocol._on_read_timeout()
            case Failing.RESET:
                self._lose(system_error(ending.how))
            case _:
                self._fail(_failure(self._request, ending))

    def _fail(self, error: BaseException) -> None:
        """Whoever waits for the answer, or reads it, meets this."""
        payload = self._protocol._payload
        self._protocol.set_exception(error)
        if payload is not None:
            payload.set_exception(error)


_UNCONNECTED = {
    Failing.DNS_FAILURE: "ClientConnectorDNSError",
    Failing.REFUSED: "ClientConnectorError",
    Failing.TLS_CUT: "ClientConnectorError",
    Failing.CERTIFICATE_INVALID: "ClientConnectorCertificateError",
    Failing.HOSTNAME_MISMATCH: "ClientConnectorCertificateError",
    Failing.PLAIN_HTTP: "ClientConnectorSSLError",
}
_TOO_LATE = frozenset({Failing.CONNECT_TIMEOUT, Failing.POOL_TIMEOUT})
_PROXY_SAYS = {
    Failing.PROXY_407: (407, "Proxy Authentication Required"),
    Failing.PROXY_403: (403, "Forbidden"),
    Failing.PROXY_502: (502, "Bad Gateway"),
}


def _failure(request: Any, ending: Ending) -> Any:
    """What the library raises; its versions before 3.10 have fewer names for it."""
    known, how = import_module("aiohttp.client_exceptions"), ending.how
    if name := _UNCONNECTED.get(how):
        # asyncio tells an end within the handshake as a reset.
        behind = ConnectionResetError() if how is Failing.TLS_CUT else system_error(how)
        raised = getattr(known, name, known.ClientConnectorError)(request.connection_key, behind)
    elif how in _TOO_LATE:
        behind = TimeoutError()
        late = getattr(known, "ConnectionTimeoutError", known.ServerTimeoutError)
        raised = late(f"Connection timeout to host {request.url}")
    elif how in _PROXY_SAYS:
        behind, (status, message) = None, _PROXY_SAYS[how]
        raised = known.ClientHttpProxyError(request.request_info, (), status=status, message=message)
    else:
        raise HarnessError(f"{how} cannot come about with aiohttp: give the request another fault")
    raised.__cause__ = behind
    return raised
