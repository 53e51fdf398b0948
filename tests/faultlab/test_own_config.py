"""What a user's own configuration becomes: all of it that counts, and nothing of it that is private."""

import contextlib
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from faultlab import faults
from faultlab.errors import HarnessError, ScenarioError
from faultlab.playing import play
from faultlab.reports.text import Style, render
from faultlab.runner import check_config, loader, run_fully
from faultlab.scenario import HermesTarget
from faultlab.schedule import Entry
from faultlab.script import Reply
from faultlab.subject import subject_of
from faultlab.targets import hermes
from faultlab.targets.hermes.disguise import Disguise
from faultlab.targets.hermes.home import fresh_home
from faultlab.trace_json import trace_told
from faultlab.trial import Standing, Trial
from faultlab.verdict import Outcome
from faultlab.written import scenario_text

HOMES = Path(__file__).parent / "homes"
NAMES = sorted(path.name for path in HOMES.iterdir())

PRIVATE = re.compile("canary|c0ffee|ключ|wiki", re.IGNORECASE)
"""What stands in every secret of these homes, and in no made-up one by chance."""

CODES = {
    "anchors": {"smaller_window"},
    "anthropic": {"smaller_window"},
    "codex_signed_out": {"no_key"},
    "key_for_a_name": {"no_key"},
    "no_fallback": {"no_fallback"},
    "same_backend": {"same_backend"},
    "unknown_provider": {"unknown_provider"},
}
"""Home → what can be read off it; nothing of the others."""

each_home = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def _only_what_a_program_needs(monkeypatch):
    for name in [name for name in os.environ if name.endswith("_KEY")]:
        monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path):
    """One of the homes in a folder of its own, other texts laid into it."""

    def made(name, **texts):
        folder = shutil.copytree(HOMES / name, tmp_path / name, dirs_exist_ok=True)
        for file, text in texts.items():
            (folder / {"config": "config.yaml", "env": ".env", "auth": "auth.json"}[file]).write_text(text, "utf-8")
        return folder

    return made


def codes(findings):
    return {each.code for each in findings}


def refusing(subject):
    """A run in which each side refuses twice and the text of a tool goes round."""
    entries = (Entry((faults.rate_limit(retry_after_s=1),), 1), Entry((faults.unauthorized(),), 1))
    sides = {name: replace(getattr(subject.healthy, name), faults=entries) for name in ("primary", "fallback")}
    return replace(subject.healthy, **sides, says=(Reply("one"), Reply("two")))


@each_home
def test_what_can_be_read_off_a_configuration_is_told_with_its_line(name):
    found = [each for each in subject_of(HOMES / name).findings if each.certain]
    assert codes(found) == CODES.get(name, set())
    assert tuple(found) == check_config(HOMES / name / "config.yaml")
    lines = (HOMES / name / "config.yaml").read_text("utf-8").splitlines()
    for each in found:
        assert each.mend
        assert "fallback_model" in "\n".join(lines[: each.place.line])


@each_home
def test_a_healthy_turn_goes_well(name):
    assert run_fully(subject_of(HOMES / name).healthy).verdict.outcome is Outcome.HELD


@each_home
def test_it_reads_back_from_the_scenario_file_that_it_is_written_as(name):
    healthy = subject_of(HOMES / name).healthy
    (read,) = loader().read(scenario_text(healthy), "healthy.yaml")
    assert (read.config, read.env, read.says, read.primary, read.fallback) == (
        json.dumps(json.loads(healthy.config)),
        healthy.env,
        healthy.says,
        healthy.primary,
        healthy.fallback,
    )
    assert read.policy == healthy.policy


@each_home
def test_nothing_private_is_in_it_nor_in_whatever_comes_of_it(name, tmp_path, monkeypatch):
    plant_canaries(tmp_path, monkeypatch)
    written = kept_of_every_home(monkeypatch)
    subject = subject_of(HOMES / name)
    broken = refusing(subject)
    entries = ("agent", "cli", "cron", "gateway") if name in {"big", "codex"} else ("cli",)
    runs = [run_fully(replace(broken, target=HermesTarget(entry))) for entry in entries]
    told = [
        repr(subject),
        pickle.dumps(subject).decode("latin-1"),
        subject.healthy.config,
        repr(subject.healthy.policy.environ),
        scenario_text(broken),
        repr(play(subject, Trial("matrix", 0, broken))),
        *(json.dumps(trace_told(run.trace), ensure_ascii=False) for run in runs),
        *(render(run, Style()) for run in runs),
        *(event for run in runs for event in map(repr, run.trace.exchanges)),
        *written,
    ]
    assert len(written) > len(entries)
    assert [text for text in told if PRIVATE.search(text)] == []


def plant_canaries(folder, monkeypatch):
    """Where an agent, a client or a library may look: the environment, the current folder, the user's home."""
    for variable in ("OPENAI_ORG_ID", "OPENAI_CUSTOM_HEADERS", "OPENAI_ADMIN_KEY", "AWS_SECRET_ACCESS_KEY", "GH_TOKEN"):
        monkeypatch.setenv(variable, "X-Canary: canary" if variable.endswith("HEADERS") else "canary")
    for variable in ("OPENAI_BASE_URL", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://canary.example")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("HERMES_HOME", str(folder / ".hermes"))
    monkeypatch.chdir(folder)
    for file in ("AGENTS.md", ".env", ".netrc", ".hermes/SOUL.md", ".hermes/memories/MEMORY.md", ".hermes/.env"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("machine canary login canary password canary", "utf-8")


def kept_of_every_home(monkeypatch):
    """The text of every file that an agent's home held in the end; filled as runs end."""
    written = []

    @contextlib.contextmanager
    def kept_home(*given):
        with fresh_home(*given) as path:
            yield path
            written.extend(file.read_bytes().decode("latin-1") for file in path.rglob("*") if file.is_file())

    monkeypatch.setattr(hermes, "fresh_home", kept_home)
    return written


WATCHED = """
import sys

events, watching = [], False


def note(event, arguments):
    if watching and event.split(".")[0] in {"open", "os", "shutil", "socket", "subprocess", "sqlite3", "tempfile"}:
        events.append((event, *(repr(each) for each in arguments[:2])))


sys.addaudithook(note)
from faultlab.runner import run_fully
from faultlab.subject import subject_of

warm, folder = sys.argv[1:]
run_fully(subject_of(warm).healthy)  # whatever is imported late has been
watching = True
subject = subject_of(folder)
watching, read = False, list(events)
events.clear()
watching = True
outcome = run_fully(subject.healthy).verdict.outcome
watching = False
print(repr((read, events, outcome.value)))
"""


def test_reading_opens_three_files_for_reading_and_a_run_touches_nothing_but_a_home_of_its_own(home, tmp_path):
    folder = home("codex", env="NOUS_API_KEY=any\n")
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(HOMES / "local"), str(folder)],
        cwd=tmp_path,
        env={**os.environ, "OPENROUTER_API_KEY": "any", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    read, played, outcome = eval(done.stdout)  # noqa: S307  # our own words
    allowed = {repr(str(folder / file)) for file in ("config.yaml", ".env", "auth.json")}
    opened = [event for event in read if event[0] == "open" and "/nonexistent/" not in event[1]]
    assert {path for _, path, _ in opened} == allowed
    assert {mode for _, _, mode in opened} <= {"'r'", "'rb'"}
    assert {event for event, *_ in read} == {"open"}
    assert outcome == "held"
    assert not [event for event in played if str(folder) in repr(event) or str(tmp_path) in repr(event)]
    assert not [event for event, *_ in played if event.startswith(("socket.", "subprocess.", "os.exec", "os.posix_"))]


def test_a_campaign_writes_into_its_own_folder_only_and_nothing_private(home, tmp_path, monkeypatch):
    folder = home("big")
    plant_canaries(tmp_path, monkeypatch)
    before = snapshot(tmp_path)
    out = tmp_path / "out"
    reports = ("--junit", str(out / "x.xml"), "--html", str(out / "x.html"), "--json")
    passes = ("--pass", "explore", "--depth", "1", "--jobs", "1", "--out", str(out))
    command = [sys.executable, "-m", "faultlab", "chaos", str(folder), *passes, *reports]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    made = snapshot(out)
    assert made.keys() >= {"results.sqlite", "x.xml", "x.html"}
    assert {name: text for name, text in snapshot(tmp_path).items() if not name.startswith("out/")} == before
    told = {**made, "stdout": done.stdout, "stderr": done.stderr}
    assert [name for name, text in told.items() if PRIVATE.search(text.decode("utf-8", "replace"))] == []


def snapshot(folder):
    """Every file below a folder, by its name in it."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("secret", "shape"),
    [
        ("sk-proj-Canary0-canary_A1", r"sk-proj-[A-Z][a-z]{5}\d-[a-z]{6}_[A-Z]\d"),
        ("sk-or-v1-c0ffee00c0ffee01", r"sk-or-v1-[0-9a-f]{16}"),
        ("gsk_canaryCANARY01", r"gsk_[a-z]{6}[A-Z]{6}\d\d"),
        ("eyJhbGci.canary.SIG-x", r"eyJ[a-z]{2}[A-Z][a-z]{2}\.[a-z]{6}\.[A-Z]{3}-[a-z]"),
        ("12345", r"\d{5}"),
        ("ollama", "[a-z]{6}"),
        ("sk-", "[a-z]{2}-"),
        ("***", "[a-z]{3}"),
        ("ключ 1", r"[^ -~]{4} \d"),
    ],
)
def test_a_made_up_credential_has_the_shape_of_the_real_one(secret, shape):
    disguise = Disguise()
    made = disguise.of(secret)
    assert re.fullmatch(shape, made)
    assert made != secret
    assert disguise.of(secret) == made
    assert Disguise().of(secret) == made


def test_different_credentials_stay_different_however_short_they_are():
    disguise = Disguise()
    secrets = [chr(ord("a") + n) for n in range(12)]
    made = [disguise.of(secret) for secret in secrets]
    assert len(set(made)) == len(made)
    assert all(one != other for one, other in zip(made, secrets, strict=True))


def test_a_shape_that_leaves_no_room_for_another_one_is_told():
    disguise = Disguise()
    for digit in "01234":
        disguise.of(digit)
    with pytest.raises(HarnessError, match="a credential of 1 characters is too short"):
        disguise.of("9")


@pytest.mark.parametrize("value", ["real-key", "", "   "])
def test_whether_a_variable_is_set_counts_and_the_process_goes_before_the_file(home, monkeypatch, value):
    monkeypatch.setenv("OPENAI_API_KEY", value)
    subject = subject_of(home("big"))
    made = dict(subject.healthy.env)["OPENAI_API_KEY"]
    assert (made is not None) == bool(value.strip())
    assert codes(each for each in subject.findings if each.certain) == (set() if value.strip() else {"no_key"})
    assert subject.healthy.policy.refused == (None if value.strip() else "no_key")


TOKEN = {"access_token": "at-canary", "refresh_token": "rt-canary"}


@pytest.mark.parametrize(
    ("auth", "refresh", "renewable"),
    [
        ({"tokens": TOKEN}, ("ok",), True),
        (TOKEN | {"token_url": "https://auth.example/token"}, ("ok",), True),
        (TOKEN, None, False),
        ({"access_token": "at-canary"}, None, False),
    ],
)
def test_a_token_that_can_be_renewed_is_renewed_and_another_one_is_a_key(home, auth, refresh, renewable):
    others = {"nous": TOKEN | {"token_url": "https://auth.example/token"}}
    subject = subject_of(home("codex", auth=json.dumps({"providers": {"openai-codex": auth, **others}})))
    healthy = subject.healthy
    assert (healthy.primary.refresh, healthy.policy.primary.token_url is not None) == (refresh, renewable)
    assert ("not_renewable" in codes(subject.findings)) == (not renewable)
    refused = replace(healthy.primary, faults=(Entry((faults.unauthorized(),), 1),))
    asked = [each.upstream for each in run_fully(replace(healthy, primary=refused)).trace.exchanges if not each.side]
    assert asked == (["primary", "primary"] if renewable else ["primary", "fallback"])


@pytest.mark.parametrize("name", ["big", "unicode"])
def test_of_the_system_prompt_only_its_length_is_kept(home, name):
    import yaml

    written = yaml.safe_load((HOMES / name / "config.yaml").read_bytes())["agent"]["system_prompt"]
    made = json.loads(subject_of(HOMES / name).healthy.config)["agent"]["system_prompt"]
    assert len(made) == len(written)


def test_what_the_agent_passes_over_is_not_kept():
    config = json.loads(subject_of(HOMES / "big").healthy.config)
    assert config.keys() == {"model", "fallback_model", "agent", "compression", "display"}
    assert config["agent"].keys() == {"max_turns", "system_prompt"}
    assert config["compression"] == {"threshold": 0.5}


def test_it_is_the_same_each_time():
    assert subject_of(HOMES / "big") == subject_of(HOMES / "big")


def test_two_made_up_keys_are_equal_where_the_real_ones_are():
    policy = subject_of(HOMES / "anchors").healthy.policy
    assert policy.primary.key == policy.fallback.key


ASTRAY = """\
model: {provider: custom, base_url: "http://localhost:8080/v1", default: m}
fallback_model:
  provider: custom
  model: gpt-5.1
  base_url: https://llm.example.com/v1?api-version=2025-04-01&code=canary-code-0123456789
"""

CANNOT_BE_USED = [
    ({"config": "model: [\n"}, r"config\.yaml:2:1: cannot be read as YAML"),
    ({"config": "a: b\n  c: d\n"}, r"config\.yaml:2:\d+: cannot be read as YAML"),
    ({"config": "- model\n"}, r"config\.yaml:1: found a list; allowed: a mapping"),
    ({"config": "model: {default: m}\nagent:\n  api_max_retries: 0\n"}, r"config\.yaml:3: .*found 0; allowed: a whole"),
    ({"config": "model: {provider: groq}\n"}, r"config\.yaml:1: model\.default: found nothing; allowed: the name of a"),
    ({"config": "model: {default: m, api_key: [canary]}\n"}, r"config\.yaml:1: .*found a value that is not shown"),
    ({"config": "model: {default: a}\nmodel: {default: b}\n"}, r"config\.yaml:2: model: found the key a second time"),
    ({"config": f"model: {'[' * 200}{']' * 200}\n"}, "found deeper nesting; allowed: 100 levels"),
    ({"env": "OPENAI_API_KEY='canary\n"}, r"\.env:1: found a line that cannot be read; allowed: KEY=VALUE"),
    ({"auth": "{canary"}, r"auth\.json:1: cannot be read as JSON"),
    ({"config": ASTRAY}, r"config\.yaml:5: fallback_model\.base_url ends in a query: .*\nallowed: a base_url without"),
    (
        {"config": "# mine\nmodel:\n  default: m\n  provider: opnai\n"},
        r"config\.yaml:4: model cannot be asked: unknown provider 'opnai' .*\nallowed: a base_url beside it, or one of",
    ),
    (
        {"config": "model:\n  provider: groq\n  default: m\n", "env": ""},
        r"config\.yaml:2: model cannot be asked: no key for groq: set GROQ_API_KEY .*\nallowed: any value",
    ),
]


@pytest.mark.parametrize(("texts", "told"), CANNOT_BE_USED)
def test_what_cannot_be_used_is_one_error_with_its_place_and_what_is_allowed(home, texts, told):
    folder = home("codex", **texts)
    with pytest.raises(ScenarioError) as caught:
        subject_of(folder)
    assert re.search(told, str(caught.value))
    assert str(caught.value).count("config.yaml") <= 1
    assert not PRIVATE.search(str(caught.value).replace(str(folder), ""))


def test_an_address_that_leads_astray_is_told_by_the_check_too(home):
    (found,) = check_config(home("local", config=ASTRAY) / "config.yaml")
    assert (found.code, found.place.line, found.mend.splitlines()[0]) == ("astray", 5, "fallback_model:")


@pytest.mark.parametrize("text", ["", "terminal: {backend: docker}\n", "model: {provider: auto}\n"])
def test_a_configuration_that_names_no_provider_is_told_which_key_would_be_read(home, text):
    no_key, _ = check_config(home("local", config=text, env="") / "config.yaml")
    assert (no_key.code, no_key.mend) == ("no_key", "# .env, beside config.yaml\nOPENROUTER_API_KEY=…")


USER_IN_URL = """\
model: {provider: custom, base_url: "http://localhost:8080/v1", default: m}
fallback_model:
  provider: custom
  model: gpt-5.1
  base_url: https://me:canary-p%4011@llm.example.com/v1
"""


@pytest.mark.parametrize(("key", "codes"), [("", []), ("  api_key: sk-canary-1234567890\n", ["unsent_key"])])
def test_a_user_in_an_address_is_what_the_client_sends_and_no_key_beside_it(home, key, codes):
    folder = home("local", config=USER_IN_URL + key)
    found = check_config(folder / "config.yaml")
    assert [each.code for each in found] == codes
    assert all(each.place.line == 5 and not PRIVATE.search(repr(each)) for each in found)
    subject = subject_of(folder)
    healthy = subject.healthy
    broken = replace(healthy, primary=replace(healthy.primary, faults=(Entry((faults.payment_required(),)),)))
    record = play(subject, Trial("x", 0, broken, ()))
    assert (record.standing, record.breaches, record.calls) == (Standing.HELD, (), (1, 1))


def test_a_file_that_is_none_is_told(tmp_path):
    os.mkfifo(tmp_path / "config.yaml")
    with pytest.raises(ScenarioError, match=r"config\.yaml: cannot be read: no regular file"):
        subject_of(tmp_path)
    with pytest.raises(ScenarioError, match=r"nowhere.config\.yaml: cannot be read: no such file"):
        subject_of(tmp_path / "nowhere" / "config.yaml")
    with pytest.raises(ScenarioError, match=r"mine\.yaml: cannot be read: No such file"):
        subject_of(tmp_path / "mine.yaml")


def test_bytes_that_are_no_text_are_told(home):
    folder = home("local")
    (folder / "config.yaml").write_bytes(b"model: \xff\xfe\n")
    with pytest.raises(ScenarioError, match=r"config\.yaml: is no text file: allowed: text in UTF-8"):
        subject_of(folder)


@pytest.mark.parametrize("name", sorted(CODES))
def test_the_lines_that_mend_a_finding_do(home, monkeypatch, name):
    """They are laid over the file as they stand; a key or a sign-in that they ask for is given."""
    folder = home(name)
    (found,) = [each for each in subject_of(folder).findings if each.certain]
    mend(folder, found.mend, monkeypatch)
    assert found.code not in codes(subject_of(folder).findings)


def mend(folder, lines, monkeypatch):
    import yaml

    for variable in re.findall(r"([A-Z_]+)=…", lines):
        monkeypatch.setenv(variable, "any")
    if lines.startswith("# sign in"):
        tokens = {"openai-codex": {"tokens": {"access_token": "a", "refresh_token": "b"}}}
        (folder / "auth.json").write_text(json.dumps({"providers": tokens}), "utf-8")
    config = yaml.safe_load((folder / "config.yaml").read_bytes())
    for section, values in (yaml.safe_load(lines) or {}).items():
        config[section] = {**config.get(section, {}), **values}
    if "api_key" in config["fallback_model"] and "provider: openai " in lines:
        del config["fallback_model"]["api_key"], config["fallback_model"]["base_url"]
    (folder / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
