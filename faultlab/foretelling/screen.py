"""What a user sees of a turn: texts as they come, what of them is withdrawn, notices, and the answer.

Of all that was shown there stays, in the end, what was kept, and nothing else.
"""

from __future__ import annotations

import json
import re
from typing import Final

from faultlab.foretelling.meeting import Met
from faultlab.foretelling.setting import Whom
from faultlab.recorded_reply import server_sent_events
from faultlab.scenario import HermesTarget, Scenario

__all__ = ["Display", "Screen", "screen_for"]

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What would steer a terminal; line breaks and tabs stay."""

_MARK: Final = "[withdrawn]"
"""What the harness writes where a caller, or a chat, is told that a text holds no longer."""


class Screen:
    """A caller's screen: pieces as they come, everything else on lines of its own.

    `known`: what stands on it can be told for sure.
    """

    def __init__(self) -> None:
        self._shown: list[str] = []
        self.known = True

    @property
    def text(self) -> str:
        """All that was shown."""
        return "".join(self._shown)

    def piece(self, text: str) -> None:
        """What comes of an answer."""
        self._shown.append(text)

    def line(self, text: str) -> None:
        """A text on a line of its own."""
        shown = self.text
        self._shown.append(f"{text}\n" if not shown or shown.endswith("\n") else f"\n{text}\n")

    def withdrawn(self) -> None:
        """What came last holds no longer."""
        self.line(_MARK)

    def notice(self, text: str) -> None:
        """What else a user is told."""
        self.line(text)

    def end(self, answer: str, fault: str = "") -> None:
        """The turn is over, with this answer, or with a sentence that says why there is none."""
        self.line("\n\n".join(filter(None, (answer, fault))))


class _Terminal(Screen):
    """The command line: an answer that came in pieces is not said again, and nothing steers the terminal."""

    def __init__(self, mark: str, warnings: tuple[str, ...], *, streaming: bool) -> None:
        super().__init__()
        self._mark, self._streaming, self._below_a_mark = mark, streaming, False
        for sentence in warnings:
            self.notice(f"hermes_agent: {sentence}")

    def piece(self, text: str) -> None:
        text = text.removeprefix("\n") if self._below_a_mark else text
        self._shown.append(_CONTROLS.sub("", text))
        self._below_a_mark = False

    def line(self, text: str) -> None:
        super().line(_CONTROLS.sub("", text))

    def withdrawn(self) -> None:
        self.line(self._mark)
        self._below_a_mark = True

    def notice(self, text: str) -> None:
        self.line(text)
        self._below_a_mark = True

    def end(self, answer: str, fault: str = "") -> None:
        if not self._streaming:
            if answer:
                self.line(answer)
        elif self.text and not self.text.endswith("\n"):
            self._shown.append("\n")
        if fault:
            self.line(fault)


def screen_for(scenario: Scenario, rules_mark: str, *, streaming: bool) -> Screen:
    """The screen of this entrance."""
    if scenario.target == HermesTarget("cli"):
        return _Terminal(rules_mark, scenario.policy.warnings, streaming=streaming)
    return Screen()


class Display:
    """What is shown of the attempts of a turn, and taken back."""

    def __init__(self, screen: Screen, *, streaming: bool) -> None:
        self.screen = screen
        self._streaming = streaming
        self._shown = self._held = self._opening = ""

    def show(self, found: Met, whom: Whom) -> None:
        """What came of an attempt, as far as it came."""
        if not self._streaming:
            return
        text = _text(found, whom)
        if text:
            piece = text if self._shown else self._opening + self._held + text
            self._shown += piece
            self.screen.piece(piece)

    def stop(self, found: Met, whom: Whom) -> None:
        """An interrupt came amid an attempt: what had come before a silence was shown, of all else nobody knows."""
        if found.faults == ("stall",) and found.reply is None:
            self.show(found, whom)
        elif self._streaming and _text(found, whom):
            self.screen.known = False

    def hold(self, text: str) -> None:
        """It is a beginning, to be gone on with."""
        self._held += text

    def withdraw(self) -> None:
        """The attempt has failed; what is held stays."""
        if self._shown not in ("", self._opening + self._held):
            self._undo()

    def leave(self) -> None:
        """Whoever was asked is left."""
        self._undo()

    def keep(self, text: str) -> None:
        """It stays; what of it was not shown by now is."""
        if self._streaming:
            whole = self._opening + text if text else ""
            if not whole.startswith(self._shown):
                self._undo()
            if whole[len(self._shown) :]:
                self.screen.piece(whole[len(self._shown) :])
            self._opening = self._opening if not text else "" if text.endswith("\n") else "\n"
        self._shown = self._held = ""

    def end(self) -> None:
        """The turn is over: what was not kept is taken back."""
        self._held = ""
        self._undo()

    def _undo(self) -> None:
        if self._shown:
            self._shown = ""
            self.screen.withdrawn()


def _text(found: Met, whom: Whom) -> str:
    if found.reply is not None:
        return found.reply.text or ""
    return "".join(_texts(found.pieces, whom.backend.dialect)) if found.pieces else ""


def _texts(pieces: tuple[bytes, ...], dialect: str) -> list[str]:
    """The text in the events of a stream, up to where they can be read."""
    shown: list[str] = []
    for event in server_sent_events(b"".join(pieces)):
        line = next((line for line in event.split(b"\n") if line.startswith(b"data:")), None)
        if line is None:
            continue
        try:
            document = json.loads(line.removeprefix(b"data:"))
        except ValueError:
            break
        if not isinstance(document, dict) or document.get("error"):
            break
        shown.append(_CONTENT[dialect](document))
    return shown


def _of_chat(document: dict[str, object]) -> str:
    choices = document.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    delta = choice.get("delta") if isinstance(choice, dict) else None
    content = delta.get("content") if isinstance(delta, dict) else None
    return content if isinstance(content, str) else ""


def _of_responses(document: dict[str, object]) -> str:
    delta = document.get("delta") if document.get("type") == "response.output_text.delta" else None
    return delta if isinstance(delta, str) else ""


_CONTENT: Final = {"chat": _of_chat, "responses": _of_responses}
