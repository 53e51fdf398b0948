"""A pytest within this one, with our plugin: quick, since nothing is imported twice."""

import textwrap

import openai  # noqa: F401  # what an inner run imports first is forgotten with it, and imported anew by the next
import pytest

import faultlab.pytest_plugin.reporting  # likewise
import faultlab.runner  # noqa: F401  # likewise

ASK = """
def ask(provider, model="m", said="hi", **options):
    with provider.client(**{"max_retries": 0} | options) as client:
        messages = [{"role": "user", "content": said}]
        return client.chat.completions.create(model=model, messages=messages).choices[0].message.content
"""

# Of the outer run, that is: from a folder that holds the package, pytest would rewrite its assertions.
IMPORTED = "ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning"


@pytest.fixture
def within(pytester):
    """Runs a pytest in pytester's folder, in this process."""

    def run(*arguments):
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "error", "-W", IMPORTED, *arguments)

    return run


@pytest.fixture
def ran(pytester, within):
    """Runs a text as a file of tests: the result, whose lines can be matched."""
    pytester.makepyfile(ask_a_model=ASK)
    pytester.syspathinsert()

    def run(text, *arguments, ini=""):
        pytester.makeini(f"[pytest]\n{textwrap.dedent(ini)}\n")
        header = "import pytest\nfrom ask_a_model import ask\nfrom faultlab import Lab, faults\n"
        pytester.makepyfile(test_it=header + textwrap.dedent(text))
        return within(*arguments)

    return run
