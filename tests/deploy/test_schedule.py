"""Ticks, by a clock that moves only when it is told to."""

import pytest

from support_deploy import FakeClock
from surefoot.deploy.schedule import OwnSchedule, WatchedSchedule


def test_a_late_step_neither_shifts_the_ticks_nor_starts_a_burst():
    clock = FakeClock()
    schedule = OwnSchedule(0.010, now=clock.now, sleep=clock.sleep)
    sent = []
    for work in (0.004, 0.004, 0.025, 0.004, 0.004):
        schedule.before_step()
        sent.append(clock.time)
        clock.work(work)
    # Ticks at 0, 10, 20 ms. Then 25 ms of work end at 45 ms: the ticks at 30 and 40 ms have
    # passed, 15 ms is the lateness. The action goes out at once; the next tick ahead is at 50 ms.
    assert sent == pytest.approx([0.0, 0.010, 0.020, 0.045, 0.050])
    assert clock.slept == pytest.approx([0.006, 0.006, 0.001])
    assert schedule.nb_missed == 2
    assert schedule.worst_lateness_s == pytest.approx(0.015)


def test_ticks_do_not_drift_over_an_hour():
    clock = FakeClock()
    schedule = OwnSchedule(0.005, now=clock.now, sleep=lambda s: clock.work(s + 60e-6))
    for _ in range(720_001):
        schedule.before_step()  # each sleep is 60 us too long, as real ones are
    # Tick 720000 is at 3600 s; only its own sleep came late, not the sum of 720000
    assert clock.time == pytest.approx(3600.0 + 60e-6, abs=1e-9)
    assert schedule.nb_missed == 0


def test_an_environment_that_waits_is_measured_and_not_slept_for():
    clock = FakeClock()
    schedule = WatchedSchedule(0.010, now=clock.now)
    for period in (0.0, 0.010, 0.0105, 0.0115, 0.025, 0.009):
        schedule.before_step()
        clock.work(period)
        schedule.after_step()
    # 0.5 ms late is within 10 %; 1.5 ms late is one tick, 15 ms late are two
    assert schedule.nb_missed == 1 + 2
    assert schedule.worst_lateness_s == pytest.approx(0.015)
    assert clock.slept == []
