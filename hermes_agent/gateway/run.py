"""The gateway: every chat a session, every message a turn of an agent built for it.

A chat is told everything: the answer, a switch as it happens, and in a sentence why there is no answer. With
`display.streaming` it is told the answer's text as it comes too, and what of that holds no longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from types import MappingProxyType
from typing import Any, TextIO

from hermes_agent import run_agent, runtime_provider
from hermes_agent.config import load_config
from hermes_agent.errors import ProviderError
from hermes_agent.gateway.chat import Chat, Output, Waiting, read_line
from hermes_agent.gateway.config import Platform
from hermes_agent.gateway.session import SessionSource
from hermes_agent.messages import Outcome
from hermes_agent.runtime import Runtime, system_runtime
from hermes_agent.sessions import SessionStore

__all__ = ["GatewayRunner"]


def _resolve_runtime_agent_kwargs(runtime: Runtime | None = None) -> dict[str, Any]:
    """What an agent is told of its primary. One that cannot be asked is the agent's business: it has a fallback."""
    try:
        return runtime_provider.resolve_runtime_provider(runtime=runtime)
    except ProviderError:
        return {}


def _tell(output: Output, kind: str, chat_id: str, text: str) -> None:
    output.send(kind, chat_id=chat_id, text=text)


class GatewayRunner:
    """Answers chats. Nothing is kept between messages but what the session store holds."""

    runtime: Runtime | None = None
    _listeners: Mapping[str, Mapping[str, Callable[[str], None]]] = MappingProxyType({})
    """Of each session, by the agent's names for them."""

    def __init__(self, *, runtime: Runtime | None = None) -> None:
        self.runtime = runtime
        self._store = SessionStore((runtime or system_runtime()).home)
        self._running_agents: dict[str, Any] = {}

    def serve(self, stdin: TextIO, stdout: TextIO) -> None:
        """Answer the lines of `stdin` on `stdout` until one of them ends; returns when all is answered.

        In: `{"chat_id": …, "text": …}`; `/new` begins a new session, `/stop` interrupts. Out: the same keys and `kind`
        (`answer`, `notice`, `error`); a chat's answers come in the order of its messages. While a streamed answer
        comes: `delta`, the next piece of its text, and `withdrawn`, the end of what the deltas said so far, which is
        to be taken away. The `answer` holds the whole text all the same. Raises OutputLost when nobody can be answered.
        """
        output, chats = Output(stdout), dict[str, Chat]()
        try:
            for number, line in enumerate(stdin, 1):
                if output.lost:
                    break
                if line.strip():
                    self._take(line, number, chats, output)
        except KeyboardInterrupt:
            output.hurry()
            for chat in chats.values():
                chat.stop()
            raise
        finally:
            for chat in chats.values():
                chat.close()
            self._store.close()
        if output.lost:
            raise output.lost

    def _take(self, line: str, number: int, chats: dict[str, Chat], output: Output) -> None:
        try:
            incoming = read_line(line)
        except ValueError as error:
            output.send("error", text=f"line {number}: {error}", expected={"chat_id": "text", "text": "text"})
            return
        if incoming.chat_id not in chats:
            chats[incoming.chat_id] = self._chat(incoming.chat_id, output)
        chat = chats[incoming.chat_id]
        if incoming.text.strip() != "/stop":
            chat.take(incoming.text)
        elif not chat.stop():
            output.send("answer", chat_id=incoming.chat_id, text="There is nothing to stop.")

    def _chat(self, chat_id: str, output: Output) -> Chat:
        source = SessionSource(Platform.LOCAL, chat_id)
        told = {"on_notice": "notice", "on_delta": "delta", "on_withdrawn": "withdrawn"}
        listeners = {name: partial(_tell, output, kind, chat_id) for name, kind in told.items()}
        self._listeners = {**self._listeners, source.key: listeners}
        return Chat(partial(self._answer, source, output), partial(self._interrupt, source.key))

    def _answer(self, source: SessionSource, output: Output, waiting: Waiting) -> None:
        """One message to its answer; whatever goes wrong on the way is told in its place."""
        if output.lost:
            return
        send = partial(output.send, chat_id=source.chat_id)
        try:
            if waiting.text.strip() == "/new":
                send("answer", text="This is a new session.", session_id=self._begin(source))
            elif waiting.stopped.is_set():
                send("answer", text="Interrupted.", outcome=Outcome.INTERRUPTED)
            else:
                send("answer", **self._turn(source, waiting.text))
        except BaseException as error:  # noqa: BLE001  # C16: a chat gets a text, and the others go on
            send("error", text=runtime_provider.format_runtime_provider_error(error))

    def _turn(self, source: SessionSource, text: str) -> dict[str, Any]:
        session_id = self._store.current(source.key) or self._begin(source)
        result = asyncio.run(self._run_agent(text, "", [], source, session_id, source.key))
        told = {name: result[name] for name in ("outcome", "provider", "model", "session_id")}
        return {"text": result["final_response"], **told}

    def _begin(self, source: SessionSource) -> str:
        session_id = self._store.unused(f"{source.platform}:{source.chat_id}")
        self._store.begin(source.key, session_id)
        return session_id

    def _interrupt(self, session_key: str) -> None:
        agent = self._running_agents.get(session_key)
        if agent is not None:
            agent.interrupt()

    async def _run_agent(
        self,
        message: str,
        context_prompt: str,
        history: Sequence[Mapping[str, Any]],
        source: SessionSource,
        session_id: str,
        session_key: str,
    ) -> dict[str, Any]:
        """One turn of this session, in a thread of its own; the agent's result.

        `history` replaces what the store knows, unless it is empty; `context_prompt` goes behind the system prompt.
        """
        del source  # a Hermes caller hands it over; the session says it all
        return await asyncio.to_thread(self._run, message, context_prompt, history, session_id, session_key)

    def _run(
        self,
        message: str,
        context_prompt: str,
        history: Sequence[Mapping[str, Any]],
        session_id: str,
        session_key: str,
    ) -> dict[str, Any]:
        given = () if self.runtime is None else (self.runtime,)
        agent = run_agent.AIAgent(
            runtime=self.runtime,
            session_id=session_id,
            system_prompt=self._system_prompt(context_prompt),
            **self._listeners.get(session_key, {}),
            **_resolve_runtime_agent_kwargs(*given),
        )
        self._running_agents[session_key] = agent
        try:
            with closing(agent):
                result: dict[str, Any] = agent.run_conversation(message, conversation_history=history or None)
                return result
        finally:
            del self._running_agents[session_key]

    def _system_prompt(self, context_prompt: str) -> str | None:
        if not context_prompt:
            return None
        configured = load_config((self.runtime or system_runtime()).home).agent.system_prompt
        return f"{configured}\n\n{context_prompt}"
