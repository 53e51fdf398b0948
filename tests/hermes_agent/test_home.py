"""Text files of a home, and the .env beside config.yaml."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.errors import ConfigError
from hermes_agent.home import environment, load_env, read_text, write_text


def write(home, text):
    (home / ".env").write_text(text, "utf-8")


def test_no_file_holds_nothing(tmp_path):
    assert load_env(tmp_path) == {}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=plain", "plain"),
        ("export KEY=plain", "plain"),
        ("  KEY = spaced out  ", "spaced out"),
        ("KEY=", ""),
        ("KEY=   # only a comment", ""),
        ("KEY=value # a comment", "value"),
        ("KEY=va#lue", "va#lue"),
        ("KEY='single # quoted'", "single # quoted"),
        ("KEY='back\\slash'", "back\\slash"),
        ('KEY="double # quoted"  # a comment', "double # quoted"),
        (r'KEY="a\nb\"c\\d\$e"', 'a\nb"c\\d$e'),
        ("KEY=a=b=c", "a=b=c"),
        ("KEY=it's", "it's"),
        ('KEY=""', ""),
    ],
)
def test_a_line_means_what_a_shell_user_expects(tmp_path, line, value):
    write(tmp_path, f"\n# a comment\n{line}\r\nOTHER=1\n")
    assert load_env(tmp_path) == {"KEY": value, "OTHER": "1"}


@pytest.mark.parametrize("line", ["KEY", "=value", "2KEY=x", "KEY='open", 'KEY="open', "KEY='a' b", "MY-KEY=x", "{"])
def test_a_line_that_cannot_be_read_is_named_and_not_shown(tmp_path, line):
    write(tmp_path, f"GOOD=1\n{line}sk-made-up\n" if line == "KEY='open" else f"GOOD=1\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        load_env(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / '.env'}:2: found a line that cannot be read; allowed: KEY=VALUE")
    assert "sk-made-up" not in str(caught.value)


def test_the_environment_of_the_process_wins(tmp_path):
    write(tmp_path, "A=file\nB=file\n")
    assert environment(tmp_path, {"A": "process"}) == {"A": "process", "B": "file"}


def test_what_is_no_text_is_said(tmp_path):
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is no text file"):
        load_env(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_text(tmp_path)


printable = st.text(st.characters(exclude_categories=["C", "Z"]))


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,9}", fullmatch=True), printable))
def test_quoted_values_come_back(tmp_path_factory, values):
    home = tmp_path_factory.mktemp("home")
    escaped = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in values.items()}
    write(home, "".join(f'{name}="{value}"\n' for name, value in escaped.items()))
    assert load_env(home) == values


def test_what_is_written_is_read_and_its_owner_s_alone(tmp_path):
    path = tmp_path / "it.json"
    path.write_text("old")
    write_text(path, "grün")
    assert read_text(path) == "grün"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "it.json"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half of a pair: \ud800")
    assert [file.name for file in tmp_path.iterdir()] == ["it.json"]
    assert path.read_text() == "old"
