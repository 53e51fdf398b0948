"""The catalogue as faults see it: every entry can be sent, and every fault has something to send."""

import json
from itertools import product

import pytest

from faultlab.faults import FAULTS
from faultlab.faults.catalogued import StatusFault
from faultlab.providers import GENERIC, Occasion, entries, find, generic, names, provider, response
from faultlab.wire import FOR_EVER, Data, Drop, Head, Pause
from tests.promise import holds_for

OCCASION = Occasion("gpt-5.1", 1000, None, 1_767_225_600.0, "account", "answer")
ALL = entries()


every_entry = holds_for(lambda: ALL, lambda entry: entry.id)


@every_entry
def test_an_entry_is_a_whole_answer_or_breaks_off_where_it_says_so(entry):
    events = entry.events(OCCASION)
    if entry.status is None:
        assert events == (Pause(FOR_EVER),) or isinstance(events[0], Drop)
        return
    head, *rest = events
    data = [event.data for event in rest if isinstance(event, Data)]
    assert head.status == entry.status
    assert bool(entry.then) == (not all(isinstance(event, Data) for event in rest))
    if not entry.sse and not entry.then:
        assert head.header("content-length") == str(sum(map(len, data)))
    if entry.json is not None:
        json.loads(b"".join(data))


@every_entry
def test_the_same_occasion_gives_the_same_bytes(entry):
    assert entry.events(OCCASION) == entry.events(OCCASION)


@every_entry
def test_the_model_that_was_asked_is_the_model_that_is_named(entry):
    model = "a-model/of-our-own"
    events = entry.events(Occasion(model, 1000, None, 0.0, "account", "answer"))
    sent = b"".join(event.data for event in events if isinstance(event, Data)).decode()
    assert (model in sent) == ("model" in entry.seen and entry.status is not None)


@every_entry
def test_an_entry_is_found_by_its_id(entry):
    assert find(entry.id) is entry
    assert entry.variant
    assert entry.id.endswith(entry.variant)


@every_entry
def test_the_faults_of_an_entry_are_faults(entry):
    assert set(entry.faults) <= set(FAULTS)


@every_entry
def test_every_variant_of_a_fault_can_be_named(entry):
    with_status = entry.id.removeprefix(f"{entry.provider}.")
    for fault in entry.faults:
        sent = [provider(entry.provider).entry(fault, entry.calls[0], name) for name in (entry.variant, with_status)]
        assert entry in sent


def test_what_most_send_stands_for_every_status_fault_and_an_error_amid_a_stream():
    statuses = {name for name, fault in FAULTS.items() if issubclass(fault, StatusFault)}
    assert set(GENERIC) == {*statuses, "error_event"}
    assert all(generic(fault).status >= 400 for fault in statuses)


def each_says():
    """Every provider, with every fault that is told by a status."""
    return product(names(), [fault for fault in FAULTS.values() if issubclass(fault, StatusFault)])


@holds_for(each_says, lambda case: f"{case[0]}, {case[1].name}")
def test_a_provider_sends_its_own_where_it_is_known(case):
    name, fault = case
    own = provider(name).variants(fault.name)
    for call in ("chat", "responses"):
        sent = fault().entry(call, provider(name))
        assert sent in own if own else sent is generic(fault.name)


@pytest.mark.parametrize(("other", "name"), [("openai-codex", "codex"), ("kimi-coding", "moonshot"), ("groq", "groq")])
def test_a_provider_is_known_by_the_names_that_agents_use(other, name):
    assert provider(other).name == name


def test_a_provider_that_the_catalogue_lacks_has_no_entries():
    assert provider("acme").entries == ()
    assert provider("acme").name == "acme"


@pytest.mark.parametrize("entry_id", ["", "groq", "groq.", "acme.429.x", "kinds.429.x", "../groq.429.x"])
def test_an_id_that_is_none_finds_nothing(entry_id):
    assert find(entry_id) is None


def test_a_body_that_no_source_shows_says_so():
    assert find("fireworks.402.payment_required").inferred_body == "body"
    assert find("groq.429.tokens_per_minute").inferred_body is None


def test_headers_that_are_given_stand_in_place_of_those_that_were_seen():
    head, *_ = find("groq.429.tokens_per_minute").events(OCCASION, (("retry-after", "7"),))
    assert [text for name, text in head.headers if name == "retry-after"] == ["7"]
    assert isinstance(head, Head)


@pytest.mark.parametrize(
    ("body", "kind", "data"),
    [
        ({"a": "é"}, "application/json", '{"a": "é"}'),
        (["a"], "application/json", '["a"]'),
        ("<html>", "text/html", "<html>"),
        ("busy", "text/plain", "busy"),
        ("", "text/plain", ""),
    ],
)
def test_a_document_goes_out_as_json_and_a_text_as_it_is(body, kind, data):
    head, sent = response(418, body)
    assert (head.status, head.header("content-type")) == (418, kind)
    assert sent.data.decode() == data


def test_a_header_that_is_given_is_not_made_up():
    head, _ = response(200, "", (("content-type", "application/json"),))
    assert [value for name, value in head.headers if name == "content-type"] == ["application/json"]
