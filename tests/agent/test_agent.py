"""Who sees what: the value function knows what only a simulator knows, the policy does not."""

from dataclasses import replace

import pytest
import torch

from surefoot.agent.agent import Agent, AgentPolicy
from surefoot.agent.config import AgentConfig
from surefoot.agent.pipeline import Pipeline
from surefoot.algos.ppg import PPG
from surefoot.algos.ppg_config import PPGConfig
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Mirror, Signal

INTERFACE = Interface(
    observation=Layout(
        (
            Signal(name="lean", unit="rad", size=3),
            Signal(name="speed", unit="m/s", source="operator"),
            Signal(name="contact", unit="1", size=2, source="simulator"),
        )
    ),
    action=Layout((Signal(name="torque", unit="N m", low=-1.0, high=1.0, size=2),)),
    dt=0.02,
)
VARIANTS = {
    "plain": {},
    "normalized": {"normalize_observation": True, "append_last_command": True, "history": 2},
    "lstm": {"memory": "lstm", "memory_size": 5},
    "gru": {"memory": "gru", "memory_size": 5, "normalize_observation": True},
    "repeat": {"action_repeat": 3, "history": 2},
}


def _agent(**settings):
    config = AgentConfig(net_arch_pi=(8,), net_arch_vf=(8,), **settings)
    generator = torch.Generator().manual_seed(0)
    agent = Agent(config, INTERFACE, generator)
    with torch.no_grad():
        agent.actor[-1].weight.mul_(50.0)
        for moments in (agent.pipeline.moments, agent.pipeline.secret_moments):
            if moments is not None:
                moments.update(torch.randn(20, len(moments.mean), generator=generator))
    return agent.eval()


def _act_and_value(agent, observations):
    state, played = agent.pipeline.initial_state(len(observations[0])), []
    with torch.no_grad():
        for observation in observations:
            features, state = agent.pipeline.observe(observation, state)
            seen, state = agent.look(features, state)
            action, state = agent.pipeline.act(agent.mode(seen), state)
            played.append((action, agent.value(seen)))
    return [torch.stack(parts) for parts in zip(*played, strict=True)]


def _observations(nb_steps=5):
    return torch.randn(nb_steps, 6, 6, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=list(VARIANTS))
def test_what_only_a_simulator_knows_changes_the_value_and_no_action(settings):
    agent, seen = _agent(**settings), _observations()
    told = seen.clone()
    told[..., 4:] += 1.0
    actions, values = _act_and_value(agent, seen)
    same, others = _act_and_value(agent, told)
    assert torch.equal(actions, same)
    assert ((values - others).abs() > 1e-3).all()
    moved = seen.clone()
    moved[..., 0] += 1.0
    assert not torch.equal(_act_and_value(agent, moved)[0], actions)


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=list(VARIANTS))
def test_the_agent_for_the_robot_acts_alike_and_knows_no_secrets(settings):
    agent, seen = _agent(**settings), _observations()
    robot = agent.for_robot()
    assert robot.interface == INTERFACE.on_robot and robot.interface.observation.size == 4
    assert robot.nb_seen == robot.nb_policy == agent.nb_policy
    assert robot.pipeline.state_size == agent.pipeline.state_size - 2
    assert not robot.training
    actions, _ = _act_and_value(agent, seen)
    state, played = robot.pipeline.initial_state(6), []
    with torch.no_grad():
        for observation in seen:
            action, state = robot(observation[:, :4], state)
            played.append(action)
    assert torch.equal(torch.stack(played), actions)
    assert robot.for_robot() is robot


def test_a_policy_reads_what_there_is_on_the_robot():
    agent, seen = _agent(memory="gru", memory_size=5), _observations()
    whole, sensed = AgentPolicy(agent), AgentPolicy(agent)
    whole.reset(6)
    sensed.reset(6)
    for observation in seen:
        assert torch.equal(whole.act(observation), sensed.act(observation[:, :4]))


def test_the_newest_secrets_are_remembered_with_the_features():
    pipeline = Pipeline(AgentConfig(history=2), INTERFACE)
    assert (pipeline.sensed_size, pipeline.feature_size, pipeline.state_size) == (8, 10, 16)
    state = pipeline.initial_state(1)
    first, second = torch.arange(6.0)[None], 10.0 + torch.arange(6.0)[None]
    _, state = pipeline.observe(first, state)
    features, state = pipeline.observe(second, state)
    assert features[0].tolist() == [0, 1, 2, 3, 10, 11, 12, 13, 14, 15]
    assert torch.equal(pipeline.features(state), features)


def test_off_policy_agents_have_no_secrets():
    pipeline = Pipeline(AgentConfig(), INTERFACE, with_secrets=False)
    assert (pipeline.feature_size, len(pipeline.secrets)) == (4, 0)


def test_no_policy_asks_for_what_no_robot_senses():
    with pytest.raises(
        InvalidConfig, match=r"agent\.inputs has 'contact', which no robot can sense"
    ):
        Agent(AgentConfig(inputs=("lean", "contact")), INTERFACE)


def test_an_auxiliary_value_of_ppg_knows_only_what_its_policy_knows():
    agent = Agent(AgentConfig(net_arch_pi=(8,), net_arch_vf=(8,)), INTERFACE)
    learner = PPG(agent, PPGConfig(), total_updates=1, generator=torch.Generator())
    assert learner.own.in_features == 8
    assert agent.actor[0].in_features == 4 and agent.critic[0].in_features == 6


def test_the_robots_interface_keeps_the_mirror_of_what_it_senses():
    whole = replace(
        INTERFACE,
        observation_mirror=Mirror((1, 0, 2, 3, 5, 4), (1.0, 1.0, -1.0, -1.0, 1.0, 1.0)),
        action_mirror=Mirror((1, 0), (1.0, 1.0)),
    )
    assert whole.on_robot.observation_mirror == Mirror((1, 0, 2, 3), (1.0, 1.0, -1.0, -1.0))
    assert [signal.name for signal in whole.sensed] == ["lean", "speed"]
    with pytest.raises(InvalidConfig, match="a mirror of 1 values, for a vector of 6"):
        replace(INTERFACE, observation_mirror=Mirror((0,), (1.0,)))
    for order, sign in (((1, 2, 0), (1.0,) * 3), ((0, 0), (1.0,) * 2), ((0, 1), (1.0, 0.5)),
                        ((0, 1), (1.0,))):  # fmt: skip
        with pytest.raises(InvalidConfig, match="a mirror swaps elements in pairs"):
            Mirror(order, sign)
    with pytest.raises(InvalidConfig, match="pairs need equal signs"):
        Mirror((1, 0), (1.0, -1.0))
