import pytest

from faultlab.errors import UnknownName
from faultlab.families import FAMILIES, OTHER, family_of, family_of_kind
from faultlab.faults import FAULTS
from faultlab.providers import entries
from tests.promise import holds_for


def test_a_user_understands_a_handful_of_words():
    assert len(set(FAMILIES)) == len(FAMILIES) <= 12


@holds_for(lambda: sorted(FAULTS.keys() - {"status", "wire"}), str)
def test_every_fault_has_a_family(name):
    assert family_of(name) in FAMILIES[:-1]


def test_every_entry_of_the_catalogue_has_a_family():
    assert {family_of("wire", entry.id) for entry in entries()} <= set(FAMILIES) - {OTHER}


@pytest.mark.parametrize(
    ("entry_id", "family"),
    [
        ("openai.429.insufficient_quota", "key and bill"),
        ("groq.429.tokens_per_minute", "rate limits"),
        ("connection.stream.reset", "broken streams"),
        ("connection.proxy.407", "refused requests"),
    ],
)
def test_an_entry_is_what_it_means_and_not_what_its_status_is(entry_id, family):
    assert family_of("wire", entry_id) == family


def test_a_status_of_somebody_s_own_is_none_of_them():
    assert family_of("status") == family_of_kind("unheard of") == OTHER


def test_an_entry_that_there_is_not_is_told():
    with pytest.raises(UnknownName):
        family_of("wire", "groq.999.nothing")
