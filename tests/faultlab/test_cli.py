import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from faultlab.cli import main

HELD = "name: Held\nsays: [hi]\nturns: [{user: x}]\n"
FAILED = "name: Failed\nsays: [hi]\nturns: [{user: x, expect: {reply: ho}}]\n"
ERROR = "name: In error\nsays: [hi]\nfaults: {primary: [ok, reset]}\nturns: [{user: x}]\n"
BROKEN = "name: [\n"
TEXTS = {"held": HELD, "failed": FAILED, "error": ERROR, "broken": BROKEN}


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in TEXTS.items():
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "code", "summary"),
    [
        (["held"], 0, "1 held"),
        (["failed"], 1, "1 failed"),
        (["error"], 2, "1 error"),
        (["broken"], 2, "nothing was run"),
        (["nothing"], 2, "nothing was run"),
        (["held", "broken"], 2, "1 held"),
        (["failed", "error", "broken", "held"], 1, "1 held, 1 failed, 1 error"),
    ],
)
def test_the_exit_code_says_how_it_went_and_the_others_still_run(files, capsys, names, code, summary):
    assert main(["run", *(f"{name}.yaml" for name in names)]) == code
    assert capsys.readouterr().out.splitlines()[-1] == summary


def test_what_cannot_be_read_is_one_message_on_standard_error(files, capsys):
    main(["run", "broken.yaml"])
    told = capsys.readouterr().err
    assert told.startswith("broken.yaml:2:1: unreadable YAML: ")
    assert "Traceback" not in told


def test_one_scenario_may_be_named(files, capsys):
    (files / "two.yaml").write_text(HELD + "---\n" + FAILED)
    assert main(["run", "two.yaml::held"]) == 0
    assert main(["run", "two.yaml::hedl"]) == 2
    assert "two.yaml: no scenario called 'hedl'\nallowed: held, failed" in capsys.readouterr().err


def test_a_folder_is_run_with_all_below_it(files, capsys):
    assert main(["run", "."]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 held, 1 failed, 1 error"


def test_a_folder_without_scenarios_is_told(files, capsys):
    (files / "empty").mkdir()
    assert main(["run", "empty"]) == 2
    assert "empty: no scenario below this folder" in capsys.readouterr().err


def test_json_is_all_that_stands_on_standard_output(files, capsys):
    assert main(["run", "--json", "held.yaml", "failed.yaml", "broken.yaml"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [each["outcome"] for each in told["scenarios"]] == ["held", "failed"]
    assert len(told["unreadable"]) == 1


def test_junit_xml_is_written(files, capsys):
    assert main(["run", "failed.yaml", "--junit", "out.xml"]) == 1
    assert ET.parse("out.xml").getroot().attrib["failures"] == "1"  # noqa: S314  # our own words
    assert main(["run", "held.yaml", "--junit", "nowhere/out.xml"]) == 2
    assert "nowhere/out.xml: cannot be written: No such file or directory" in capsys.readouterr().err


def test_the_page_goes_into_a_file_that_can_be_written(files, capsys):
    assert main(["run", "held.yaml", "failed.yaml", "broken.yaml", "--html", "out.html"]) == 1
    assert "<title>Scenarios</title>" in (files / "out.html").read_text("utf-8")
    assert main(["run", "held.yaml", "--html", "nowhere/out.html"]) == 2
    assert "nowhere/out.html: cannot be written: No such file or directory" in capsys.readouterr().err


def test_an_overlay_is_laid_over_every_scenario(files, capsys):
    (files / "overlay.txt").write_text("says: [ho]\n")
    assert main(["run", "failed.yaml", "--overlay", "overlay.txt"]) == 0
    (files / "overlay.txt").write_text("says: 3\n")
    assert main(["run", "failed.yaml", "--overlay", "overlay.txt"]) == 2
    assert "overlay.txt:1:7: expected a list of answers, or {cassette: file}, found 3" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["run"], ["fly"], ["run", "--pdf", "x", "held.yaml"]])
def test_wrong_usage_is_told_by_the_parser(files, capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: faultlab" in capsys.readouterr().err


def test_check_reads_scenarios_and_configurations(files, capsys, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "made-up-key")
    monkeypatch.setenv("OPENROUTER_API_KEY", "made-up-key-too")
    (files / "config.yaml").write_text(
        "model: {provider: openai, default: m}\nfallback_model: {provider: openrouter, model: n}\n"
    )
    assert main(["check", "held.yaml", "config.yaml"]) == 0
    assert capsys.readouterr().out == "held.yaml: 1 scenario\nconfig.yaml: nothing to complain of\n"
    monkeypatch.delenv("OPENROUTER_API_KEY")
    assert main(["check", "config.yaml"]) == 1
    assert "config.yaml:2: fallback_model cannot be used: no key for openrouter" in capsys.readouterr().out
    assert main(["check", "broken.yaml", "held.yaml"]) == 2


def test_check_tells_each_finding_with_its_line_and_what_would_mend_it(files, capsys, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "made-up-key")
    monkeypatch.setenv("OPENROUTER_API_KEY", "made-up-key-too")
    (files / "config.yaml").write_text("# mine\nmodel: {provider: openai, default: m}\nfallback_model: {}\n")
    assert main(["check", "config.yaml"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "config.yaml:3: fallback_model is not set (it needs provider and model): a turn ends where the primary fails",
        "    fallback_model:",
        "      provider: openrouter",
        "      model: anthropic/claude-sonnet-4",
    ]
    assert main(["check", "nowhere/config.yaml"]) == 2
    assert "nowhere/config.yaml: cannot be read: no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("opnai", "openai"),
        ("rate_limt", "rate_limit"),
        ("groq.428.tokens_per_minute", "groq.429.tokens_per_minute"),
        ("opnai.401.invalid_api_key", "openai.401.invalid_api_key"),
    ],
)
def test_what_the_catalogue_lacks_is_told_with_the_nearest_that_it_has(capsys, name, near):
    assert main(["faults", name]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"unknown provider, fault or entry '{name}'; did you mean '{near}'?\n"


@pytest.mark.parametrize("arguments", ["faults", "faults groq", "check held.yaml", "run held.yaml"])
def test_whoever_has_no_standard_output_gets_no_traceback(files, arguments):
    command = f"{sys.executable} -m faultlab {arguments} >&-"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=files, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_has_read_enough_gets_no_traceback(files):
    command = f"{sys.executable} -m faultlab run failed.yaml | true"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=files, capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_told_to_end_tells_what_was_done_so_far(files, number):
    (files / "many.yaml").write_text("\n---\n".join(HELD.replace("Held", f"Held {n}") for n in range(5000)))
    command = [sys.executable, "-m", "faultlab", "run", "failed.yaml", "many.yaml"]
    with subprocess.Popen(command, cwd=files, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().strip() == "Failed"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped" in out.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["run", "check"])
def test_ctrl_c_while_files_are_read_gets_no_traceback(files, command):
    os.mkfifo(files / "pipe.yaml")
    command = [sys.executable, "-m", "faultlab", command, "pipe.yaml"]
    with (
        subprocess.Popen(command, cwd=files, stderr=subprocess.PIPE, text=True) as process,
        (files / "pipe.yaml").open("w"),  # opens once it is read
    ):
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "stopped by Ctrl-C\n"
