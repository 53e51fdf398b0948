"""config.yaml: each error with file and line, never a traceback."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hermes_agent.config import Config, load_config, read_config
from hermes_agent.errors import ConfigError

WHOLE = """\
# a comment
model:
  default: gpt-5.1
  provider: openai
fallback_model: {provider: openrouter, model: anthropic/claude-sonnet-4}
agent:
  api_max_retries: %s
"""


def said_of(home):
    """The error's line; nothing if the file can be read."""
    try:
        return str(load_config(home) and "")
    except ConfigError as error:
        return str(error)


@pytest.fixture
def home(tmp_path):
    return tmp_path


def refused(home, text):
    (home / "config.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_config(home)
    line = str(caught.value)
    assert line.startswith(str(home / "config.yaml"))
    assert "\n" not in line
    return line.removeprefix(str(home / "config.yaml"))


def test_no_file_means_the_defaults(home):
    assert load_config(home) == Config()
    assert load_config(home / "nowhere") == Config()


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null\n", "{}\n"])
def test_an_empty_file_means_the_defaults(home, text):
    (home / "config.yaml").write_text(text)
    assert load_config(home) == Config()


def test_a_file_that_is_asked_for_by_name_must_be_there(home):
    with pytest.raises(FileNotFoundError):
        read_config(home / "config.yaml")


def test_a_whole_file_is_read(home):
    (home / "config.yaml").write_text(WHOLE % 3)
    config = load_config(home)
    assert (config.model.provider, config.model.model) == ("openai", "gpt-5.1")
    assert (config.fallback_model.provider, config.fallback_model.model) == ("openrouter", "anthropic/claude-sonnet-4")
    assert config.agent.api_max_retries == 3


def test_a_change_is_seen_at_the_next_reading(home):
    for tries in (2, 4):
        (home / "config.yaml").write_text(WHOLE % tries)
        assert load_config(home).agent.api_max_retries == tries


def test_a_byte_order_mark_and_merged_keys_are_fine(home):
    (home / "config.yaml").write_text("base: &b {provider: openai}\nmodel:\n  <<: *b\n  default: m\n", "utf-8-sig")
    assert load_config(home).model.provider == "openai"


def test_a_wrong_value_is_told_with_its_line(home):
    assert refused(home, WHOLE % "six") == ":7: agent.api_max_retries: found 'six'; allowed: a whole number from 1"


def test_what_is_missing_is_told_with_the_line_of_its_section(home):
    assert refused(home, "\n\nmodel:\n  provider: openai\n").startswith(":3: model.default: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model: on\n", ":1: model: found true; allowed: the name of a model"),
        ("model: {default: 4.1}\n", ":1: model.default: found 4.1; allowed: a text (numbers, yes and no in quotes)"),
        ("a: 1\nmodel:\n  default: x\n  provider: y\n  default: z\n", ":5: model.default: found the key a second time"),
        ("a: {b: 1, b: 2}\nc: 3\nc: 4\n", ":1: a.b: found the key a second time"),
        ("- a\n- b\n", ":1: found a list; allowed: a mapping"),
        ("just words\n", ":1: found 'just words'; allowed: a mapping"),
        ("api: [\n", ":2:1: cannot be read as YAML"),
        ("a: 1\n\tb: 2\n", ":2:1: cannot be read as YAML"),
        ("a: 1\n---\nb: 2\n", ":2:1: cannot be read as YAML"),
        ("? [a]\n: 1\nmodel: {? {} : 1}\n", ":3:"),
        ("agent: {max_turns: 2024-99-99}\n", ": cannot be read as YAML: a value is malformed"),
        ("agent: {max_turns: " + "9" * 5000 + "}\n", ": cannot be read as YAML: a value is malformed"),
        ("agent: {max_turns: -0x" + "f" * 5000 + "}\n", ":1: agent.max_turns: found a very large number"),
        ("[" * 300, ": found deeper nesting; allowed: 100 levels"),
        ("- " * 100_000, ": found deeper nesting; allowed: 100 levels"),
        (b"\x7fELF\x00\xff\xfe", ": is no text file"),
        (b"a: \x00\n", ": cannot be read as YAML"),
    ],
)
def test_what_cannot_be_read_is_one_line(home, text, said):
    assert refused(home, text).startswith(said)


def test_what_is_not_used_may_be_wrong(home):
    (home / "config.yaml").write_text("cron: {since: 2024-99-99}\nx: !!python/name:os.system\ny: =\nmodel: m\n")
    assert load_config(home).model.model == "m"


@pytest.mark.parametrize("text", ["model: {api_key: !sk-made-up a}\n", "model: {api_key: *sk-made-up}\n"])
def test_a_key_that_yaml_takes_for_something_else_is_not_shown(home, text):
    assert "sk-made-up" not in refused(home, text)


def test_a_folder_in_its_place_is_one_line(home):
    (home / "config.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(home)


pieces = st.lists(
    st.sampled_from(
        [
            "model",
            "agent",
            ":",
            " ",
            "\n",
            "- ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "&a ",
            "*a",
            "!t ",
            "'",
            '"',
            "#",
            "1",
            "<<",
            "|",
            "? ",
        ]
    )
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces.map("".join) | st.text() | st.binary())
def test_any_bytes_are_a_config_or_one_line(home, text):
    (home / "config.yaml").write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    assert "\n" not in said_of(home)
