"""When a job is due: the first time, and the next time after it ran. UTC throughout."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.cron.schedule import read_moment, read_schedule
from hermes_agent.errors import ConfigError


def at(text):
    return read_moment(text, "x", ())


NOW = at("2026-01-01T09:30:20Z")  # a Thursday


def cron(fields):
    return read_schedule({"cron": fields}, "x")


def refused(schedule):
    with pytest.raises(ConfigError) as caught:
        read_schedule(schedule, "jobs.json: job a")
    assert str(caught.value).startswith("jobs.json: job a: schedule")
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


# Every so many minutes


def test_the_first_time_is_at_once():
    assert read_schedule({"every_minutes": 10}, "x").first(NOW, None) == at("2026-01-01T09:30:00Z")


def test_after_a_known_run_the_minutes_pass_first():
    assert read_schedule({"every_minutes": 10}, "x").first(NOW, at("2026-01-01T09:25:00Z")) == at(
        "2026-01-01T09:35:00Z"
    )


@pytest.mark.parametrize(
    ("due", "following"),
    [
        ("2026-01-01T09:30:00Z", "2026-01-01T09:40:00Z"),  # a tick that comes late does not shift the next
        ("2026-01-01T09:30:20Z", "2026-01-01T09:40:20Z"),
        ("2025-12-24T00:00:00Z", "2026-01-01T09:40:00Z"),  # what was missed is left out
    ],
)
def test_the_next_time_is_in_step_and_after_now(due, following):
    assert read_schedule({"every_minutes": 10}, "x").following(at(due), NOW) == at(following)


@given(st.integers(1, 10_000), st.integers(0, 10**8))
def test_the_next_time_is_never_more_than_one_period_ahead(minutes, late_s):
    due = NOW - timedelta(seconds=late_s)
    following = read_schedule({"every_minutes": minutes}, "x").following(due, NOW)
    assert timedelta(0) < following - NOW <= timedelta(minutes=minutes)


# Once


def test_once_is_once_and_again_only_if_moved_beyond_the_last_run():
    schedule = read_schedule({"at": "2026-01-01T10:00:00.9+01:00"}, "x")
    assert schedule.first(NOW, None) == at("2026-01-01T09:00:00Z")
    assert schedule.first(NOW, at("2026-01-01T09:00:00Z")) is None
    assert schedule.first(NOW, at("2026-01-01T08:00:00Z")) == at("2026-01-01T09:00:00Z")
    assert schedule.following(at("2026-01-01T09:00:00Z"), NOW) is None


def test_a_time_without_an_offset_is_utc():
    assert at("2026-01-31T09:00") == datetime(2026, 1, 31, 9, tzinfo=UTC)


# Five fields


@pytest.mark.parametrize(
    ("fields", "following"),
    [
        ("* * * * *", "2026-01-01T09:31"),
        ("0 9 * * *", "2026-01-02T09:00"),
        ("45 9 * * *", "2026-01-01T09:45"),
        ("*/15 * * * *", "2026-01-01T09:45"),
        ("5-50/20 9 * * *", "2026-01-01T09:45"),
        ("10,20,40 * * * *", "2026-01-01T09:40"),
        ("0 8-18/5 * * *", "2026-01-01T13:00"),
        ("0 0 1 * *", "2026-02-01T00:00"),
        ("0 0 31 * *", "2026-01-31T00:00"),
        ("0 0 31 4-6 *", "2026-05-31T00:00"),
        ("0 0 * * 0", "2026-01-04T00:00"),
        ("0 0 * * 7", "2026-01-04T00:00"),
        ("0 0 * * 5-7", "2026-01-02T00:00"),
        ("0 9 * * 1-5", "2026-01-02T09:00"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("59 23 31 12 *", "2026-12-31T23:59"),
        ("0 0 13 * 5", "2026-01-02T00:00"),  # day or weekday, as both are given
        ("0 0 */10 * 5", "2026-05-01T00:00"),  # day and weekday, as one begins with *
    ],
)
def test_the_next_match_comes_after_now(fields, following):
    assert cron(fields).following(NOW, NOW) == at(following)


def test_the_present_minute_counts_the_first_time_unless_the_job_ran_in_it():
    assert cron("30 9 * * *").first(NOW, None) == at("2026-01-01T09:30")
    assert cron("30 9 * * *").first(NOW, at("2025-06-01T00:00")) == at("2026-01-01T09:30")
    assert cron("30 9 * * *").first(NOW, at("2026-01-01T09:30:05")) == at("2026-01-02T09:30")


def test_a_leap_day_is_found_across_the_year_that_has_none():
    now = at("2096-03-01T00:00")
    assert cron("0 0 29 2 *").following(now, now) == at("2104-02-29T00:00")


# What cannot be used


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "5-1 * * * *",
        "0-70/40 * * * *",
        "*/0 * * * *",
        "5/10 * * * *",
        "1,,2 * * * *",
        "-1 * * * *",
        "* * * * mon",
        "@daily",
        "\u0663 * * * *",
    ],
)
def test_other_fields_are_refused_with_what_is_allowed(fields):
    error = refused({"cron": fields})
    assert error.path == ("schedule", "cron")
    assert "minute (0-59), hour (0-23, UTC)" in error.allowed


def test_a_day_that_never_comes_is_refused():
    assert refused({"cron": "0 0 30 2 *"}).allowed == "a day that comes"


@pytest.mark.parametrize("minutes", [0, -1, 1.5, True, "5", None, 10**9])
def test_minutes_are_a_whole_number(minutes):
    assert "every_minutes" in str(refused({"every_minutes": minutes}))


@pytest.mark.parametrize("moment", ["", "tomorrow", 1767225600, None, "0001-01-01", "9999-12-31T23:59:59-12:00"])
def test_a_moment_is_a_time_in_iso_form(moment):
    assert "2026-01-31T09:00:00Z" in refused({"at": moment}).allowed


@pytest.mark.parametrize(
    "schedule", [None, "0 9 * * *", [], {}, {"cron": "* * * * *", "tz": "CET"}, {"every": 5}, {"cron": 5}]
)
def test_a_schedule_has_exactly_one_of_three_keys(schedule):
    error = refused(schedule)
    assert all(name in error.allowed for name in ("every_minutes", "at", "cron"))


_field = st.text("0123456789*-/, ", max_size=20)


@given(st.lists(_field, min_size=5, max_size=5).map(" ".join))
def test_whatever_the_fields_hold_is_a_time_to_come_or_refused(fields):
    with contextlib.suppress(ConfigError):
        assert cron(fields).following(NOW, NOW) > NOW
