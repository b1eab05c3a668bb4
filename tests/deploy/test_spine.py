"""The robot's own interface: a spine in shared memory, played by a thread with our physics."""

import gc
import math
import mmap
import os
import sys
import threading
import time
from pathlib import Path

import msgpack
import pytest
from upkie.envs.backends.spine.request import Request
from upkie.utils.robot_state import RobotState

from support_deploy import FAST, STABILISING, write_linear_policy
from surefoot.deploy import OnnxPolicy, deploy, make_env
from surefoot.envs.upkie_backend import MuJoCoBackend

SIZE = 1 << 16
pytestmark = pytest.mark.skipif(
    not Path("/dev/shm").is_dir(), reason="POSIX shared memory is not a folder on this system"
)


class Spine(threading.Thread):
    """Answers start, action and stop as the upkie package's spines do; may fall silent.

    Source: `SpineInterface` of upkie 13.1.0: a request, a size and a msgpack dictionary, the first
        two as 32-bit integers.
    """

    def __init__(self, path: Path, silent_after: float = math.inf) -> None:
        super().__init__(daemon=True)
        path.write_bytes(bytes(SIZE))
        descriptor = os.open(path, os.O_RDWR)
        self._memory = mmap.mmap(descriptor, SIZE)
        os.close(descriptor)
        self._physics = MuJoCoBackend(0.005)
        self.silent_after = silent_after
        self.requests: list[Request] = []
        self.actions: list[dict] = []
        self.running = True

    def run(self) -> None:
        while self.running:
            request = Request(int.from_bytes(self._memory[:4], sys.byteorder))
            silent = len(self.actions) >= self.silent_after
            if request == Request.kNone or silent:
                time.sleep(1e-4)
                continue
            self.requests.append(request)
            if request == Request.kStart:
                self._answer(self._physics.reset(RobotState()))
            elif request == Request.kAction:
                size = int.from_bytes(self._memory[4:8], sys.byteorder)
                self.actions.append(msgpack.unpackb(self._memory[8 : 8 + size]))
                self._answer(self._physics.step(self.actions[-1]))
            self._memory[:4] = bytes(4)

    def _answer(self, observation: dict) -> None:
        data = msgpack.packb(observation)
        self._memory[4 : 8 + len(data)] = len(data).to_bytes(4, sys.byteorder) + data


@pytest.fixture
def spine():
    path = Path("/dev/shm") / f"surefoot_test_{os.getpid()}"
    spine = Spine(path)
    spine.start()
    yield spine
    gc.collect()  # the package's backend stops its spine once more when it is deleted
    spine.running = False
    spine.join()
    path.unlink()


def make_robot():
    return make_env(
        "Upkie-Spine-Pendulum", frequency=200.0, regulate_frequency=False,
        shm_name=f"/surefoot_test_{os.getpid()}",
    )  # fmt: skip


def test_the_robot_is_balanced_and_stopped_through_its_spine(spine, tmp_path):
    policy = OnnxPolicy(write_linear_policy(tmp_path, STABILISING, limit=2.9, card=FAST))
    report = deploy(policy, make_robot(), duration_s=0.3, ramp_s=0.05)
    assert (report.stop_reason, report.steps, report.ramp_steps) == ("duration", 60, 10)
    assert report.realtime and report.time_upright_s == pytest.approx(0.3)
    assert len(spine.actions) == 70
    wheels = spine.actions[-1]["servo"]["left_wheel"]
    assert wheels["velocity"] == 0.0 and math.isnan(wheels["position"])
    first, last = spine.requests.index(Request.kStart), spine.requests[-1]
    assert spine.requests[first + 1 : first + 71] == [Request.kAction] * 70
    assert last == Request.kStop  # the motors are off


def test_a_spine_that_falls_silent_ends_in_a_report(spine, tmp_path):
    policy = OnnxPolicy(write_linear_policy(tmp_path, STABILISING, limit=2.9, card=FAST))
    spine.silent_after = 20
    env = make_robot()
    report = deploy(policy, env, duration_s=10.0)
    assert report.stop_reason == "environment failed" and report.is_fault
    assert report.message.startswith("the environment failed to step: UpkieTimeoutError: Spine did")
    assert (report.steps, report.ramp_steps, report.closed) == (20, 0, False)
    assert report.message.endswith("check that the motors are off")
    spine.silent_after = math.inf  # it recovers, and hears the stop when the backend is deleted
    del env
    gc.collect()
    assert spine.requests[-1] == Request.kStop
