"""The lecture's first policy: drive forward as fast as you lean, v = 10 pitch.

    python examples/first_policy.py                          # falls after a few seconds
    python examples/first_policy.py Upkie-PyBullet-Pendulum  # stands
    python examples/first_policy.py Upkie-Mock-Pendulum      # no physics at all

In PyBullet the wheels rest on pairs of contact points, a flat spot that helps to balance. On
MuJoCo's round wheels the same feedback has a root that grows at about 1 per second; standing takes
a velocity gain above 1, as `stabilising` has.
"""

import sys

import numpy as np

from surefoot.deploy import make_env


def lecture(observation):
    """Drive forward as fast as you lean."""
    action = np.zeros(1, dtype=np.float32)
    action[0] = 10.0 * observation[0]
    return action


def stabilising(observation):
    """The same with damping; observation: pitch, position, and their velocities."""
    return np.clip(observation @ np.float32([20.0, 1.0, 2.0, 1.5]), -2.9, 2.9).reshape(1)


def time_upright(policy, env, duration=10.0):
    """Seconds until the robot falls, at most `duration`."""
    observation, _ = env.reset(seed=0)
    for step in range(round(duration / env.unwrapped.dt)):
        observation, _, terminated, _, _ = env.step(policy(observation))
        if terminated:
            return (step + 1) * env.unwrapped.dt
    return duration


if __name__ == "__main__":
    env_id = sys.argv[1] if len(sys.argv) > 1 else "Upkie-MuJoCo-Pendulum"
    env = make_env(env_id, frequency=200.0)
    for policy in (lecture, stabilising):
        print(f"{env_id}, {policy.__name__}: upright for {time_upright(policy, env):.2f} of 10 s")
    env.close()
