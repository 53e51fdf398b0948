"""What pytest tells of a test's duration is real, however long it slept."""


def test_a_test_that_slept_for_hours_took_no_time(pytester):
    pytester.makepyfile(
        """
        import time

        def test_it(faultlab):
            time.sleep(36_000)
            assert faultlab.clock.slept_s == 36_000
        """
    )
    reports = pytester.inline_run("-p", "faultlab.pytest_plugin").getreports("pytest_runtest_logreport")
    assert [report.outcome for report in reports] == ["passed"] * 3
    assert all(0 <= report.duration < 30 for report in reports)
    assert all(report.start > 1_770_000_000 for report in reports)
