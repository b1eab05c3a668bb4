"""A simulated robot that nobody can look into: UDP packets with sensors out, joint targets in.

    python examples/own_robot_driver.py go2      # prints its port; runs until somebody stops it

It stands for the driver of a real robot: it runs by the clock, keeps its servos at 500 Hz whatever
the policy does, answers whoever spoke to it last, and holds the joints where they are when nobody
has led it for a tenth of a second.
"""

import argparse
import contextlib
import socket
import time

import mujoco
import numpy as np

from surefoot.errors import SurefootError
from surefoot.robots.registry import find_robot
from surefoot.sim.assembly import build_model

SERVO_DT, PACKET_EVERY, SILENCE_S = 0.002, 5, 0.1


def drive(robot, here):
    """Run `robot` until the process ends; `here` is the socket that targets come to."""
    model = build_model(robot, timestep=SERVO_DT, collisions="feet + body")
    data = mujoco.MjData(model)
    kp = np.array([servo.kp for servo in robot.servos])
    data.qpos[2] = robot.base_height
    data.qpos[7:] = target = np.array([servo.home for servo in robot.servos])
    noise, listener = np.random.default_rng(0), None
    here.setblocking(False)
    begin = time.monotonic()
    heard_at, step = begin, 0
    while True:
        with contextlib.suppress(BlockingIOError):
            while True:  # the newest packet counts; an empty one only says where to answer
                packet, listener = here.recvfrom(4096)
                if packet:
                    target, heard_at = np.frombuffer(packet, np.float32), time.monotonic()
        if time.monotonic() - heard_at > SILENCE_S:
            target, heard_at = data.qpos[7:].copy(), np.inf
        data.ctrl[:] = kp * target  # tau = kp (target - q) - kd qd is in the model
        mujoco.mj_step(model, data)
        step += 1
        if listener is not None and step % PACKET_EVERY == 0:
            here.sendto(sensor_packet(data, noise), listener)
        time.sleep(max(0.0, begin + step * SERVO_DT - time.monotonic()))


def sensor_packet(data, noise):
    """What the sensors read, as float32: velocities and gravity in the base frame, joints."""
    base_to_world = data.xmat[1].reshape(3, 3)
    exact = [base_to_world.T @ data.qvel[:3], data.qvel[3:6], -base_to_world[2],
             data.qpos[7:], data.qvel[6:]]  # fmt: skip
    values = np.concatenate(exact)
    return (values + noise.normal(0.0, 1e-3, len(values))).astype(np.float32).tobytes()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("robot", help="a name in `surefoot list robots`")
    try:
        robot = find_robot(parser.parse_args().robot)
    except SurefootError as error:
        parser.error(str(error))
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        contextlib.suppress(KeyboardInterrupt),
    ):
        here.bind(("127.0.0.1", 0))
        print(here.getsockname()[1], flush=True)
        drive(robot, here)
