"""AIAgent: one session with a model, through the real openai client, with tools and one fallback.

agent = AIAgent()                                  # config.yaml, keys and tools of the machine
agent.run_conversation("ping")["final_response"]
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from openai import OpenAI, Timeout

from hermes_agent import credentials, trajectories
from hermes_agent.api_modes import API_MODES
from hermes_agent.conduct import Conduct, Means
from hermes_agent.config import load_config
from hermes_agent.display import Display
from hermes_agent.errors import RenewalRefused
from hermes_agent.history import as_messages, with_closed_calls
from hermes_agent.interruption import Interruption
from hermes_agent.line import Line
from hermes_agent.messages import Conversation, Message, Outcome, TurnResult
from hermes_agent.options import AgentOptions, configured
from hermes_agent.prompt import system_prompt
from hermes_agent.redaction import one_line
from hermes_agent.results import as_dict
from hermes_agent.runtime import Runtime, system_runtime
from hermes_agent.sessions import SessionStore
from hermes_agent.tools import Tool, definitions, real_tools

__all__ = ["AIAgent", "AgentOptions", "check_toolset_requirements", "get_tool_definitions"]

_CONNECT_TIMEOUT_S = 10.0
"""C19."""
_NO_KEY = "no-key-required"
"""What the client is given where a server needs no key: it refuses to be made without one."""


def get_tool_definitions(*, tools: Mapping[str, Tool]) -> list[dict[str, Any]]:
    """What the model is told of its tools."""
    return definitions(tools)


def check_toolset_requirements() -> dict[str, bool]:
    """Whether the machine has what a tool needs, by the tool's name; a tool that is not named needs nothing."""
    return {"terminal": shutil.which("sh") is not None}


class AIAgent:
    """One session: the same conversation, the same provider after the one switch, however many turns."""

    def __init__(self, *, runtime: Runtime | None = None, **options: Any) -> None:
        self.runtime = runtime or system_runtime()
        self.options = AgentOptions(**options)
        self.config = configured(load_config(self.runtime.home), self.options)
        self.store = SessionStore(self.runtime.home)
        self.session_id = self.options.session_id or self._new_session_id()
        self.interruption = Interruption()
        self.tools = self._tools()
        self.tool_definitions = get_tool_definitions(tools=self.tools)
        self.line = self._line()
        self._display = Display()
        self._client: Any = None
        self._stored = self.store.messages(self.session_id)
        self._ended: TurnResult | None = None

    def run_conversation(
        self,
        user_message: str,
        conversation_history: Sequence[Mapping[str, Any]] | None = None,
        task_id: str | None = None,
    ) -> dict[str, Any]:
        """One turn. Never raises: whatever happens is a result (C16), also handed to `Runtime.on_result`.

        `conversation_history` replaces what the store knows of the session. Returns a dictionary with
        `final_response`, `messages`, `api_calls`, `completed`, `failed`, `partial`, `interrupted`, `error`, and what
        was `switched`, why and after how many attempts.
        """
        self.interruption.clear()
        self._display = self._new_display()
        result = Conduct(self._means(lambda: self._conversation(user_message, conversation_history))).result()
        result = self._recorded(result, user_message)
        self._cleanup_task_resources(task_id or self.session_id)
        self.runtime.on_result(result)
        return as_dict(result)

    def interrupt(self) -> None:
        """Stop the turn that is under way, from any thread (C17)."""
        self.interruption.set()

    def close(self) -> None:
        """Give back what the agent holds of the outside."""
        self.drop_client()
        self.store.close()

    def drop_client(self) -> None:
        """Close the connections to the present provider."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _new_display(self) -> Display:
        """This turn's; nobody watches a turn that is not streamed."""
        if not self.config.display.streaming:
            return Display()
        return Display(self.options.on_delta, self.options.on_withdrawn, self.interruption.event)

    def _line(self) -> Line:
        said, home = self.options, self.runtime.home
        renewable = said.renewable
        if said.api_key is not None and renewable is None:
            renewable = said.provider in credentials.SIGN_INS
        switched = self.store.switch(self.session_id)
        return Line(self.config, self.runtime.environ, home, switched, renewable=renewable)

    def _conversation(self, user_message: str, history: Sequence[Mapping[str, Any]] | None) -> Conversation:
        before = self._stored if history is None else as_messages(history)
        return Conversation(self._system_prompt(), (*with_closed_calls(before), Message("user", user_message)))

    def _means(self, begin: Callable[[], Conversation]) -> Means:
        return Means(
            self.session_id,
            self.config,
            self.line,
            self.runtime.clock,
            self.runtime.random,
            self.interruption,
            self._display,
            self.tools,
            self.tool_definitions,
            begin=begin,
            ask=self._interruptible_api_call,
            renew=self._try_refresh_codex_client_credentials,
            persist=self._persist_session,
            keep_switch=lambda switch: self.store.keep_switch(self.session_id, switch),
            drop_client=self.drop_client,
            notify=self._notify,
            on_attempt=self.runtime.on_attempt,
        )

    def _system_prompt(self) -> str:
        cwd = None if self.options.skip_context_files else self.runtime.cwd
        home = None if self.options.skip_memory else self.runtime.home
        return system_prompt(self.config.agent.system_prompt, cwd, home)

    def _new_session_id(self) -> str:
        """By date and chance, as people like to see them listed."""
        moment = datetime.fromtimestamp(self.runtime.clock.time(), UTC)
        return self.store.unused(f"{moment:%Y%m%d_%H%M%S}_{int(self.runtime.random() * 0xFFFFFF):06x}")

    def _tools(self) -> Mapping[str, Tool]:
        if self.runtime.tools is not None:
            return self.runtime.tools
        unmet = {name for name, met in check_toolset_requirements().items() if not met}
        return {
            name: tool for name, tool in real_tools(self.runtime.cwd, self.runtime.environ).items() if name not in unmet
        }

    def _interruptible_api_call(self, api_kwargs: Mapping[str, Any]) -> object:
        """One attempt; raises what the client raises, and Interrupted within 0.2 s of an interrupt."""
        mode = API_MODES[self.line.asked.api_mode]
        client, show = self._opened(), self._display.attempt()
        return self.interruption.run(lambda: mode.call(client, api_kwargs, show), cancel=self.drop_client)

    def _opened(self) -> Any:
        if self._client is None:
            backend = self.line.asked
            self._client = OpenAI(
                base_url=backend.base_url,
                api_key=backend.api_key or _NO_KEY,
                max_retries=0,
                timeout=Timeout(self.config.agent.request_timeout_s, connect=_CONNECT_TIMEOUT_S),
                http_client=self.runtime.new_http_client(),
            )
            # The SDK reads these from its own environment variables: they are one account's, not every backend's (C11).
            self._client.organization = self._client.project = None
            self._client._custom_headers = {}  # noqa: SLF001  # there is no public way to leave OPENAI_CUSTOM_HEADERS out
        return self._client

    def _try_refresh_codex_client_credentials(self, *, force: bool = True) -> bool:
        """Renew the present credential (C8); the next attempt carries the new one."""
        del force  # a Hermes caller's word; recovery has decided already
        home, stale = self.runtime.home, self.line.asked
        with closing(self.runtime.new_http_client()) as client:
            try:
                token = self.interruption.run(
                    lambda: credentials.renew(home, stale.provider, stale.api_key, lambda: client), cancel=client.close
                )
            except RenewalRefused:
                return False
        self.line.renewed(token.access_token)
        self.drop_client()
        return True

    def _persist_session(
        self, messages: Sequence[Message], conversation_history: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Write what the store lacks: the newest messages, or all of them after a compression."""
        del conversation_history  # a Hermes caller hands it over; the messages hold it already
        now = tuple(messages)
        if now[: len(self._stored)] != self._stored:
            self.store.replace(self.session_id, now)
            self._stored = now
        for message in now[len(self._stored) :]:
            self.store.append(self.session_id, message)
            self._stored += (message,)

    def _recorded(self, result: TurnResult, user_message: str) -> TurnResult:
        """The result, with a notice if its trajectory could not be kept."""
        self._ended = result
        try:
            self._save_trajectory(list(result.messages), user_message, result.outcome is Outcome.COMPLETED)
        except Exception as error:  # noqa: BLE001  # C16: no record fails a turn, whoever hooks in
            notice = one_line(f"The trajectory of this turn was not kept: {error}")
            self._notify(notice)
            return replace(result, notices=(*result.notices, notice))
        return result

    def _save_trajectory(self, messages: Sequence[Message], user_message: str, completed: bool) -> None:
        """Keep the turn that has just ended, where that is wanted."""
        del messages, completed  # a Hermes caller's words for what the result holds
        if self.config.agent.save_trajectories and self._ended is not None:
            trajectories.append(self.runtime.home, self._ended, user_message, self.runtime.clock.time())

    def _notify(self, notice: str) -> None:
        if self.options.on_notice is not None:
            self.options.on_notice(notice)

    def _cleanup_task_resources(self, task_id: str) -> None:
        """Leave no connection open between turns."""
        del task_id  # this runtime holds nothing for a task apart from its client
        self.drop_client()
