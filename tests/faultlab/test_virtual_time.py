"""What one flow of control sleeps and reads is virtual; everything is as before afterwards."""

import asyncio
import datetime as dt
import logging
import math
import os
import queue
import subprocess
import sys
import threading
import time
import types
from datetime import date as bound_date
from datetime import datetime as bound_datetime
from queue import SimpleQueue as BoundQueue
from time import monotonic as bound_monotonic
from time import perf_counter
from time import sleep as bound_sleep

import pytest

from faultlab import Lab
from faultlab.clock import START, SystemClock, VirtualClock
from faultlab.virtual_time import in_real_time, virtual_time

FUNCTIONS = ["sleep", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"]
ALSO = ["gmtime", "localtime", "ctime", "strftime"]


def test_a_sleep_moves_the_clock_and_is_counted_by_whatever_name_it_goes(clock):
    time.sleep(3600)
    bound_sleep(0.5)
    assert (clock.now_s, clock.waits, clock.slept_s) == (3600.5, (3600.0, 0.5), 3600.5)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("time", START + 90),
        ("time_ns", (int(START) + 90) * 10**9),
        *((name, 90) for name in ("monotonic", "perf_counter")),
        *((name, 90 * 10**9) for name in ("monotonic_ns", "perf_counter_ns")),
    ],
)
def test_every_reading_is_the_clock_s(clock, name, told):
    time.sleep(90)
    assert getattr(time, name)() == told
    assert bound_monotonic() == 90


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda: time.strftime("%H:%M:%S", time.gmtime()), "00:01:30"),
        (lambda: time.strftime("%Y"), "2026"),
        (lambda: time.localtime()[0], 2026),
        (lambda: time.ctime()[-4:], "2026"),
        (lambda: dt.datetime.now(dt.UTC).isoformat(), "2026-01-01T00:01:30+00:00"),
        (lambda: bound_datetime.utcnow().isoformat(), "2026-01-01T00:01:30"),  # noqa: DTZ003  # it is asked for
        (lambda: bound_datetime.today().year, 2026),  # noqa: DTZ002
        (lambda: bound_date.today().year, 2026),  # noqa: DTZ011
    ],
)
def test_every_date_is_the_clock_s(clock, read, told):
    time.sleep(90)
    assert read() == told


def test_a_subclass_of_datetime_is_told_the_time_as_itself(clock):
    class Stamp(dt.datetime):
        pass

    assert type(Stamp.now(dt.UTC)) is Stamp
    assert Stamp.now(dt.UTC).timestamp() == START


def test_a_moment_that_is_given_is_told_as_it_is(clock):
    assert time.gmtime(0)[0] == 1970
    assert time.strftime("%Y", time.gmtime(0)) == "1970"


def test_afterwards_everything_is_as_it_was():
    parts = [
        *((time, name) for name in [*FUNCTIONS, *ALSO]),
        *((threading, "_allocate_lock"), (queue, "SimpleQueue"), (dt.datetime, "now")),
        *((threading.Thread, name) for name in ("start", "join", "_bootstrap_inner")),
        *((sys.modules[__name__], name) for name in ("bound_sleep", "bound_monotonic", "BoundQueue")),
    ]

    def standing():
        return [vars(owner)[name] for owner, name in parts]

    before = standing()
    with virtual_time(VirtualClock()):
        assert not any(now is then for now, then in zip(standing(), before, strict=True))
    assert all(now is then for now, then in zip(standing(), before, strict=True))
    assert abs(dt.datetime.now(dt.UTC).timestamp() - time.time()) < 5


def test_it_is_over_also_after_an_exception():
    before = bound_sleep
    with pytest.raises(ZeroDivisionError), virtual_time(VirtualClock()):
        raise ZeroDivisionError
    assert bound_sleep is before


def test_a_name_that_is_bound_meanwhile_is_real_afterwards(monkeypatch):
    module = types.ModuleType("bound_meanwhile")
    with virtual_time(VirtualClock()):
        monkeypatch.setitem(sys.modules, "bound_meanwhile", module)
        exec("from time import monotonic\nasked = lambda: monotonic()", vars(module))  # noqa: S102
        module.kept = module.monotonic
        assert module.asked() == 0
    assert module.monotonic is bound_monotonic
    assert module.kept() == pytest.approx(bound_monotonic(), abs=5)


def test_a_queue_that_a_module_has_bound_itself_waits_in_virtual_time(clock):
    with pytest.raises(queue.Empty):
        BoundQueue().get(timeout=3600)
    assert clock.now_s == 3600


def test_so_it_is_in_a_module_that_keeps_the_machine_s_own_time(monkeypatch):
    module = types.ModuleType("coverage.loaded_meanwhile")
    real = bound_monotonic
    with virtual_time(VirtualClock()):
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec("from time import monotonic", vars(module))  # noqa: S102
    assert module.monotonic is real
    with virtual_time(VirtualClock()):
        assert module.monotonic is real


def test_a_module_that_replaces_another_is_looked_at_anew(monkeypatch):
    for _ in range(2):
        module = types.ModuleType("replaced")
        monkeypatch.setitem(sys.modules, "replaced", module)
        module.monotonic = bound_monotonic
        with virtual_time(VirtualClock()):
            assert module.monotonic() == 0


def test_no_module_is_asked_for_what_it_makes_up(monkeypatch):
    class Shy(types.ModuleType):
        def __getattr__(self, name):
            raise AssertionError(name)

        def __getattribute__(self, name):
            raise AssertionError(name)

    monkeypatch.setitem(sys.modules, "shy", Shy("shy"))
    with virtual_time(VirtualClock()):
        pass


def test_labs_stack_and_the_inner_clock_rules_meanwhile():
    outer, inner = VirtualClock(), VirtualClock()
    with virtual_time(outer):
        time.sleep(5)
        with virtual_time(inner):
            assert time.monotonic() == 0
            time.sleep(7)
        assert time.monotonic() == 5
        time.sleep(1)
    assert (outer.waits, inner.waits) == ((5, 1), (7,))


def test_the_machine_s_own_clock_leaves_time_as_it_is():
    before = time.sleep
    with virtual_time(SystemClock()):
        assert time.sleep is before


@pytest.mark.parametrize(("seconds", "error"), [(-1, ValueError), ("1", TypeError), (math.nan, ValueError)])
def test_what_is_no_length_of_time_is_refused_as_ever(clock, seconds, error):
    with pytest.raises(error):
        time.sleep(seconds)
    assert clock.now_s == 0


def test_who_polls_the_time_and_sleeps_little_comes_through(clock):
    end = time.time() + 60
    while time.time() < end:
        time.sleep(0.25)
    assert (clock.now_s, len(clock.waits)) == (60, 240)


@pytest.mark.parametrize("name", ["time", "monotonic", "perf_counter"])
def test_who_only_polls_the_time_comes_through_always_after_as_many_readings(clock, name):
    end, readings = getattr(time, name)() + 2, 1
    while getattr(time, name)() < end:
        readings += 1
    assert (clock.now_s, readings) == (2, 1000 + 2 * 1024 - 1)
    assert clock.waits == ()


def test_who_only_polls_the_date_comes_through(clock):
    end = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    while dt.datetime.now(dt.UTC) < end:
        pass
    assert clock.now_s == 1


def test_who_sleeps_for_no_time_at_all_until_a_time_comes_through(clock):
    end = time.monotonic() + 1
    while time.monotonic() < end:
        time.sleep(0)
    assert clock.now_s == 1


def test_a_few_readings_move_nothing(clock):
    for _ in range(1000):
        time.time()
    assert clock.now_s == 0


def test_the_test_itself_may_let_time_pass(clock):
    clock.advance(30)
    assert (time.monotonic(), clock.waits) == (30, ())


def test_an_action_of_the_clock_comes_in_the_middle_of_a_sleep(clock):
    seen = []
    clock.at(3, lambda: seen.append(time.monotonic()))
    time.sleep(10)
    assert (seen, clock.now_s) == ([3], 10)


def test_a_child_process_is_waited_for_as_it_takes(clock):
    done = subprocess.run(
        [sys.executable, "-c", "import time; time.sleep(0.05); print(7)"],
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    assert (done.stdout.strip(), clock.now_s) == (b"7", 0)


def test_a_forked_child_lives_by_the_machine_s_time(clock):
    child = os.fork()
    if not child:
        os._exit(7 if time.time() - START > 3600 else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert clock.now_s == 0


def test_what_has_to_be_real_can_be(clock):
    with in_real_time():
        assert time.time() - START > 3600
    assert time.time() == START


def test_a_log_record_has_the_clock_s_time(clock, caplog):
    time.sleep(90)
    logging.getLogger(__name__).warning("late")
    assert caplog.records[0].created == pytest.approx(START + 90)


def test_entering_costs_less_than_a_millisecond_once_modules_were_looked_at():
    def cost_s():
        began = perf_counter()
        with virtual_time(VirtualClock()):
            pass
        return perf_counter() - began

    assert min(cost_s() for _ in range(20)) < 0.001


def ask_often(lab, times, note):
    """A program that asks a model again and again, and notes the time of each answer."""
    with lab.upstream("openai", says=["hello"] * times).client() as client:
        for _ in range(times):
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
            for _ in range(5):
                note()


def test_who_asks_for_the_time_while_things_happen_does_not_move_it():
    with Lab() as lab:
        ask_often(lab, 400, time.time)
        assert lab.clock.now_s == 0


def test_no_line_of_a_log_moves_it():
    log = logging.getLogger("quiet")
    log.addHandler(logging.NullHandler())
    with Lab() as lab:
        for _ in range(3_000):
            log.warning("a line")
        assert lab.clock.now_s == 0


def test_an_event_loop_that_has_much_to_do_does_not_move_it():
    async def ask(client, times):
        for _ in range(times):
            await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
            await asyncio.sleep(0)

    with Lab() as lab:
        asyncio.run(ask(lab.upstream("openai", says=["hello"] * 600).async_client(), 600))
        assert lab.clock.now_s == 0
