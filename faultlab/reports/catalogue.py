"""The catalogue as people and programs read it: a table, one entry whole, JSON, a page of the documentation."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, Final

from faultlab.faults import FAULTS
from faultlab.faults.catalogued import Catalogued
from faultlab.providers import Entry, Provider, provider
from faultlab.providers.kinds import Judged, judged
from faultlab.reports.text import Style
from faultlab.wire import Data, Head

__all__ = ["detail", "document", "page", "table", "wire_text"]

_TITLES: Final = ("id", "fault", "status", "confidence", "what it is")


def table(entries: Sequence[Entry], style: Style) -> str:
    """A line for each entry: ids whole, and of the other columns as many as the style has room for."""
    rows = [_TITLES, *(_cells(entry) for entry in entries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    shown = _columns(widths, style.width)
    lines = [style.cut("  ".join(row[column].ljust(widths[column]) for column in shown).rstrip()) for row in rows]
    return "\n".join([style.paint(lines[0], "dim"), *lines[1:], "", _count(entries)])


def _columns(widths: Sequence[int], width: int) -> list[int]:
    """Which columns are shown, in their order: those that matter more come first to their room."""
    shown, taken = [_ID], widths[_ID]
    for column in _BY_WEIGHT:
        wanted = _LEAST_SUMMARY if column == _SUMMARY else widths[column]
        if taken + 2 + wanted <= width:
            shown.append(column)
            taken += 2 + wanted
    return sorted(shown)


_ID, _FAULT, _STATUS, _CONFIDENCE, _SUMMARY = range(len(_TITLES))
_BY_WEIGHT: Final = (_STATUS, _SUMMARY, _FAULT, _CONFIDENCE)
_LEAST_SUMMARY: Final = 20
"""Columns of a summary that tell something."""


def _cells(entry: Entry) -> tuple[str, ...]:
    confidence = f"{entry.confidence}, body inferred" if entry.inferred_body else entry.confidence
    return entry.id, ", ".join(entry.faults) or "-", _status(entry), confidence, entry.summary


def _status(entry: Entry) -> str:
    if entry.status is None:
        return entry.drop
    return f"{entry.status} stream" if entry.streamed and entry.sse else str(entry.status)


def _count(entries: Sequence[Entry]) -> str:
    providers = len({entry.provider for entry in entries})
    return f"{len(entries)} entries of {providers} provider{'' if providers == 1 else 's'}"


def detail(entry: Entry, observed: Mapping[str, Any], style: Style) -> str:
    """One entry whole: its bytes, where they were seen, how sure that is, what clients make of it."""
    lines = [style.paint(entry.id, "strong"), *_wrapped(entry.summary, style), ""]
    lines += [line for name, text in _facts(entry) if text for line in _wrapped(f"{name:<12} {text}", style, "", 13)]
    lines += [
        "",
        style.paint("on the wire, with the numbers that were seen", "dim"),
        textwrap.indent(wire_text(entry), "    "),
        "",
    ]
    lines += _listed("judged", [_verdict(each) for each in judged(entry.id)], style)
    lines += _listed("the client shows", _shown(observed), style)
    lines += _listed("inferred, in no source", entry.inferred, style)
    lines += _listed("looks alike", entry.look_alikes, style)
    lines += _listed("sources", [_source(each) for each in entry.sources], style)
    lines += _listed("note", [entry.notes] if entry.notes else [], style)
    return "\n".join(lines).rstrip()


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "provider", provider(entry.provider).title
    yield "fault", ", ".join(_asked_for(entry))
    yield "by its id", f"{{wire: {entry.id}}}"
    assumed = [call for call in entry.calls if call != entry.call]
    yield "api", entry.call + (", streamed" if entry.streamed else "") + "".join(f"; {it} is assumed" for it in assumed)
    yield "confidence", entry.confidence
    yield "varies", ", ".join(entry.seen)


def _asked_for(entry: Entry) -> Iterator[str]:
    """How a scenario asks this provider for it, by each fault that it can be a variant of."""
    own = provider(entry.provider)
    named = entry.variant, entry.id.removeprefix(f"{entry.provider}.")
    for fault in map(FAULTS.__getitem__, entry.faults):
        if issubclass(fault, Catalogued):
            means = (name for name in named if _means(fault(variant=name), entry, own))
            yield from (f"{{{fault.name}: {{variant: {name}}}}}" for name in islice(means, 1))


def _means(fault: Catalogued, entry: Entry, own: Provider) -> bool:
    return any(fault.entry(call, own) is entry for call in entry.calls)


def wire_text(entry: Entry) -> str:
    """What goes onto the wire, with the numbers that were seen; `XXXX` stands for ids."""
    lines: list[str] = []
    for event in entry.example():
        match event:
            case Head(status, headers):
                lines += [f"HTTP/1.1 {status}", *(f"{name}: {text}" for name, text in headers), ""]
            case Data(data):
                lines.append(data.decode().rstrip("\n"))
            case other:
                lines.append(f"<{_ending(other)}>")
    return "\n".join(lines)


def _ending(event: Any) -> str:
    kind = getattr(event, "kind", None)
    return "silence, until the client gives up" if kind is None else f"connection: {kind.value.replace('_', ' ')}"


def _verdict(verdict: Judged) -> str:
    asked = ", ".join(f"{name} {_none(value)}" for name, value in verdict.asked.items())
    told = (verdict.kind or "a usable answer") + (f" (asked with {asked})" if asked else "")
    return f"{told}: {verdict.why}" if verdict.why else told


def _none(value: object) -> object:
    return "not set" if value is None else value


def _shown(observed: Mapping[str, Any]) -> Iterator[str]:
    """What each generation of the client makes of it, in a line; in a second one of a stream, where that differs."""
    for name, row in observed.items():
        yield f"{name}: {_observation(row)}"
        if "streamed" in row:
            yield f"{name}, streamed: {_observation(row['streamed'])}"
    reasons = (row[key] for row in observed.values() for key in _RESERVATIONS if key in row)
    yield from (f"on a socket: {reason}" for reason in dict.fromkeys(reasons))


def _observation(row: Mapping[str, Any]) -> str:
    told = row.get("raises") or row.get("returns") or "a stream"
    said = f' "{row["message"]}"' if row.get("raises") and "message" in row else ""
    more = [f"{name} {_yes(held)}" for name, held in row.items() if held is not None and name not in _TOLD_APART]
    return f"{told}{said} ({', '.join(more)})"


_RESERVATIONS: Final = ("not_on_a_socket", "decided_by_the_kernel")
_TOLD_APART: Final = frozenset({"raises", "returns", "message", "streamed", *_RESERVATIONS})


def _yes(held: object) -> object:
    return ("yes" if held else "no") if isinstance(held, bool) else held


def _source(source: Mapping[str, Any]) -> str:
    return "; ".join(str(value) if name == "url" else f"{name}: {value}" for name, value in source.items())


def _listed(title: str, texts: Iterable[str], style: Style) -> list[str]:
    told = [line for text in texts for line in _wrapped(f"- {text}", style, "    ")]
    return [style.paint(title, "dim"), *told, ""] if told else []


def _wrapped(text: str, style: Style, indent: str = "", further_columns: int = 0) -> list[str]:
    further = " " * further_columns or (f"{indent}  " if indent else "")
    return textwrap.wrap(
        text,
        style.width,
        initial_indent=indent,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def document(entries: Sequence[Entry], observed: Mapping[str, Mapping[str, Any]]) -> str:
    """The same for programs: each entry with its example, its verdicts and what clients show."""
    return json.dumps([_entry(entry, observed.get(entry.id, {})) for entry in entries], indent=2, ensure_ascii=False)


def _entry(entry: Entry, observed: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": entry.id,
        "provider": entry.provider,
        "faults": list(entry.faults),
        "variant": entry.variant,
        "kind": entry.kind,
        "summary": entry.summary,
        "calls": list(entry.calls),
        "streamed": entry.streamed,
        "status": entry.status,
        "drop": entry.drop or None,
        "headers": dict(entry.headers),
        "body": entry.json if entry.json is not None else entry.text or list(entry.sse) or None,
        "then": entry.then or None,
        "seen": dict(entry.seen),
        "example": wire_text(entry),
        "confidence": entry.confidence,
        "inferred": list(entry.inferred),
        "judged": [verdict._asdict() for verdict in judged(entry.id)],
        "observed": dict(observed),
        "look_alikes": list(entry.look_alikes),
        "notes": entry.notes,
        "sources": [dict(source) for source in entry.sources],
    }


def page(entries: Sequence[Entry]) -> str:
    """A page of the documentation in Markdown, a table for each provider."""
    parts = [_HEADING.format(count=len(entries))]
    for name, group in groupby(entries, key=lambda entry: entry.provider):
        own = provider(name)
        at = f" `{own.base_url}`" if own.base_url else ""
        parts += [f"## {own.title}\n\n`{name}`{at}\n", *([f"{own.notes}\n"] if own.notes else []), _TABLE_HEAD]
        parts[-1] += "".join(_row(entry) for entry in group)
    return "\n".join(parts)


_HEADING: Final = """\
# The catalogue

{count} things that providers, their gateways and the network send when something goes wrong. Every one has its sources,
and how sure it is: *seen* in a public report, *documented*, read in *source code*, measured by *experiment*, or
*inferred*. Where no source shows the body it says so. `faultlab faults ID` shows the bytes, the sources and what the
client makes of them; a scenario sends one with `{{wire: ID}}`, or as the variant of a fault.

This page is made from the data: `faultlab faults --markdown`.
"""
_TABLE_HEAD: Final = "| id | fault | sent | kind | confidence | what it is |\n|---|---|---|---|---|---|\n"


def _row(entry: Entry) -> str:
    kinds = " or ".join(dict.fromkeys(f"`{each.kind}`" if each.kind else "an answer" for each in judged(entry.id)))
    confidence = f"{entry.confidence}, body inferred" if entry.inferred_body else entry.confidence
    faults = ", ".join(f"`{name}`" for name in entry.faults)
    cells = (f"`{entry.id}`", faults, _status(entry), kinds, confidence, entry.summary.replace("|", "\\|"))
    return f"| {' | '.join(cells)} |\n"
