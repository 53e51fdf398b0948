import pytest

from faultlab.faults import FAULTS, wire
from faultlab.providers import names, provider
from faultlab.sendable import Asking, fits, sendable
from tests.promise import holds_for

PROVIDERS = sorted({*names()} - {"connection", "provider_generic"})
NOBODYS = {"status", "wire"}
ASKED = [
    Asking(name, dialect, streamed)
    for name in (*PROVIDERS, "custom")
    for dialect in ("chat", "responses")
    for streamed in (False, True)
]


def _meant(sent):
    entry = sent.fault.entry("chat", provider("custom")) if isinstance(sent.fault, wire) else None
    return set(entry.faults) if entry else {sent.fault.name}


@holds_for(lambda: ASKED, lambda asking: f"{asking.provider}-{asking.dialect}-{asking.streamed}")
def test_every_fault_that_fits_is_sent_in_one_form_or_another(asking):
    sent = sendable(asking)
    assert len({each.name for each in sent}) == len(sent)
    assert all(fits(each.fault, asking) for each in sent)
    wanted = {name for name in FAULTS.keys() - NOBODYS if fits(FAULTS[name](), asking)}
    assert wanted <= set().union(*map(_meant, sent))


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_entry_of_its_own_is_sent_in_place_of_the_generic_shape(name):
    sent = sendable(Asking(name, "chat", streamed=True))
    own = {
        entry.id: entry.faults for entry in provider(name).entries if fits(wire(entry.id), Asking(name, "chat", True))
    }
    assert own.keys() <= {each.name for each in sent}
    assert not {fault for faults in own.values() for fault in faults} & {each.name for each in sent}


def test_a_provider_that_the_catalogue_lacks_sends_what_any_gateway_does():
    sent = [each.name for each in sendable(Asking("custom"))]
    assert "provider_generic.504.nginx_html" in sent
    assert "rate_limit" in sent


def test_the_bytes_of_a_stream_answer_nobody_who_asked_for_none():
    whole, streamed = (sendable(Asking("openrouter", "chat", asked)) for asked in (False, True))
    assert "missing_end" not in [each.name for each in whole]
    assert len(streamed) > len(whole)


def test_what_no_socket_can_do_is_not_sent_to_a_program():
    assert "dns_failure" in [each.name for each in sendable(Asking("openai"))]
    assert "dns_failure" not in [each.name for each in sendable(Asking("openai", on_a_socket=True))]
