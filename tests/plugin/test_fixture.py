import json

import pytest

LEFT_OVER = """
def test_it(faultlab):
    provider = faultlab.upstream("openai", says=["hello"], faults=[faults.rate_limit(), (faults.reset(), 2)])
    with pytest.raises(Exception, match="429"):
        ask(provider)
"""


def test_a_test_gets_a_lab_and_virtual_time(ran):
    result = ran("""
        def test_it(faultlab):
            provider = faultlab.upstream("openai", says=["hello"], faults=[(faults.rate_limit(retry_after_s=1), 3)])
            assert ask(provider, max_retries=3) == "hello"
            assert faultlab.clock.slept_s == 3
    """)
    result.assert_outcomes(passed=1)


def test_a_fault_that_never_fired_fails_the_test_itself_with_the_timeline(ran):
    result = ran(LEFT_OVER)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "entry 2 of faults.openai, reset (2 times), was never reached: *",
            "*- faultlab timeline -*",
            "    step  at  asked   try  sent        seen  then",
            "    1     0s  openai  1    rate_limit  429",
            "FAILED test_it.py::test_it - NotAsPlanned: entry 2 of faults.openai, reset*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*hidden*")


def test_a_failure_of_its_own_is_all_that_a_test_says_beside_the_timeline(ran):
    result = ran("""
        def test_it(faultlab):
            faultlab.upstream("openai", faults=[faults.reset()])
            assert 1 == 2
    """)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*assert 1 == 2", "*- faultlab timeline -*", "*nobody was asked"])
    result.stdout.no_fnmatch_line("*never reached*")


@pytest.mark.parametrize(
    "body",
    [
        "pytest.skip('not today')",
        "pytest.xfail('as was to be expected')",
    ],
)
def test_a_test_that_did_not_come_to_its_end_is_not_judged(ran, body):
    result = ran(f"""
        def test_it(faultlab):
            faultlab.upstream("openai", faults=[faults.reset()])
            {body}
    """)
    outcomes = result.parseoutcomes()
    assert outcomes.get("skipped", 0) + outcomes.get("xfailed", 0) == 1
    assert "failed" not in outcomes


def test_what_was_expected_to_fail_may_fail_for_its_plan(ran):
    result = ran("""
        from faultlab.errors import NotAsPlanned

        @pytest.mark.xfail(raises=NotAsPlanned, strict=True)
        def test_it(faultlab):
            faultlab.upstream("openai", faults=[faults.reset()])
    """)
    result.assert_outcomes(xfailed=1)


def test_what_comes_about_in_the_end_of_another_fixture_is_judged_there(ran):
    result = ran("""
        @pytest.fixture
        def app(faultlab):
            yield faultlab.upstream("openai", says=["hello"])
            with pytest.raises(Exception):
                ask(faultlab["openai"])

        def test_it(app):
            assert ask(app) == "hello"
    """)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_it*", "request 2 to openai met no answer: *"])


def test_a_test_case_of_the_standard_library_has_one_too(ran):
    result = ran("""
        import unittest

        @pytest.mark.usefixtures("faultlab")
        class TestIt(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def _lab(self, faultlab):
                self.lab = faultlab

            def test_held(self):
                self.assertEqual(ask(self.lab.upstream("openai", says=["hello"])), "hello")

            def test_not_as_planned(self):
                self.lab.upstream("openai", faults=[faults.reset()])

            def test_failed(self):
                self.lab.upstream("openai", faults=[faults.reset()])
                self.assertEqual(1, 2)
    """)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*AssertionError: 1 != 2"])


def test_asynchronous_tests_have_the_same_lab(ran):
    result = ran(
        """
        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_it(faultlab):
            provider = faultlab.upstream("openai", says=["hello"], faults=[faults.rate_limit(retry_after_s=50)])
            async with provider.async_client(max_retries=1) as client:
                answer = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
            assert answer.choices[0].message.content == "hello"
            assert faultlab.clock.slept_s == 50
            assert faultlab.trace.waits_s == [50]

        @pytest.mark.anyio
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_not_as_planned(faultlab):
            faultlab.upstream("openai", faults=[faults.reset()])
        """,
        "-p",
        "anyio",
    )
    result.assert_outcomes(passed=1, failed=1)


def test_marks_set_up_the_lab_the_nearest_one_first(ran):
    result = ran(
        """
        pytestmark = pytest.mark.faultlab(seed=3, unused_replies=True)

        def test_of_the_module(faultlab):
            assert faultlab.stage.seed == 3

        @pytest.mark.faultlab(seed=4, virtual_time=False)
        def test_nearest(faultlab):
            assert faultlab.stage.seed == 4
            assert type(faultlab.clock).__name__ == "SystemClock"

        def test_unused(faultlab):
            faultlab.upstream("openai", says=["hello"])
        """
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["1 answer of openai was never asked for: *"])


def test_a_marked_test_has_a_lab_without_asking_for_it(ran):
    result = ran("""
        import time

        @pytest.mark.faultlab
        def test_it():
            time.sleep(3600)
    """)
    result.assert_outcomes(passed=1)


def test_a_mark_of_one_parameter_is_not_its_siblings(ran):
    result = ran("""
        @pytest.mark.parametrize("n", [0, pytest.param(1, marks=pytest.mark.faultlab)])
        def test_it(n, request):
            assert ("faultlab" in request.fixturenames) == bool(n)
    """)
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("sed=3", "unknown option of the mark faultlab 'sed'; did you mean 'seed'?"),
        ("seed=-1", "the mark faultlab: seed: a whole number from 0, not -1"),
        ("seed=True", "the mark faultlab: seed: a whole number from 0, not True"),
        ("virtual_time='no'", "the mark faultlab: virtual_time: True or False, not 'no'"),
        ("7", "the mark faultlab takes names only, as in faultlab(seed=7), not 7"),
    ],
)
def test_a_mark_that_says_what_no_lab_knows_is_refused(ran, mark, told):
    result = ran(f"""
        @pytest.mark.faultlab({mark})
        def test_it(): pass
    """)
    result.assert_outcomes(errors=1)
    assert told in result.outlines


SEEDS = """
def test_it(faultlab):
    assert faultlab.stage.seed == {}

@pytest.mark.faultlab(seed=2)
def test_of_its_own(faultlab):
    assert faultlab.stage.seed == 2
"""


def test_the_command_line_gives_the_seed_and_the_header_says_so(ran):
    result = ran(SEEDS.format(7), "--faultlab-seed=7", ini="faultlab_seed = 5")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["faultlab: seed 7"])


def test_else_the_ini_file_does(ran):
    result = ran(SEEDS.format(5), ini="faultlab_seed = 5")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("faultlab: seed*")


@pytest.mark.parametrize(
    ("arguments", "ini", "told"),
    [
        (["--faultlab-seed=x"], "", "*argument --faultlab-seed: * 'x'"),
        ([], "faultlab_seed = -1", "*faultlab_seed: a whole number from 0, not '-1'*"),
    ],
)
def test_a_seed_that_is_none_is_refused(ran, arguments, ini, told):
    result = ran(SEEDS.format(0), *arguments, ini=ini)
    assert result.ret != 0
    (result.stderr if arguments else result.stdout).fnmatch_lines([told])


def test_options_of_the_ini_file_hold_for_every_lab(ran):
    result = ran(
        """
        def test_it(faultlab):
            assert type(faultlab.clock).__name__ == "SystemClock"
            faultlab.upstream("openai", says=["hello"])
        """,
        ini="""
            faultlab_virtual_time = no
            faultlab_unused_replies = yes
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1 answer of openai was never asked for: *"])


def _traces(pytester):
    return {path.name: path.read_bytes() for path in pytester.path.joinpath("out", "deep").iterdir()}


def test_failing_tests_leave_a_trace_and_the_same_seed_the_same_bytes(ran, pytester):
    text = """
        @pytest.mark.parametrize("odd", ["../../etc/pass wd", "x" * 300])
        def test_it(faultlab, odd):
            provider = faultlab.upstream("openai", says=["hello"], faults=[(faults.rate_limit(), 2)])
            with pytest.raises(Exception, match="429"):
                ask(provider, said=f"my key is {provider.api_key}")

        def test_held(faultlab):
            pass
    """
    found = []
    for _ in range(2):
        result = ran(text, "--faultlab-trace=out/deep", "--faultlab-seed=11")
        result.assert_outcomes(passed=1, failed=2)
        found.append(_traces(pytester))
    assert found[0] == found[1]
    assert sorted(name.partition("[")[0] for name in found[0])[1].startswith("test_it.py.test_it-")
    for name, written in found[0].items():
        assert "/" not in name
        assert len(name) < 130
        told = json.loads(written)
        assert told["seed"] == 11
        assert "was never reached" in told["signs"][0]
        assert told["trace"]["exchanges"][0]["status"] == 429
        assert b"sk-" not in written
        headers = told["trace"]["exchanges"][0]["request"]["headers"]
        assert headers["x-stainless-retry-count"] == "0"
        assert not {"user-agent", "x-stainless-runtime-version", "accept-encoding"} & set(headers)


def test_failing_scenarios_leave_one_too_and_take_the_seed_if_they_state_none(ran, pytester):
    pytester.path.joinpath("scenarios").mkdir()
    one = "name: {}\nsays: [hi]\n{}\nturns: [{{user: x, expect: {{reply: ho}}}}]\n"
    pytester.path.joinpath("scenarios", "s.yaml").write_text(
        one.format("First", "") + "---\n" + one.format("Second", "seed: 3")
    )
    result = ran("", "--faultlab-trace=out/deep", "--faultlab-seed=11")
    result.assert_outcomes(failed=2)
    told = [json.loads(each) for _, each in sorted(_traces(pytester).items())]
    assert [(each["test"], each["seed"]) for each in told] == [
        ("scenarios/s.yaml::first", 11),
        ("scenarios/s.yaml::second", 3),
    ]


FELL_BACK = """
def fell_back(lab):
    primary = lab.upstream("openai", faults=[(faults.rate_limit(retry_after_s=2), 3)])
    backup = lab.upstream("openrouter", says=["hello"])
    with pytest.raises(Exception, match="429"):
        ask(primary, max_retries=2)
    ask(backup)
"""


@pytest.mark.parametrize(
    ("assertion", "told"),
    [
        (
            "lab.trace.attempts('openai') == 4",
            ["E*assert 3 == 4", "E*trace.attempts('openai')", "E*found     3", "E*expected  4"],
        ),
        ("5 < lab.trace.attempts('openai')", ["E*assert 5 < 3", "E*found     3", "E*expected  5"]),
        ("lab.trace.waits_s == [2, 4]", ["E*found     (2.0, 2.0)", "E*expected  [[]2, 4]"]),
        (
            "lab.trace.never_called('openrouter') == True",
            ["E*assert <False: openrouter was asked once, first by request 4> == True", "E*found     <False: *"],
        ),
        (
            "lab.trace.switched().after_calls == 4",
            ["E*assert 3 == 4", "E*trace.switched().after_calls", "E*found     3", "E*expected  4"],
        ),
    ],
)
@pytest.mark.parametrize("fixture", [True, False])
def test_an_assertion_about_a_trace_shows_what_was_found_and_the_timeline(ran, assertion, told, fixture):
    if fixture:
        body = f"def test_it(faultlab):\n    lab = faultlab\n    fell_back(lab)\n    assert {assertion}\n"
    else:
        body = f"def test_it():\n    with Lab() as lab:\n        fell_back(lab)\n    assert {assertion}\n"
    result = ran(FELL_BACK + body)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(told)
    result.stdout.fnmatch_lines(["*step  at  asked       try  sent *", "*3     4s  openai      3    rate_limit  429*"])


@pytest.mark.parametrize(
    ("assertion", "told"),
    [
        (
            "faultlab.trace.never_called('openrouter')",
            "E*assert <False: openrouter was asked once, first by request 4>",
        ),
        (
            "not faultlab.trace.switched()",
            "E*assert not <True: switched from openai to openrouter after 3 calls, *: another host, another key>",
        ),
        ("faultlab.trace.switched(to='openai')", "E*where * = <trace: openai 3 times, openrouter once>.switched"),
    ],
)
def test_what_is_not_so_says_why(ran, assertion, told):
    result = ran(f"{FELL_BACK}\ndef test_it(faultlab):\n    fell_back(faultlab)\n    assert {assertion}\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([told])


def test_the_mark_and_the_options_are_told_to_whoever_asks(ran):
    ran("", "--markers").stdout.fnmatch_lines(["@pytest.mark.faultlab(*, seed=0, *intercept=False*"])
    told = ran("", "--help").stdout
    told.fnmatch_lines(["faultlab: fault injection for LLM agents:", "*--faultlab-seed=N*", "*--faultlab-trace=DIR*"])
    told.fnmatch_lines(["*faultlab_seed*", "*faultlab_virtual_time*", "*faultlab_intercept*"])
    ran("", "--fixtures").stdout.fnmatch_lines(["faultlab -- *"])


def test_other_assertions_are_explained_as_ever(ran):
    result = ran("def test_it():\n    assert [1, 2] == [1, 3]\n")
    result.stdout.fnmatch_lines(["E*At index 1 diff: 2 != 3"])


def test_the_lab_is_served_to_a_program_of_any_language(ran):
    result = ran('''
        import subprocess, sys

        PROGRAM = """
        import json, os, urllib.request
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
        headers = {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
        request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", body, headers)
        print(json.load(urllib.request.urlopen(request))["choices"][0]["message"]["content"])
        """

        def test_it(faultlab_served, faultlab):
            assert faultlab_served is faultlab
            provider = faultlab.upstream("openai", says=["hello"])
            assert provider.served_url.startswith("http://127.0.0.1:")
            program = [sys.executable, "-c", __import__("textwrap").dedent(PROGRAM)]
            done = subprocess.run(program, env=faultlab.environ(), capture_output=True, text=True, check=True)
            assert done.stdout == "hello\\n"
            assert [exchange.key_of for exchange in provider.exchanges] == ["openai"]

        def test_left_over(faultlab_served):
            faultlab_served.upstream("openai", faults=[faults.reset()])
    ''')
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["entry 1 of faults.openai, reset, was never reached: *"])


ALONE = """
import httpx

def ask_as_an_application_does():
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    answer = httpx.post("https://api.openai.com/v1/chat/completions", json=body).json()
    return answer["choices"][0]["message"]["content"]
"""


def test_a_mark_makes_it_answer_clients_that_the_application_builds(ran):
    result = ran(f"""{ALONE}
@pytest.mark.faultlab(intercept=True)
def test_it(faultlab):
    faultlab.upstream("openai", says=["hello"])
    assert ask_as_an_application_does() == "hello"
""")
    result.assert_outcomes(passed=1)


def test_so_does_the_ini_file_and_a_host_that_is_refused_fails_the_test_whoever_swallowed_it(ran):
    result = ran(
        f"""{ALONE}
def test_it(faultlab):
    with pytest.raises(Exception, match="api.openai.com"):
        ask_as_an_application_does()
""",
        ini="faultlab_intercept = yes",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["somebody asked for https://api.openai.com/v1/chat/completions, and no upstream *"])


def test_loopback_is_let_through_only_where_anything_is_stopped(ran):
    result = ran("""
        @pytest.mark.faultlab(allow_loopback=True)
        def test_it(): pass
    """)
    result.assert_outcomes(errors=1)
    assert "the mark faultlab: allow_loopback has a meaning with intercept=True only" in result.outlines


def test_a_test_that_is_run_again_begins_anew_and_leaves_nothing_behind(ran, pytester):
    pytester.makeconftest("""
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            for _ in range(2):
                runtestprotocol(item, nextitem=nextitem, log=True)
            assert not [key for key in item.stash._storage if "faultlab" in repr(item.stash._storage[key])]
            return True
    """)
    result = ran("""
        runs = []

        def test_it(faultlab):
            runs.append(faultlab)
            faultlab.upstream("openai", says=["hello"], faults=[faults.reset()])
            assert len(runs) == 1
    """)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["entry 1 of faults.openai, reset, was never reached: *", "E*assert 2 == 1"])


def test_tests_of_pytest_asyncio_have_the_same_lab(ran):
    pytest.importorskip("pytest_asyncio", reason="pytest-asyncio is not installed")
    result = ran(
        """
        @pytest.mark.asyncio
        async def test_it(faultlab):
            async with faultlab.upstream("openai", says=["hello"]).async_client() as client:
                await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])

        @pytest.mark.asyncio
        async def test_not_as_planned(faultlab):
            faultlab.upstream("openai", faults=[faults.reset()])
        """,
        ini="asyncio_default_fixture_loop_scope = function",
    )
    result.assert_outcomes(passed=1, failed=1)
