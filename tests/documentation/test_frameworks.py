"""What the page on frameworks says of each is what the installed one does."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from falling_back import APPLICATIONS, WAYS, application, page, seen
from pages import PAGES

pytestmark = pytest.mark.filterwarnings("ignore")  # what a framework warns of is its own business
SHOWN = PAGES["docs/reference/frameworks.md"]


def told():
    """Way → framework → fault → cell, as the page has it."""
    _, *sections = re.split(r"^## .*\n", SHOWN.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(WAYS, map(columns, sections), strict=True))


def columns(section):
    (_, *names), _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in section.split("\n") if line)
    found = {name: {} for name in names}
    for faults, *cells in rows:
        for fault in re.findall(r"`(\w+)`", faults):
            found = {name: column | {fault: cell} for (name, column), cell in zip(found.items(), cells, strict=True)}
    return found


@pytest.mark.parametrize("name", APPLICATIONS)
@pytest.mark.parametrize("way", WAYS)
def test_a_framework_does_what_the_page_says(name, way, tmp_path, monkeypatch):
    with application(name, tmp_path) as chat:
        assert seen(getattr(chat, way), monkeypatch.setenv) == told()[way][name]


def test_the_page_is_made_from_what_was_seen_with_what_is_installed():
    assert SHOWN.read_text(encoding="utf-8") == page(told()), "make it anew: tests/documentation/observe.py"


# Run in processes of their own: they leave threads behind, which go on telling.
TELLING = {
    "langchain": (
        "https://api.smith.langchain.com/",
        """
        import os
        from langchain_core.tracers.langchain import wait_for_all_tracers
        from langchain_openai import ChatOpenAI
        os.environ["LANGSMITH_TRACING"] = "true"
        os.environ["LANGSMITH_API_KEY"] = "ls-made-up"
        ChatOpenAI(model="gpt-5.1", api_key="sk-made-up").invoke("hi")
        wait_for_all_tracers()
        """,
    ),
    "litellm": (
        "https://raw.githubusercontent.com/",
        """
        import contextlib
        with contextlib.suppress(Exception):
            import litellm
        """,
    ),
    "openai-agents": (
        "https://api.openai.com/v1/traces/ingest",
        """
        import agents, openai
        client = openai.AsyncOpenAI(api_key="sk-made-up")
        agents.set_tracing_export_api_key("sk-made-up")
        agent = agents.Agent(name="Chat", model=agents.OpenAIChatCompletionsModel("gpt-5.1", client))
        agents.Runner.run_sync(agent, "hi")
        agents.tracing.flush_traces()
        """,
    ),
}
PROGRAM = """
from faultlab import Lab
lab = Lab()
lab.upstream("openai", says=["Hello"])
lab.begin()
lab.intercept()
{telling}
lab.end()
print([*lab.refused, *(each.request.url for each in lab.trace.exchanges if each.status == 404)])
"""


@pytest.mark.parametrize("name", TELLING)
def test_what_a_framework_tells_its_maker_is_refused_or_a_404(name):
    host, telling = TELLING[name]
    environ = {name: value for name, value in os.environ.items() if name != "LITELLM_LOCAL_MODEL_COST_MAP"}
    program = PROGRAM.format(telling=textwrap.dedent(telling))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    assert host in done.stdout.splitlines()[-1], done.stderr
