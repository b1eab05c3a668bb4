"""Ctrl-C and a polite kill: the robot comes to rest, the report is there, handlers are restored."""

import json
import signal
import subprocess
import sys

import pytest

from support_deploy import Puppet, Rig
from surefoot.deploy.loop import deploy


def raise_at(*steps: int, number: int = signal.SIGINT):
    def on_step(step: int) -> None:
        if step in steps:
            signal.raise_signal(number)

    return on_step


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_robot_safely(number):
    before = signal.getsignal(number)
    env = Rig(on_step=raise_at(5, number=number))
    report = deploy(Puppet(1.0), env, realtime=False)
    assert report.stop_reason == "interrupt" and not report.is_fault
    assert report.message == "stopped by Ctrl-C or a request to terminate"
    # the step under way is finished, then the ramp of 40 steps begins
    assert (report.steps, report.ramp_steps, env.nb_closed) == (5, 40, 1)
    assert env.actions[-1][0] == 0.0
    assert signal.getsignal(number) is before


def test_a_second_signal_skips_the_rest_of_the_ramp():
    before = signal.getsignal(signal.SIGINT)
    env = Rig(on_step=raise_at(5, 12))
    report = deploy(Puppet(1.0), env, realtime=False)
    assert report.message == "stopped at once, on a second Ctrl-C"
    assert (report.steps, report.ramp_steps, env.nb_closed) == (5, 6, 1)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_impatient_signal_does_not_leave_the_robot_on():
    class Slow(Rig):
        def close(self) -> None:
            super().close()
            if self.nb_closed == 1:
                signal.raise_signal(signal.SIGINT)

    env = Slow(on_step=raise_at(2, 3))
    report = deploy(Puppet(1.0), env, realtime=False)
    assert (report.stop_reason, env.nb_closed) == ("interrupt", 2)  # closed again, to its end


PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
from support_deploy import Puppet
from surefoot.deploy import deploy, make_env
env = make_env("Upkie-Mock-Pendulum", frequency=200.0)
first = lambda record: record.time_s or print("running", flush=True)
print(json.dumps(deploy(Puppet(1.0), env, on_step=first).to_json()), flush=True)
"""


def test_a_process_in_real_time_reports_after_ctrl_c(request):
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(request.config.rootpath / "tests")],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "running\n"
        child.send_signal(signal.SIGINT)
        output, _ = child.communicate(timeout=60)
    finally:
        child.kill()
    report = json.loads(output)
    assert child.returncode == 0
    assert (report["stop_reason"], report["ramp_steps"]) == ("interrupt", 40)
    assert report["realtime"]
