"""A library that is imported while a lab intercepts is caught as if it had been there before; none is for its sake."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]

_LATE = """
import sys
from faultlab import Lab
lab = Lab()
url = lab.upstream("openai", says=["hello"]).base_url + "/chat/completions"
body = {{"model": "m", "messages": []}}
with lab.intercept():
    assert not {{"httpx", "httpx2", "requests", "urllib3", "aiohttp"}} & set(sys.modules)
    {ask}
print(status, sys.modules[{module!r}].__loader__.__class__.__name__)
"""

_ASKING = {
    "httpx": "import httpx; status = httpx.post(url, json=body).status_code",
    "httpx2": "import httpx2; status = httpx2.post(url, json=body).status_code",
    "requests": "import requests; status = requests.post(url, json=body).status_code",
    "aiohttp": "import aiohttp, asyncio\n"
    "    async def ask():\n"
    "        async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:\n"
    "            return answer.status\n"
    "    status = asyncio.run(ask())",
}


@pytest.mark.parametrize("module", _ASKING)
def test_what_comes_later_is_caught(module):
    code = _LATE.format(ask=_ASKING[module], module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=_ROOT)
    assert done.stdout.split() == ["200", "SourceFileLoader"], done.stderr


def test_a_program_that_ends_amid_it_ends_without_a_word():
    code = "from faultlab import Lab\nlab = Lab()\nlab.begin()\nlab.intercept()\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=_ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
