import pytest

from faultlab.nearest import did_you_mean


@pytest.mark.parametrize(
    ("name", "known", "end"),
    [
        ("grok", ["groq", "openai"], "; did you mean 'groq'?"),
        ("zzz", ["groq", "openai"], ""),
        ("x", [], "; there is none to give"),
    ],
)
def test_the_nearest_known_name_is_asked_for(name, known, end):
    assert did_you_mean(name, known) == end
