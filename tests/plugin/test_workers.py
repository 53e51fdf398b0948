"""Beside pytest-xdist: tests and scenarios on several workers. One run shows all, as workers take long to start."""


def test_on_several_workers_tests_have_labs_of_their_own_and_scenarios_are_items(pytester, ran, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins would take most of the workers' start
    folder = pytester.mkdir("scenarios")
    (folder / "held.yaml").write_text("name: Held\nsays: [hi]\nturns: [{user: x}]\n")
    (folder / "bad.yaml").write_text("name: Bad\nsays: [hi]\nturns: [{user: x, expect: {reply: ho}}]\n")
    (folder / "broken.yaml").write_text("name: x\nturns: [{usr: y}]\n")
    result = ran(
        """
        @pytest.mark.parametrize("n", range(8))
        def test_it(faultlab, n):
            provider = faultlab.upstream("openai", says=[str(n)], faults=[(faults.rate_limit(retry_after_s=n), 1)])
            assert ask(provider, max_retries=1) == str(n)
            assert len(faultlab.trace.exchanges) == 2
            assert n < 7 or faultlab["backup"]
        """,
        *("-p", "faultlab.pytest_plugin", "-p", "xdist", "-n", "2"),
    )
    result.assert_outcomes(passed=7 + 1, failed=1 + 1, errors=1)
    timeline = ["*- faultlab timeline -*", "*1     0s  openai  1    rate_limit  429   waited 7 s"]
    unreadable = "scenarios/broken.yaml:2:10: unknown key 'usr'; did you mean 'user'[?]"
    for lines in (timeline, ["*reply did not hold*"], [unreadable]):
        result.stdout.fnmatch_lines(lines)
