"""The lecture's policy gradients line by line, with NumPy alone: one pendulum, one episode at once.

    python examples/policy_gradients_by_hand.py 300    # episodes of each method

`surefoot train course-pendulum --preset lecture` computes the same numbers from the same dice.
"""

import argparse

import numpy as np

ALPHA, STEPS, CONTROLS = 0.99, 100, np.array([-5.0, 0.0, 5.0])
k, l = (i.ravel() for i in np.meshgrid(range(3), range(3), indexing="ij"))  # noqa: E741


def next_state(x, u):
    """Ten Euler steps of 0.01 s; the position moves with the old velocity."""
    theta, omega = x
    for _ in range(10):
        theta, omega = theta + 0.01 * omega, omega + 0.01 * (u - 9.81 * np.sin(theta))
    return np.array([theta % (2.0 * np.pi), np.clip(omega, -6.0, 6.0)])


def cost(x, u):
    """The lecture's."""
    return (x[0] - np.pi) ** 2 + 0.01 * x[1] ** 2 + 1e-5 * u**2


def b(x):
    """Features of the value: 9 cosines and 9 sines."""
    phase = k * x[0] + l * np.pi / 6.0 * x[1]
    return np.concatenate([np.cos(phase), np.sin(phase)])


def psi(x, u):
    """Features of the policy: those of the value, times a bump around each control."""
    bumps = np.exp(-((u - CONTROLS) ** 2) / 0.002) / np.sqrt(2.0 * np.pi * 0.001)
    return np.concatenate([bump * b(x) for bump in bumps])


def probabilities(theta_pi, x):
    """Soft-max of h(x, u) = theta_pi . psi(x, u); floats, unlike the controls of the slide."""
    h = np.array([theta_pi @ psi(x, u) for u in CONTROLS])
    e = np.exp(h - h.max())
    return e / e.sum()


def draw(theta_pi, x, dice):
    """A control, decided by a number in [0, 1)."""
    p = probabilities(theta_pi, x)
    return CONTROLS[int(dice >= p[0]) + int(dice >= p[0] + p[1])]


def grad_log_pi(theta_pi, x, u):
    """psi(x, u) minus its mean under the policy."""
    p = probabilities(theta_pi, x)
    return psi(x, u) - sum(p[a] * psi(x, CONTROLS[a]) for a in range(3))


def play(theta_pi, dice):
    """States, controls and costs of an episode that starts hanging at rest."""
    x, xs, us, gs = np.zeros(2), [], [], []
    for number in dice:
        u = draw(theta_pi, x, number)
        xs.append(x)
        us.append(u)
        gs.append(cost(x, u))
        x = next_state(x, u)
    return xs, us, gs


def reinforce(theta_pi, dice, rate=1e-7):
    """One episode of REINFORCE; changes theta_pi, returns the episode's discounted cost."""
    xs, us, gs = play(theta_pi, dice)
    G = 0.0
    for t in reversed(range(len(xs))):
        G = gs[t] + ALPHA * G
        theta_pi -= rate * ALPHA**t * G * grad_log_pi(theta_pi, xs[t], us[t])
    return G


def reinforce_baseline(theta_pi, theta_V, dice, rate=1e-6, rate_V=0.01):
    """One episode of REINFORCE with baseline."""
    xs, us, gs = play(theta_pi, dice)
    G = 0.0
    for t in reversed(range(len(xs))):
        G = gs[t] + ALPHA * G
        delta = ALPHA**t * (G - theta_V @ b(xs[t]))
        theta_V += rate_V * delta * b(xs[t])
        theta_pi -= rate * delta * grad_log_pi(theta_pi, xs[t], us[t])
    return G


def actor_critic(theta_pi, theta_V, dice, rate=1e-5, rate_V=0.01):
    """One episode of the one-step actor-critic. Time runs out, the world does not end: V stays."""
    x, total = np.zeros(2), 0.0
    for t, number in enumerate(dice):
        u = draw(theta_pi, x, number)
        g, x_next = cost(x, u), next_state(x, u)
        A = g + ALPHA * theta_V @ b(x_next) - theta_V @ b(x)
        theta_V += rate_V * ALPHA**t * A * b(x)
        theta_pi -= rate * ALPHA**t * A * grad_log_pi(theta_pi, x, u)
        total += ALPHA**t * g
        x = x_next
    return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("episodes", nargs="?", type=int, default=300, help="of each method")
    nb_episodes = parser.parse_args().episodes
    if nb_episodes < 1:
        parser.error(f"episodes must be at least 1, got {nb_episodes}")
    for method in (reinforce, reinforce_baseline, actor_critic):
        parameters = [np.zeros(54)] if method is reinforce else [np.zeros(54), np.zeros(18)]
        random = np.random.default_rng(0)
        costs = [method(*parameters, random.random(STEPS)) for _ in range(nb_episodes)]
        first, last = np.mean(costs[:20]), np.mean(costs[-20:])
        print(f"{method.__name__}: {first:.0f} in the first 20 episodes, {last:.0f} in the last")
