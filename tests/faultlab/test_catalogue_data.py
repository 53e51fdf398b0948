"""The data files of the catalogue: their schema, their holes, and that each entry is the fact it was taken from.

Holes are filled here by a few lines of the test's own, so that the data is judged by itself.
"""

import ast
import json
import math
import re
from pathlib import Path

import pytest
import yaml

from tests.promise import holds_for

ROOT = Path(__file__).parents[2]
FACTS = ROOT.parent / "shared" / "wire"
# kinds.json beside them judges the entries; it is no provider.
PROVIDERS = [
    "anthropic",
    "azure",
    "codex",
    "connection",
    "deepseek",
    "fireworks",
    "gemini",
    "groq",
    "llamacpp",
    "lmstudio",
    "minimax",
    "mistral",
    "moonshot",
    "nous",
    "ollama",
    "openai",
    "openrouter",
    "provider_generic",
    "together",
    "vllm",
    "xai",
    "zai",
]
FILES = [ROOT / "faultlab" / "providers" / f"{name}.json" for name in PROVIDERS]
DOCUMENTS = {file.stem: json.loads(file.read_text("utf-8")) for file in FILES}
ENTRIES = {entry["id"]: entry for document in DOCUMENTS.values() for entry in document["entries"]}

OWN = {"openai.429.requests_per_min", "openai.429.requests_per_day", "openai.429.tokens_per_day"}
"""Entries that no fact stands behind: the words for a limit that a provider is told to have."""
DOCUMENT_KEYS = ["provider", "title", "base_url", "also", "notes", "limits", "chunking", "entries"]
KEYS = {
    "id": str,
    "fault": (str, type(None)),
    "faults": list,
    "kind": str,
    "of": str,
    "summary": str,
    "call": str,
    "calls": list,
    "stream": bool,
    "status": int,
    "headers": dict,
    "json": (dict, list),
    "text": str,
    "sse": list,
    "then": str,
    "drop": str,
    "seen": dict,
    "confidence": str,
    "inferred": list,
    "look_alikes": list,
    "notes": str,
    "sources": list,
}
"""Every key of an entry, in the order of the files."""
OPTIONAL = {"faults", "of", "calls", "stream", "status", "headers", "json", "text", "sse", "then", "drop", "seen"}
BODIES = {"json", "text", "sse"}

CALLS = {"chat", "responses"}
CONFIDENCE = {"seen", "documented", "source_code", "experiment", "inferred"}
THEN = {"closed", "reset", "stall"}
DROPS = {
    "certificate_invalid",
    "close_error",
    "closed",
    "closed_at_once",
    "connect_timeout",
    "decoding",
    "dns_failure",
    "hostname_mismatch",
    "local_protocol",
    "not_http",
    "plain_http",
    "pool_timeout",
    "proxy_403",
    "proxy_407",
    "proxy_502",
    "proxy_error",
    "proxy_refused",
    "refused",
    "reset",
    "stall",
    "tls_cut",
    "too_many_redirects",
    "unsupported_protocol",
    "upload_reset",
    "write_error",
    "write_timeout",
}
FAULTS = {
    "bad_gateway",
    "bad_request",
    "bad_tool_arguments",
    "capacity",
    "certificate_invalid",
    "conflict",
    "connect_timeout",
    "content_filter",
    "context_overflow",
    "credit_cap",
    "daily_limit",
    "disconnected",
    "dns_failure",
    "empty_body",
    "empty_choices",
    "empty_content",
    "error_event",
    "error_in_200",
    "forbidden",
    "gateway_timeout",
    "html_page",
    "insufficient_quota",
    "length",
    "missing_end",
    "model_not_found",
    "no_choices",
    "not_entitled",
    "not_json",
    "null_content",
    "null_message",
    "output_too_large",
    "overloaded",
    "payload_too_large",
    "payment_required",
    "rate_limit",
    "read_timeout",
    "refused",
    "request_exceeds_rate_limit",
    "request_timeout",
    "reset",
    "responses_failed",
    "responses_incomplete",
    "server_error",
    "tls_failure",
    "token_expired",
    "tool_use_failed",
    "unauthorized",
    "unavailable",
    "unprocessable",
    "usage_limit",
    "window_exceeded_finish",
}
QUANTITIES = {
    "operation",
    *("model", "served_model", "created", "content_length"),
    *("limit", "used", "requested", "remaining", "wait", "day_reset", "week_reset"),
    *("window_reset", "window_reset_at", "second_window_reset", "second_window_reset_at"),
    *(
        f"{bucket}_{what}{suffix}"
        for bucket in ("requests", "tokens")
        for what in ("limit", "remaining", "reset")
        for suffix in ("", "_1h")
    ),
    *("window", "prompt", "output", "total", "over", "text_input", "tool_input", "batch"),
    *("prompt_at_least", "total_at_least", "output_limit"),
    *("affordable", "affordable_before", "affordable_prompt"),
}


def _plain(seconds):
    return f"{seconds:.9f}".rstrip("0").rstrip(".")


def _go(seconds):
    """A duration as Go writes it."""
    if seconds < 1:
        return f"{_plain(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}h" * (hours > 0) + f"{minutes}m" * (hours + minutes > 0) + f"{_plain(rest)}s"


FORMS = {
    "": str,
    "grouped": "{:,}".format,
    "up": lambda seconds: str(math.ceil(seconds)),
    "down": lambda seconds: str(math.floor(seconds)),
    "seconds": _plain,
    "s": lambda seconds: f"{_plain(seconds)}s",
    "ms": lambda seconds: str(round(seconds * 1000)),
    "go": _go,
    # A moment stands among the seen values as it was written.
    **dict.fromkeys(("rfc3339", "epoch", "epoch_ms", "local"), str),
}
PIECE = re.compile(r"([^{}]+)|(\{\{|\}\})|\{(\w+)(?::(\w+))??(:number)?\}")


def pieces(template):
    """Literal texts and holes (quantity, form, whether it is a JSON number) of a template."""
    place = 0
    while place < len(template):
        piece = PIECE.match(template, place)
        assert piece, f"a brace that stands alone: {template[place : place + 30]!r}"
        text, brace, quantity, form, number = piece.groups()
        yield text or (brace and brace[0]) or (quantity, form or "", number is not None)
        place = piece.end()


def filled(template, seen):
    """A text, list or document with its holes filled; what is one hole for a number becomes one."""
    if isinstance(template, dict):
        return {key: filled(value, seen) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, seen) for value in template]
    if not isinstance(template, str):
        return template
    parts = list(pieces(template))
    texts = [part if isinstance(part, str) else FORMS[part[1]](seen[part[0]]) for part in parts]
    is_number = [not isinstance(part, str) and part[2] for part in parts]
    assert not any(is_number) or len(parts) == 1, template
    return json.loads(texts[0]) if any(is_number) else "".join(texts)


def texts(template):
    """Every text in a document."""
    if isinstance(template, dict | list):
        for value in template.values() if isinstance(template, dict) else template:
            yield from texts(value)
    elif isinstance(template, str):
        yield template


def holes(entry):
    parts = (part for key in ("headers", *BODIES) for text in texts(entry.get(key)) for part in pieces(text))
    return [part for part in parts if not isinstance(part, str)]


def variant(entry):
    """What is left of an id without provider, place and status."""
    return re.sub(r"^[^.]+\.((responses|stream)\.)*(\d{3}\.)?", "", entry["id"])


def every_file(test):
    return pytest.mark.parametrize("name", DOCUMENTS)(test)


def by_id(entry):
    return entry["id"]


every_entry = holds_for(ENTRIES.values, by_id)
every_fact = holds_for(lambda: [entry for entry in ENTRIES.values() if entry["id"] not in OWN], by_id)


@every_file
def test_a_file_is_one_provider(name):
    document = DOCUMENTS[name]
    assert list(document) == [key for key in DOCUMENT_KEYS if key in document or key not in ("limits", "chunking")]
    assert document["provider"] == name
    assert document["title"]
    assert document["base_url"] is None or document["base_url"].startswith("http")
    assert all(isinstance(other, str) for other in document["also"])
    assert all(entry["id"].startswith(f"{name}.") for entry in document["entries"])


def test_no_name_means_two_providers():
    names = [name for document in DOCUMENTS.values() for name in (document["provider"], *document["also"])]
    assert len(names) == len(set(names))


def test_no_id_means_two_entries():
    assert len(ENTRIES) == sum(len(document["entries"]) for document in DOCUMENTS.values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_written_in_one_way(file):
    text = file.read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


@every_entry
def test_an_entry_keeps_to_the_schema(entry):
    assert list(entry) == [key for key in KEYS if key in entry]
    assert set(KEYS) - set(entry) <= OPTIONAL
    assert [key for key, value in entry.items() if not isinstance(value, KEYS[key])] == []
    assert entry["kind"]
    assert entry.get("of", "any") in {"", "any", "requests", "tokens"}
    assert entry["summary"]
    assert entry["confidence"] in CONFIDENCE
    assert entry["fault"] is None or entry["fault"] in FAULTS
    assert entry["call"] in CALLS
    assert entry.get("stream", True) is True
    assert all(isinstance(text, str) for text in (*entry["inferred"], *entry["look_alikes"]))


@every_entry
def test_a_second_call_or_fault_is_named_beside_the_first(entry):
    assert entry.get("calls", ["chat", "responses"]) == ["chat", "responses"]
    faults = entry.get("faults", [entry["fault"], "another"])
    assert faults[0] == entry["fault"]
    assert len(faults) == len(set(faults)) > 1
    assert set(faults[1:]) <= FAULTS | {"another"}


@every_entry
def test_an_entry_answers_or_fails_before_an_answer(entry):
    wire = {"status", "headers", "then", "drop", *BODIES} & set(entry)
    if "drop" in entry:
        assert wire == {"drop"}
        assert entry["drop"] in DROPS
        return
    assert wire - BODIES - {"then"} == {"status", "headers"}
    assert len(wire & BODIES) == 1
    assert 200 <= entry["status"] < 600
    assert entry.get("then", "closed") in THEN
    assert all(name == name.lower() and isinstance(text, str) for name, text in entry["headers"].items())
    assert all(isinstance(block, str) and not block.endswith("\n") for block in entry.get("sse", []))


@every_entry
def test_every_entry_has_a_source(entry):
    assert entry["sources"]
    for source in entry["sources"]:
        assert len(source) == 1
        assert set(source) <= {"url", "experiment", "index"}
        assert source.get("url", "https://").startswith("https://")


@every_entry
def test_every_hole_is_known_and_has_a_value_that_was_seen(entry):
    assert {quantity for quantity, _, _ in holes(entry)} == set(entry.get("seen", ()))
    assert set(entry.get("seen", ())) <= QUANTITIES
    assert {form for _, form, _ in holes(entry)} <= set(FORMS)
    assert entry.get("seen") != {}


SUMS = [
    ("total", ("prompt", "output")),
    ("total", ("text_input", "tool_input", "output")),
    ("total_at_least", ("prompt_at_least", "output")),
    ("prompt", ("text_input", "tool_input")),
]


@pytest.mark.parametrize(("whole", "parts"), SUMS)
def test_numbers_that_were_seen_add_up(whole, parts):
    seen = [entry["seen"] for entry in ENTRIES.values() if {whole, *parts} <= set(entry.get("seen", ()))]
    assert seen
    assert [one for one in seen if one[whole] != sum(one[part] for part in parts)] == []


FILLED = [
    ("{{{wait}}} {wait:up} {wait:down} {wait:ms}", {"wait": 9.816}, "{9.816} 10 9 9816"),
    ("{wait:go} {wait:s} {wait:seconds}", {"wait": 0.644}, "644ms 0.644s 0.644"),
    ("{wait:go} {wait:s}", {"wait": 360}, "6m0s 360s"),
    ("{wait:go}", {"wait": 3662.5}, "1h1m2.5s"),
    ("{limit:grouped}", {"limit": 80000}, "80,000"),
    (["{limit:number}", {"a": "{wait:up:number}"}], {"limit": 3, "wait": 1.5}, [3, {"a": 2}]),
]


@pytest.mark.parametrize(("template", "seen", "text"), FILLED)
def test_holes_are_filled_in_their_form(template, seen, text):
    assert filled(template, seen) == text


@pytest.mark.parametrize("template", ["{", "a}", "{{}", "{wait", "{wait:go:up:ms}", "{}"])
def test_a_brace_that_stands_alone_is_no_template(template):
    with pytest.raises(AssertionError, match="stands alone"):
        list(pieces(template))


def facts():
    for file in sorted(FACTS.glob("*.yaml")):
        yield from yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)["entries"]


KNOWN = {fact["id"]: fact for fact in facts()} if FACTS.is_dir() else {}

needs_facts = pytest.mark.skipif(not KNOWN, reason="the wire facts do not lie beside this checkout")

HAPPENS = {
    "chunked_no_terminator": "closed",
    "close_before_response": "closed",
    "close_during_tls": "tls_cut",
    "close_on_connect": "closed_at_once",
    "garbage_instead_of_http": "not_http",
    "incomplete_chunked": "closed",
    "plain_http_on_tls": "plain_http",
    "read_timeout": "stall",
    "reset_before_response": "reset",
    "reset_mid_stream": "reset",
    "reset_while_sending": "upload_reset",
    "self_signed": "certificate_invalid",
    "short_content_length": "closed",
    "stall_after_headers": "stall",
    "stall_mid_stream": "stall",
    "CloseError": "close_error",
    "ConnectError": "refused",
    "ConnectTimeout": "connect_timeout",
    "DecodingError": "decoding",
    "LocalProtocolError": "local_protocol",
    "PoolTimeout": "pool_timeout",
    "ProxyError": "proxy_error",
    "ReadError": "reset",
    "ReadTimeout": "stall",
    "RemoteProtocolError": "closed",
    "TooManyRedirects": "too_many_redirects",
    "UnsupportedProtocol": "unsupported_protocol",
    "WriteError": "write_error",
    "WriteTimeout": "write_timeout",
}
"""What the facts call a behaviour of a server or an exception of the client → how the connection ends here."""


SENT_TWICE = {("llamacpp", "context_overflow", "exceed_context_size")}
"""The same error with two statuses, 400 and 500: its variants are told apart by them, or by their ids."""


def test_no_variant_names_two_entries_of_a_fault():
    names = [
        (name, fault, variant(entry))
        for name, document in DOCUMENTS.items()
        for entry in document["entries"]
        for fault in entry.get("faults", [entry["fault"]])
        if fault
    ]
    assert {name for name in names if names.count(name) > 1} == SENT_TWICE


@every_entry
def test_look_alikes_are_other_entries(entry):
    assert set(entry["look_alikes"]) <= ENTRIES.keys() - {entry["id"]}


def test_every_file_of_a_provider_is_listed_here():
    folder = ROOT / "faultlab" / "providers"
    assert {file.name for file in folder.glob("*.json")} - {"kinds.json"} == {file.name for file in FILES}


@pytest.mark.parametrize("name", sorted(OWN))
def test_what_is_no_fact_says_that_all_of_it_is_inferred(name):
    assert ENTRIES[name]["confidence"] == "inferred"
    assert ENTRIES[name]["inferred"][0].startswith("whole entry")


def test_there_are_as_many_entries_as_facts():
    assert len(ENTRIES) == 289 + len(OWN)
    assert not KNOWN or set(ENTRIES) == set(KNOWN) | OWN


ANSWERS = [entry for entry in ENTRIES.values() if entry["id"] not in OWN and "status" in entry]
BROKEN_OFF = [entry for entry in ANSWERS if entry["id"].startswith("connection.")]
RESPONSES = [entry for entry in ANSWERS if entry not in BROKEN_OFF]


@needs_facts
@holds_for(lambda: RESPONSES, by_id)
def test_filled_with_what_was_seen_an_entry_is_the_fact(entry):
    wire, seen = KNOWN[entry["id"]]["wire"], entry.get("seen", {})
    assert entry["status"] == wire["status"]
    assert list(filled(entry["headers"], seen).items()) == list(wire.get("headers", {}).items())
    assert BODIES & set(entry) == BODIES & set(wire)
    for body in BODIES & set(wire):
        assert json.dumps(filled(entry[body], seen)) == json.dumps(wire[body])


@needs_facts
@every_fact
def test_a_connection_ends_as_in_the_fact(entry):
    wire = KNOWN[entry["id"]]["wire"]
    ending = wire.get("behaviour") or wire.get("raises") or wire.get("then", {}).get("raises")
    assert entry.get("drop", entry.get("then")) == HAPPENS.get(ending, ending)


@needs_facts
@pytest.mark.parametrize("entry", BROKEN_OFF, ids=lambda entry: entry["id"])
def test_the_bytes_before_a_connection_ends_are_those_of_the_experiment(entry):
    code = ast.walk(ast.parse((FACTS / "check.py").read_text("utf-8")))
    sent = [node.value.decode("latin-1") for node in code if isinstance(getattr(node, "value", None), bytes)]
    for text in filled(entry.get("sse", [entry.get("text")]), entry.get("seen", {})):
        assert all(any(one.rstrip().endswith(part) for one in sent) for part in text.split("\n\n"))


@needs_facts
@every_fact
def test_what_is_known_of_a_fact_is_carried_over(entry):
    fact = KNOWN[entry["id"]]
    for key in ("kind", "summary", "call", "stream", "confidence"):
        assert entry.get(key) == fact.get(key)
    assert entry["inferred"] == fact.get("inferred_parts", [])
    assert entry["look_alikes"] == fact.get("traps", [])
    for text in ("notes", "placeholders"):
        assert fact.get(text, "").rstrip(".") in entry["notes"]
    told = [{key: text.removeprefix("check.py ") for key, text in source.items()} for source in fact["sources"]]
    assert entry["sources"] == told
