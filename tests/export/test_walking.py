"""The exported graph of a walking policy: mirrored networks and memories, without secrets."""

import pytest
import torch

from surefoot.agent.agent import Agent, AgentPolicy
from surefoot.agent.config import AgentConfig
from surefoot.deploy import OnnxPolicy, PolicyCard
from surefoot.envs.make import make_batched
from surefoot.export.onnx import export_policy
from surefoot.tasks.walking_config import WalkingConfig


@pytest.mark.parametrize("memory", ["none", "lstm", "gru"])
def test_the_graph_acts_as_the_agent_and_reads_no_secrets(tmp_path, memory):
    env = make_batched("quadruped-flat", WalkingConfig(), nb_envs=3, seed=0, sim_threads=1)
    config = AgentConfig(
        mirror="network", memory=memory, memory_size=6, history=2, append_last_command=True,
        normalize_observation=True, net_arch_pi=(16,), net_arch_vf=(16,),
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    agent = Agent(config, env.interface, generator)
    with torch.no_grad():
        agent.actor[-1].weight.mul_(100.0)
    state, observation = agent.pipeline.initial_state(3), env.reset()
    agent.pipeline.learn_moments([agent.pipeline.observe(observation, state)[1]])
    robot = agent.for_robot()
    card = PolicyCard(
        task="quadruped-flat",
        observation=robot.interface.observation.signals,
        action=robot.interface.action.signals,
        rate_hz=50.0,
        state_size=robot.pipeline.state_size,
    )
    path = tmp_path / "policy.onnx"
    export_policy(agent, card, path)
    exported, ours = OnnxPolicy(path), AgentPolicy(agent)
    exported.reset(3)
    ours.reset(3)
    for _ in range(10):
        action = ours.act(observation)
        theirs = torch.from_numpy(exported.act(observation[:, :38].numpy()))  # 47 with secrets
        torch.testing.assert_close(theirs, action, rtol=1e-5, atol=1e-5)
        observation = env.step(action).obs
    assert action.std() > 0.05
