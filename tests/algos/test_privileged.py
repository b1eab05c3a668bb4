"""Every on-policy algorithm with a critic that sees more than the policy, on both sides alike."""

from dataclasses import replace

import pytest
import torch

from surefoot.algos.catalog import ALGORITHMS
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run
from surefoot.train.session import Session


@pytest.mark.parametrize("memory", ["none", "gru"])
@pytest.mark.parametrize("algo", ["vpg", "ppo", "rpo", "rnd", "ppg"])
def test_it_learns_from_what_only_a_simulator_knows(algo, memory):
    preset = find_preset("quadruped-flat", "default")
    settings = {"n_steps": 8, "normalize_return": True}
    if algo != "vpg":
        settings |= {"batch_size": 16, "n_epochs": 1}
    if algo == "ppg":
        settings |= {"n_policy": 1, "n_aux_epochs": 1}
    config = replace(
        preset, algo=replace(ALGORITHMS[algo].config(), **settings), nb_envs=4, steps=64,
        agent=replace(preset.agent, memory=memory, memory_size=4, net_arch_pi=(8,),
                      net_arch_vf=(8,)), sim_threads=1,
    )  # fmt: skip
    session = Session(Run(task="quadruped-flat", algo=algo, preset="default", config=config))
    agent = session.agent
    first = agent.critic[0].weight.clone()
    metrics = [session.update() for _ in range(2)][-1]
    assert all(torch.isfinite(torch.tensor(value)) for value in metrics.values())
    moved = (agent.critic[0].weight - first).abs().amax(dim=0)
    assert (moved[-9:] > 0.0).any()  # height, four soles, four contacts
    assert agent.nb_seen == agent.nb_policy + 9
