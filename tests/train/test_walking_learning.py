"""Walking robots that really learn something, in seconds."""

from dataclasses import replace

from surefoot.agent.agent import AgentPolicy
from surefoot.envs.make import make_batched
from surefoot.tasks.walking_config import CommandConfig, WalkingReward
from surefoot.train.evaluate import evaluate
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run
from surefoot.train.session import Session


def test_a_robot_learns_to_stand_up_straight():
    """Sent home, Go2's joints give way under its weight: the base hangs a fifth too low.

    A policy can only learn to send them further; 30,000 steps of one reward term are enough.
    """
    preset = find_preset("quadruped-flat", "default")
    nothing = {name: 0.0 for name in vars(WalkingReward()) if not name.endswith("tolerance")}
    task = replace(
        preset.task,
        reward=WalkingReward(**{**nothing, "height": 20.0}),
        command=CommandConfig(standing_share=1.0),
    )
    config = replace(
        preset, task=task, nb_envs=64, steps=20 * 64 * 24, sim_threads=1,
        algo=replace(preset.algo, batch_size=192),
    )  # fmt: skip
    session = Session(Run(task="quadruped-flat", algo="ppo", preset="default", config=config))

    def height_term():
        env = make_batched(
            "quadruped-flat", task, nb_envs=16, seed=0, imperfect=False, sim_threads=1
        )
        policy = AgentPolicy(session.agent)
        return evaluate(policy, env, episodes=16, max_steps=150).terms["height"]

    before = height_term()
    while not session.finished:
        session.update()
    # 20 x 0.16^2 is 0.51; measured with three seeds: -0.51 before, -0.12 to -0.08 after
    assert before < -0.45
    assert height_term() > -0.2
