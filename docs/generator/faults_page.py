"""The page of the faults: what each sends, which fields it takes, in whose words."""

import re
from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby

from docs.generator.code import paragraphs
from faultlab.faults import FAULTS, Fault
from faultlab.faults.base import Unit
from faultlab.faults.catalogued import Catalogued
from faultlab.providers import entries, names, provider

FAMILIES = {
    "bare_status": "Errors with a status",
    "status": "Errors with a status",
    "catalogued": "Errors with a status",
    "network": "The network",
    "stream": "Streams and bodies",
    "content": "Answers that are none",
}

HEADING = """\
# Faults

All {count} of them, as a scenario names them and as `faultlab.faults` constructs them:
`{{rate_limit: {{retry_after_s: 1}}}}` in a file is `faults.rate_limit(retry_after_s=1)` in a test. Fields may be left
out, but for the one that says what is sent. What each looks like in the name of a provider stands in
[the catalogue](../catalogue.md); how faults are planned, in [scenario files](../scenarios.md#faults).

This page is made from the code: `make reference`.
"""


def page() -> str:
    """The whole page."""
    ordered = sorted(FAULTS.values(), key=lambda fault: list(FAMILIES.values()).index(_family(fault)))
    parts = [HEADING.format(count=len(FAULTS))]
    for family, group in groupby(ordered, key=_family):
        parts.append(f"## {family}\n")
        parts += ["\n".join(_told(fault)) for fault in group]
    return "\n".join(parts)


def _family(fault: type[Fault]) -> str:
    return FAMILIES[fault.__module__.rpartition(".")[2]]


def _told(fault: type[Fault]) -> Iterator[str]:
    yield f"### `{fault.name}`\n"
    yield f"{paragraphs(fault)}\n"
    yield f"`faults.{fault.name}({_arguments(fault)})`\n"
    if fault.shorthand:
        yield f"In a scenario `{{{fault.name}: …}}` is short for its `{fault.shorthand}`.\n"
    rows = list(_rows(fault))
    if rows:
        yield "\n".join(["| field | takes |", "|---|---|", *rows]) + "\n"
    senders = list(_senders(fault))
    if senders:
        yield "\n".join(["| provider | variants, the usual one first |", "|---|---|", *senders]) + "\n"


def _arguments(fault: type[Fault]) -> str:
    """Its fields, those that stand for themselves in front."""
    positional = [each.name for each in fields(fault) if not each.kw_only]
    named = [each.name for each in fields(fault) if each.kw_only]
    return ", ".join([*positional, *(["*"] if named else []), *named])


def _rows(fault: type[Fault]) -> Iterator[str]:
    for each in fields(fault):
        unit: Unit | None = each.metadata.get("unit")
        takes = _SHARED[each.name] if issubclass(fault, Catalogued) and each.name in _SHARED else None
        yield f"| `{each.name}` | {takes or (unit.sentence if unit else _ANYTHING)} |"


_ANYTHING = "a text that is sent as it is, or a mapping or a list, which is sent as JSON"
_SHARED = {
    "variant": "a text: another one of the provider's shapes, as below",
    "strict": "true or false: whether it is refused where no source shows the bytes",
}


def _senders(fault: type[Fault]) -> Iterator[str]:
    if not issubclass(fault, Catalogued):
        return
    for name in names():
        own = provider(name)
        variants = [_variant(fault, entry.variant, entry.id, name) for entry in own.variants(fault.name)]
        if variants:
            yield f"| [{name}](../catalogue.md#{_anchor(own.title)}) | {', '.join(f'`{each}`' for each in variants)} |"


def _variant(fault: type[Fault], short: str, entry_id: str, name: str) -> str:
    """As short as tells it from the provider's other shapes of this fault."""
    own = [entry for entry in entries() if entry.provider == name and fault.name in entry.faults]
    is_only = sum(entry.is_called(short) for entry in own) == 1
    return short if is_only else entry_id.removeprefix(f"{name}.")


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
