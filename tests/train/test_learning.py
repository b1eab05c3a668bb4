"""Off-policy learning that really learns, in seconds: small networks, a few thousand steps."""

from dataclasses import replace

from surefoot.agent.agent import AgentPolicy
from surefoot.envs.gymnasium_env import make_gymnasium
from surefoot.train.evaluate import evaluate
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run
from surefoot.train.session import Session


def _trained_return(task, algo, *, steps, hidden, **settings):
    preset = find_preset(task, "default", algo=algo)
    agent = replace(preset.agent, net_arch_pi=hidden, net_arch_vf=hidden)
    config = replace(preset, steps=steps, agent=agent, algo=replace(preset.algo, **settings))
    session = Session(Run(task=task, algo=algo, preset="default", config=config))
    while not session.finished:
        session.update()
    env = make_gymnasium(config.task, nb_envs=20, seed=0)
    return evaluate(AgentPolicy(session.agent), env, episodes=20, max_steps=10**9).return_mean


def test_dqn_balances_the_pole():
    # a random policy lasts 20 steps, and always the same choice 10
    found = _trained_return(
        "CartPole-v1", "dqn", steps=15_000, hidden=(64, 64), learning_rate=2e-3, gamma=0.98,
        train_freq=2, gradient_steps=1, target_update_interval=50, exploration_fraction=0.3,
        double=True,
    )  # fmt: skip
    assert found > 120.0


def test_sac_swings_the_pendulum_up():
    # a random policy gets -1200, hanging still -1000 and more; upright about -150
    found = _trained_return(
        "Pendulum-v1", "sac", steps=6_000, hidden=(32, 32), batch_size=64, learning_rate=3e-3,
        train_freq=2, gradient_steps=1,
    )  # fmt: skip
    assert found > -400.0
