"""Your own robot: the Gymnasium environment between its driver and the deployment loop.

    surefoot train quadruped-flat                                   # prints the run's folder
    python examples/own_robot.py RUN/policy.onnx --forward 0.5

`MyRobot` is what you write for a robot of yours: what its sensors read, in the order of the policy
card, and where the joint targets go. Commands and the gait clock come from the deployment loop,
with the card's rate, limits and watchdog. The robot itself is simulated here, in another process
(`own_robot_driver.py`). Stop that one, and the loop notices within a tenth of a second.
"""

import argparse
import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np

from surefoot.deploy import OnnxPolicy, deploy
from surefoot.errors import SurefootError

SENSORS = ("base_linear_velocity", "base_angular_velocity", "gravity", "joint_angle",
           "joint_velocity")  # fmt: skip


class MyRobot(gymnasium.Env):
    """The robot behind the driver's address, for policies with this card."""

    def __init__(self, card, address):
        sensed = [signal for signal in card.observation if signal.source == "sensor"]
        if tuple(signal.name for signal in sensed) != SENSORS:
            names = ", ".join(signal.name for signal in sensed)
            raise SurefootError(f"this robot senses {', '.join(SENSORS)}, the policy reads {names}")
        self._size, layout = sum(signal.size for signal in sensed), card.action_layout
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (self._size,), np.float32)
        self.action_space = gymnasium.spaces.Box(layout.low, layout.high)
        self.dt, self._address = card.dt, address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(5.0)
        self._seen = np.zeros(self._size, np.float32)

    def reset(self, *, seed=None, options=None):
        """Stand as it stands, and wait for the first packet."""
        self._send([])
        self._seen = np.frombuffer(self._socket.recv(4096), np.float32)
        return self._seen, {}

    def step(self, action):
        """Send joint targets, return the newest packet; the loop keeps the rate."""
        self._send(action)
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._seen = np.frombuffer(self._socket.recv(4096), np.float32)
        fallen = self._seen[8] > -0.5  # gravity along the base's own z
        return self._seen, 0.0, bool(fallen), False, {}

    def close(self):
        """Silence: the driver holds the joints by itself."""
        self._socket.close()

    def _send(self, target):
        self._socket.sendto(np.float32(target).tobytes(), self._address)


@contextlib.contextmanager
def running_driver(name):
    """The address of a simulated robot in another process."""
    script = Path(__file__).with_name("own_robot_driver.py")
    with subprocess.Popen([sys.executable, script, name], stdout=subprocess.PIPE) as process:
        try:
            yield "127.0.0.1", int(process.stdout.readline())
        finally:
            process.kill()


def walk(policy, address, *, command, duration_s):
    """Deploy a policy on the robot at `address`; returns the report and the velocities, (T, 3)."""
    seen = []
    report = deploy(
        policy,
        MyRobot(policy.card, address),
        duration_s=duration_s,
        commands=lambda t: command,
        on_step=lambda record: seen.append(record.observation[:3]),
    )
    return report, np.array(seen)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("policy", help="policy.onnx of a walking task")
    parser.add_argument("--forward", type=float, default=0.5, help="m/s (default: 0.5)")
    parser.add_argument("--turn", type=float, default=0.0, help="rad/s (default: 0)")
    parser.add_argument("--duration", type=float, default=10.0, help="s (default: 10)")
    options = parser.parse_args()
    try:
        policy = OnnxPolicy(options.policy)
        with running_driver(policy.card.robot) as address:
            report, velocity = walk(
                policy, address, command=[options.forward, 0.0, options.turn],
                duration_s=options.duration,
            )  # fmt: skip
    except SurefootError as error:
        parser.error(str(error))
    settled = velocity[len(velocity) // 4 :]
    print(f"{policy.card.robot}: {report.message} after {report.duration_s:.1f} s; "
          f"forward {settled[:, 0].mean():.2f} m/s of {options.forward:g}; "
          f"{report.missed_deadlines} deadlines missed")  # fmt: skip
