"""One file as many: what `each`, an overlay and a list of entrances make of a tree. Trees in, trees out.

Mappings merge, lists and scalars replace, null removes; under `env` null stays, where it means *not set*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from faultlab.loader.shapes import misfit
from faultlab.loader.tree import Tree, refusal, shown

__all__ = ["NAME", "Variant", "lay", "lay_child", "slug", "variants"]

NAME: Final = re.compile(r"[^\s:\[\]/]{1,80}")
_LONGEST_SLUG: Final = 120
"""Characters: longer than any sentence that is read at a glance."""


class Variant(NamedTuple):
    """One item of a document: its own tree, without `each`, and what tells it from its siblings."""

    tree: Tree
    each: str = ""
    entry: str = ""


def variants(tree: Tree) -> Iterator[Variant]:
    """The items of a document: one for each name under `each`, times one for each entrance."""
    if type(tree.value) is not dict:
        raise misfit(tree, "a scenario: a mapping with `name` and `turns`")
    for laid, name, _ in _each(tree):
        entry = laid.value.get("entry")
        if entry is None or type(entry.value) is not list:
            yield Variant(laid, name)
            continue
        if not entry.value:
            raise misfit(entry, "an entrance, or a list of them")
        for one in entry.value:
            yield Variant(Tree({**laid.value, "entry": one}, laid.mark, laid.key), name, str(one.value))


def _each(tree: Tree) -> Iterator[Variant]:
    each = tree.value.get("each")
    if each is None:
        yield Variant(tree)
        return
    if type(each.value) is not dict or not each.value:
        raise misfit(each, "a mapping from names to the keys that are laid over this file")
    base = Tree({name: child for name, child in tree.value.items() if name != "each"}, tree.mark, tree.key)
    for name, over in each.value.items():
        if not NAME.fullmatch(name):
            allowed = "has no spaces, colons, slashes or brackets, and at most 80 characters"
            raise refusal(over.key, f"a name under `each` {allowed}: {shown(name)}")
        if type(over.value) is not dict:
            raise misfit(over, "a mapping: the keys that are laid over this file")
        laid = lay(base, over)
        if laid is base:
            raise refusal(over.key, f"{shown(name)} changes nothing: what it lays over the file is there already")
        _refuse_idle_nulls(base, over)
        yield Variant(laid, name)


def _refuse_idle_nulls(base: Tree, over: Tree) -> None:
    """A misspelt key under `each` would otherwise remove nothing in silence."""
    for key, child in over.value.items():
        if child.value is None and key not in base.value:
            raise refusal(child.key, f"null removes {shown(key)}, which this file does not have")


def lay(base: Tree, over: Tree, *, keep_null: bool = False) -> Tree:
    """`over` laid over `base`; the very same `base` if that changes nothing."""
    if type(over.value) is not dict or type(base.value) is not dict:
        laid = over if type(over.value) is not dict else _laid_over(Tree({}, over.mark, over.key), over, keep_null)
        return base if _same(base, laid) else laid
    return _laid_over(base, over, keep_null)


def _laid_over(base: Tree, over: Tree, keep_null: bool) -> Tree:
    merged = dict(base.value)
    for name, child in over.value.items():
        if child.value is None and not keep_null:
            merged.pop(name, None)
            continue
        start = merged.get(name, _NOTHING)
        merged[name] = lay(start, child, keep_null=keep_null or name == "env")
    unchanged = len(merged) == len(base.value) and all(base.value.get(name) is merged[name] for name in merged)
    return base if unchanged else Tree(merged, base.mark, base.key)


def lay_child(base: Tree, name: str, over: Tree, default: Tree) -> Tree:
    """The mapping `base` with `over` laid over what it holds under `name`, over `default` where it holds nothing."""
    held = base.value.get(name, default)
    return lay(Tree({**base.value, name: held}, base.mark, base.key), Tree({name: over}, over.mark, over.key))


_NOTHING: Final = Tree(object(), None, None)


def _same(one: Tree, other: Tree) -> bool:
    """Whether two trees say the same, wherever they stand."""
    if type(one.value) is not type(other.value):
        return False
    if type(one.value) is list:
        pairs = zip(one.value, other.value, strict=False)
        return len(one.value) == len(other.value) and all(_same(*pair) for pair in pairs)
    if type(one.value) is dict:
        named = one.value.keys() == other.value.keys()
        return named and all(_same(child, other.value[name]) for name, child in one.value.items())
    return bool(one.value == other.value)


def slug(sentence: str) -> str:
    """A sentence as a name that needs no quoting; a very long one ends with the last word that has room."""
    words = re.sub(r"[^a-z0-9]+", "-", sentence.lower()).strip("-")
    if len(words) > _LONGEST_SLUG:
        words = words[: _LONGEST_SLUG + 1].rpartition("-")[0] or words[:_LONGEST_SLUG]
    return words or "scenario"
