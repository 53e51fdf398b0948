"""What a model answers, in exactly so many characters: plain words, Markdown, code, or many scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from faultlab.content.draw import Draw
from faultlab.errors import UnknownName
from faultlab.made_up import text, words

__all__ = ["STYLES", "answer"]

_GAP: Final = "\n\n"
_MOST_BLOCKS: Final = 100_000
"""More than a million tokens have."""

_SCRIPTS: Final = (
    "été à l'Œuvre, naïf — «façade»",
    "Größe, Straße, fünf Äpfel",
    "съешь ещё этих мягких булок",
    "ξεσκεπάζω την ψυχοφθόρα",
    "天地玄黃 宇宙洪荒",
    "いろはにほへと ちりぬるを",
    "키스의 고유조건은",
    "نص حكيم له سر قاطع",
    "עטלף אבק נס דרך",
    "कुछ शब्द यहाँ हैं",
    "👩‍💻 🇪🇺 👍🏽 ✅",
    "e\u0301 n\u0303 a\u030a",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠮷野家",  # noqa: RUF001 - they are to be taken for others
    "“quoted” – 3 × 4 ≠ 13 … €5",  # noqa: RUF001
)
"""Accents, right-to-left, wide signs, joined emoji, marks that combine, what needs two units in UTF-16."""


def answer(characters: int, style: str, draw: Draw) -> str:
    """Exactly so many characters in a style, no space at its ends. Raises UnknownName for a style that is not there."""
    if style not in STYLES:
        raise UnknownName("style", style, STYLES)
    if characters < 0:
        raise ValueError(f"characters: a whole number from 0, not {characters}")
    made: list[str] = []
    left = characters
    for block in STYLES[style](draw):
        if len(block) + len(_GAP) >= left:
            break
        made.append(block)
        left -= len(block) + len(_GAP)
    return _GAP.join([*made, text(left, draw.name, "end")])


def _plain(_draw: Draw) -> Iterator[str]:
    return iter(())


def _markdown(draw: Draw) -> Iterator[str]:
    """Headings, lists, tables, quotes, emphasis, links, in turn."""
    for number in range(_MOST_BLOCKS):
        row = draw.fork(number)
        yield _MARKDOWN[number % len(_MARKDOWN)](row)


def _some(draw: Draw, use: str, most: int = 6) -> str:
    return words(draw.between(2, most), draw.name, use)


def _list(draw: Draw) -> str:
    return "\n".join(f"- {_some(draw, f'item {number}')}" for number in range(draw.between(2, 4)))


def _table(draw: Draw) -> str:
    rows = [f"| {_some(draw, f'left {number}', 3)} | {draw.below(1000)} |" for number in range(draw.between(1, 3))]
    return "\n".join(["| name | count |", "|---|---:|", *rows])


def _emphasis(draw: Draw) -> str:
    return f"{_some(draw, 'before')} **{_some(draw, 'bold', 3)}** and `{_some(draw, 'code', 2).replace(' ', '_')}`."


def _link(draw: Draw) -> str:
    return f"[{_some(draw, 'shown', 3)}](https://example.com/{_some(draw, 'to', 2).replace(' ', '-')})"


_MARKDOWN: Final[tuple[Callable[[Draw], str], ...]] = (
    lambda draw: f"## {_some(draw, 'heading', 4).capitalize()}",
    _emphasis,
    _list,
    _table,
    lambda draw: f"> {_some(draw, 'quoted')}",
    _link,
)


def _code(draw: Draw) -> Iterator[str]:
    """A sentence and a fenced block in turn."""
    for number in range(_MOST_BLOCKS):
        row = draw.fork(number)
        name = _some(row, "name", 2).replace(" ", "_")
        yield f"{_some(row, 'sentence', 8).capitalize()}:"
        yield _BLOCKS[number % len(_BLOCKS)].format(name=name, n=row.below(100))


_BLOCKS: Final = (
    '```python\ndef {name}(n: int) -> int:\n    """Adds {n}."""\n    return n + {n}\n```',
    '```json\n{{"{name}": [{n}, null, "a \\"quoted\\" text"]}}\n```',
    "```sh\n$ {name} --count {n} | sort -u > out.txt\n```",
    '```html\n<p class="{name}">{n} &lt; {n}0</p>\n```',
)


def _unicode(draw: Draw) -> Iterator[str]:
    for number in range(_MOST_BLOCKS):
        yield f"{_some(draw.fork(number), 'word', 3)} {_SCRIPTS[number % len(_SCRIPTS)]}"


STYLES: Final[Mapping[str, Callable[[Draw], Iterator[str]]]] = {
    "plain": _plain,
    "markdown": _markdown,
    "code": _code,
    "unicode": _unicode,
}
"""Style → the blocks that an answer is built from; words fill what is left."""
