"""YAML text as a tree in which every value knows its line and column. The harness's only reader of YAML.

libyaml composes, the build is our own: plain words follow YAML's core schema, a key that stands twice is refused, an
alias costs nothing until its expansion passes a bound. What the keys mean is not known here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import yaml

from faultlab.errors import ScenarioError

__all__ = [
    "MAX_DEPTH",
    "MAX_ITEMS",
    "MAX_NODES",
    "Tree",
    "documents",
    "listed_under",
    "place_of",
    "refusal",
    "scalar",
    "shown",
]

MAX_DEPTH: Final = 100
"""Levels of nesting: more than any scenario needs, less than the stack holds."""

MAX_ITEMS: Final = 10_000
"""Items of one list or mapping; more is a mistake in a generator, and nobody's scenario."""

_SHOWN: Final = 60
"""Characters of a word or value that a message quotes."""

MAX_NODES: Final = 2_000_000
"""Values in one document, aliases expanded: a billion laughs is more."""

_WORDS: Final = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_NUMERIC: Final = frozenset("+-.0123456789")
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,300}")
_BASED: Final = re.compile(r"0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


class Tree(NamedTuple):
    """One value: a scalar, `dict[str, Tree]` or `list[Tree]`. `mark` is where it begins, `key` where its key does."""

    value: Any
    mark: Any
    key: Any


def refusal(mark: Any, message: str, allowed: Sequence[str] = ()) -> ScenarioError:
    """The error for whoever wrote the file, with the place in front and what is allowed in a second line."""
    return ScenarioError(message, path=mark.name, line=mark.line + 1, column=mark.column + 1, allowed=allowed)


def place_of(mark: Any) -> str:
    """Where that is, in a word: in a text, or by a name that says all."""
    return f"{mark.name}:{mark.line + 1}:{mark.column + 1}" if mark.line >= 0 else str(mark.name)


def shown(written: str) -> str:
    """A word of the file as a message quotes it: no longer than a line has room for."""
    return repr(written if len(written) <= _SHOWN else f"{written[:_SHOWN]}...")


def documents(text: str, file: str) -> list[Tree]:
    """Every document of `text` that holds something; `file` is the name that errors give."""
    trees: list[Tree] = []
    for node in _composed(text, file):
        if len(trees) == MAX_ITEMS:
            raise refusal(node.start_mark, f"more than {MAX_ITEMS:,} documents in one file")
        trees.append(_Builder().build(node))
    return [tree for tree in trees if tree.value is not None]


def listed_under(key: str, text: str, file: str) -> int | None:
    """How many items the list under a key of the first document has, whatever they are; None where there is no list."""
    node = next(_composed(text, file), None)
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    found = next((value for name, value in pairs if name.value == key), None)
    return len(found.value) if isinstance(found, yaml.SequenceNode) else None


def _composed(text: str, file: str) -> Iterator[Any]:
    """The root node of every document, their tags unread."""
    stream = io.StringIO(text)
    stream.name = file  # where libyaml's marks take it from
    loader = _Composer(stream)
    try:
        while loader.check_node():
            yield loader.get_node()
    except yaml.MarkedYAMLError as error:
        raise refusal(error.problem_mark or error.context_mark, f"unreadable YAML: {_problem(error, text)}") from None
    except yaml.reader.ReaderError as error:
        raise _not_allowed(text, file, error) from None
    finally:
        loader.dispose()


class _Composer(yaml.CBaseLoader):
    """libyaml's composer without PyYAML's guesses: the tag of an untagged node is left empty.

    It composes by recursion in C, so that nesting without a bound would end the whole process.
    """

    _depth = 0

    def resolve(self, *_: object) -> str:
        return ""

    def descend_resolver(self, parent: Any, *_: object) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise refusal(parent.start_mark, f"unreadable YAML: nested more than {MAX_DEPTH} levels deep")

    def ascend_resolver(self) -> None:
        self._depth -= 1


class _Builder:
    """One document's nodes as trees; remembers what aliases share, and counts what they expand to."""

    def __init__(self) -> None:
        self._shared: dict[int, tuple[Tree, int] | None] = {}
        self._count = 0

    def build(self, node: Any, key: Any = None) -> Tree:
        """The node's tree; `key` is where its key begins."""
        if node.tag:
            raise refusal(node.start_mark, f"unreadable YAML: tags have no meaning here, found {shown(node.tag)}")
        self._count += 1
        if type(node) is yaml.ScalarNode:
            return Tree(node.value if node.style else scalar(node.value), node.start_mark, key)
        known = self._shared.get(id(node), _UNSEEN)
        return self._collection(node, key) if known is _UNSEEN else self._alias(node, known, key)

    def _collection(self, node: Any, key: Any) -> Tree:
        if len(node.value) > MAX_ITEMS:
            raise refusal(node.start_mark, f"{len(node.value):,} items in one list or mapping: at most {MAX_ITEMS:,}")
        before = self._count
        self._shared[id(node)] = None
        if type(node) is yaml.MappingNode:
            value: Any = self._mapping(node)
        else:
            value = [self.build(item) for item in node.value]
        tree = Tree(value, node.start_mark, key)
        self._shared[id(node)] = tree, self._count - before
        return tree

    def _alias(self, node: Any, known: Any, key: Any) -> Tree:
        if known is None:
            raise refusal(node.start_mark, "unreadable YAML: an alias stands inside what it names")
        tree, size = known
        self._count += size
        if self._count > MAX_NODES:
            raise refusal(node.start_mark, f"unreadable YAML: aliases expand to more than {MAX_NODES:,} values")
        return Tree(tree.value, tree.mark, key)

    def _mapping(self, node: Any) -> dict[str, Tree]:
        entries: dict[str, Tree] = {}
        merged: list[Tree] = []
        for key, value in node.value:
            if type(key) is not yaml.ScalarNode:
                raise refusal(key.start_mark, "unreadable YAML: a key has to be a word, not a list or a mapping")
            name = key.value
            if name == "<<" and not key.style:
                merged += _merged(self.build(value, key.start_mark))
            elif name in entries:
                line = entries[name].key.line + 1
                raise refusal(key.start_mark, f"duplicate key {shown(name)}; it stands in line {line} already")
            else:
                entries[name] = self.build(value, key.start_mark)
        for tree in merged:
            entries = {**tree.value, **entries}
        return entries


_UNSEEN: Final = object()


def _merged(tree: Tree) -> list[Tree]:
    """The mappings that `<<` names, the first one winning."""
    trees = tree.value if isinstance(tree.value, list) else [tree]
    for each in trees:
        if not isinstance(each.value, dict):
            raise refusal(each.mark, "unreadable YAML: '<<' takes a mapping, or a list of mappings")
    return trees


def scalar(word: str) -> str | int | float | bool | None:
    """What a plain word means by YAML's core schema."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in _NUMERIC:
        return word
    if _INTEGER.fullmatch(word):
        return int(word)
    if _BASED.fullmatch(word):
        return int(word, 0)
    return float(word) if _FLOAT.fullmatch(word) else word


def _problem(error: yaml.MarkedYAMLError, text: str) -> str:
    """What libyaml says, in one line, and the character that it does not name."""
    told = ", ".join(part for part in (error.context, error.problem) if part)
    if error.problem_mark is None or not told.endswith("cannot start any token"):
        return told
    found = text[error.problem_mark.index]
    return f"{told}: " + ("a tab; indent with spaces" if found == "\t" else f"{found!r}; put the text in quotes")


def _not_allowed(text: str, file: str, error: yaml.reader.ReaderError) -> ScenarioError:
    """A character that YAML does not allow, such as a control character of a binary file."""
    before = text[: error.position]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return ScenarioError(f"unreadable YAML: {error.reason}", path=file, line=line, column=column)
