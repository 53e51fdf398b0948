"""What is made up, from one seed: ids, keys, texts, conversations. The only home of `random`.

The same seed gives the same bytes in every process and on every Python: of `random` only what never changed is used.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

__all__ = [
    "MadeCall",
    "MadeMessage",
    "conversation",
    "drawing_from",
    "fewest_tokens",
    "key_for",
    "text",
    "token",
    "words",
]

_TOOLS = ("read_file", "terminal")
_TOOL_EXCHANGE = 4
"""Messages of a round with a tool: question, call, result, answer."""

_KEYS: dict[str, tuple[str, int]] = {
    "anthropic": ("sk-ant-api03-", 95),
    "azure": ("", 32),
    "codex": ("eyJhbGciOi", 120),
    "deepseek": ("sk-", 32),
    "fireworks": ("fw_", 24),
    "gemini": ("AIzaSy", 33),
    "groq": ("gsk_", 52),
    "kimi-coding": ("sk-kimi-", 48),
    "minimax": ("eyJhbGciOi", 90),
    "minimax-cn": ("eyJhbGciOi", 90),
    "mistral": ("", 32),
    "nous": ("sk-nous-", 40),
    "moonshot": ("sk-", 48),
    "openai": ("sk-proj-", 48),
    "openai-codex": ("eyJhbGciOi", 120),
    "openrouter": ("sk-or-v1-", 64),
    "together": ("", 64),
    "xai": ("xai-", 80),
    "zai": ("", 49),
}
"""Provider → how its keys begin, and how many characters follow."""

_WORDS = tuple(
    """
    able about above across after again ahead almost along already also always among answer apart around arrive
    aside away back balance basket bath beach bed before begin behind below beside best better between beyond bird
    boat book both bread bridge bright bring broad build busy calm candle careful carry case chair chalk change
    clean clear climb close cloth cloud coast coffee cold common cook copper corner count country cover crowd cup
    daily dance dark dawn deep desk door double down draw dream dress drive dry early earth east easy edge eight
    empty end enough evening every exact fair fall family far farm fast few field fifth final find fine fire first
    five flat floor flower follow forest forward four fresh friend front fruit full garden gate gentle glass gold
    good grain grass green ground group grow half hall hand happy harbour hard hat heavy help here high hill hold
    home honest horse hour house idea inside iron island join journey keep kind kitchen lake lamp land large last
    late leaf learn leave left lemon lend level light line linen listen little local long loud low lunch main many
    map march market meadow measure middle mild milk mind mirror modern moon more morning mountain mouth move music
    narrow near neat never new next night nine north note number ocean offer often oil old once open orange order
    other outside over page paint paper park part pass past path peace pen piece pine place plain plan plant plate
    pocket point pond porch prompt proper quarter quick quiet quite rain raise reach read ready real rest return
    rice rich ridge ring rise river road roof room root rope round row safe sail salt same sand school season second
    seed send seven shade shape share shelf shore short shoulder sign silver simple sing single six sky slow small
    smooth snow soft soil some song soon south space spare spring square stair stand star start station stay steady
    step still stone store story straight stream street strong sugar summer sun supper sure swim table tall tea tell
    ten than then there thick thin third thread three through time today together tower town track train tree true
    turn twelve twice two under until upper use valley very view village visit voice wait walk wall warm watch water
    weather well west wheel when where while white whole wide wind window winter wise with within wood wool word
    work year yellow yes young
    """.split()  # noqa: SIM905 - four hundred quotes would say no more
)
"""Our own: a list of somebody else's would make other bytes with each of its versions."""


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A tool call of a made-up conversation."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class MadeMessage:
    """A message of a made-up conversation; `call_id` names the call that a tool's result answers."""

    role: str
    text: str = ""
    calls: tuple[MadeCall, ...] = ()
    call_id: str | None = None

    @property
    def characters(self) -> int:
        """What the contract's estimate counts."""
        return len(self.text) + sum(len(call.arguments) for call in self.calls)


def token(length: int, *parts: object) -> str:
    """So many characters that nobody guesses, always the same for the same parts."""
    seed = ":".join(map(str, parts)).encode()
    made = hashlib.blake2b(seed, digest_size=32).hexdigest()
    while len(made) < length:
        made += hashlib.blake2b(made.encode(), digest_size=32).hexdigest()
    return made[:length]


def key_for(provider: str, seed: int, use: str = "") -> str:
    """A key in the provider's style; another one for each `use` (the role of an upstream, a renewal's number)."""
    prefix, length = _KEYS.get(provider, ("key-", 40))
    return prefix + token(length, "key", provider, seed, use)


def text(characters: int, *parts: object) -> str:
    """English-looking words of exactly so many characters."""
    chosen = random.Random(":".join(map(str, parts)))  # noqa: S311 - words are no secret
    made: list[str] = []
    length = 0
    while length <= characters:
        made.append(chosen.choice(_WORDS))
        length += len(made[-1]) + 1
    return _ended(" ".join(made)[:characters])


def words(count: int, *parts: object) -> str:
    """So many words."""
    chosen = random.Random(":".join(map(str, parts)))  # noqa: S311 - words are no secret
    return " ".join(chosen.choice(_WORDS) for _ in range(count))


@lru_cache(maxsize=32)
def conversation(messages: int, tokens: int, seed: int = 0) -> tuple[MadeMessage, ...]:
    """Exactly so many messages whose estimate is exactly `tokens`: rounds of two, every other one with a tool.

    An odd number begins with a greeting of the assistant, so that the end is always an answer.
    """
    if tokens < (least := fewest_tokens(messages)):
        raise ValueError(f"tokens: {messages} messages need at least {least}, not {tokens}")
    bare = _rounds(messages, seed)
    spoken = [index for index, message in enumerate(bare) if not message.calls]
    share, more = divmod(tokens * 4 - sum(message.characters for message in bare), len(spoken))
    lengths = {index: share + (place < more) for place, index in enumerate(spoken)}
    return tuple(_spoken(message, lengths.get(index, 0), seed, index) for index, message in enumerate(bare))


def fewest_tokens(messages: int) -> int:
    """The least that so many messages can be estimated at: a character for each text, and what calls need."""
    return math.ceil(sum(message.characters if message.calls else 1 for message in _rounds(messages, seed=0)) / 4)


@contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """Meanwhile the process's own chance begins at this seed: clients draw the jitter of their waits from it."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def _rounds(messages: int, seed: int) -> list[MadeMessage]:
    """The messages without their words."""
    if messages < 1:
        raise ValueError(f"messages: a whole number from 1, not {messages!r}")
    made = [MadeMessage("assistant")] if messages % 2 else []
    while len(made) < messages:
        with_tool = messages - len(made) >= _TOOL_EXCHANGE and (len(made) // 2) % 3 == 0
        made += _with_tool(len(made), seed) if with_tool else [MadeMessage("user"), MadeMessage("assistant")]
    return made


def _with_tool(place: int, seed: int) -> list[MadeMessage]:
    name = _TOOLS[place % len(_TOOLS)]
    arguments = '{"path": "notes.txt"}' if name == "read_file" else '{"command": "ls"}'
    call = MadeCall(f"call_{token(20, 'call', seed, place)}", name, arguments)
    asking = MadeMessage("assistant", calls=(call,))
    return [MadeMessage("user"), asking, MadeMessage("tool", call_id=call.id), MadeMessage("assistant")]


def _spoken(message: MadeMessage, characters: int, seed: int, place: int) -> MadeMessage:
    words = text(characters, "message", seed, place)
    return MadeMessage(message.role, words, message.calls, message.call_id)


def _ended(words: str) -> str:
    """No white space at the end: what a program strips would no longer be counted."""
    return words[:-1] + "." if words.endswith(" ") else words
