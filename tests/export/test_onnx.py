"""Torch, ONNX and the deployment loop do the same, and the files are whole or not there."""

import dataclasses
import json
import os
import resource
import signal
from pathlib import Path

import gymnasium
import numpy as np
import onnx
import pytest
import torch

from surefoot.agent.agent import Agent, AgentPolicy
from surefoot.agent.config import AgentConfig
from surefoot.deploy import OnnxPolicy, PolicyCard, deploy
from surefoot.envs.make import make_batched
from surefoot.errors import BadFile, Mismatch, SurefootError
from surefoot.export.onnx import export_policy
from surefoot.signals import Interface, Layout, Signal
from surefoot.train.presets import find_preset

TOLERANCE = 1e-5
NB_STEPS = 400


def scrambled(config: AgentConfig, interface: Interface, *, gain: float) -> Agent:
    """An untrained agent with random weights large enough to matter, and random moments."""
    generator = torch.Generator().manual_seed(3)
    agent = Agent(config, interface, generator)
    with torch.no_grad():
        last = agent.actor[-1]
        last.weight.mul_(gain)
        last.bias.normal_(generator=generator)
        if agent.pipeline.moments is not None:
            agent.pipeline.moments.mean.normal_(std=0.1, generator=generator)
            agent.pipeline.moments.var.uniform_(0.1, 2.0, generator=generator)
    return agent


def card_of(agent: Agent, task: str) -> PolicyCard:
    action = agent.interface.action
    return PolicyCard(
        task=task,
        observation=agent.interface.observation.signals,
        action=action.signals if isinstance(action, Layout) else (),
        nb_choices=0 if isinstance(action, Layout) else action,
        rate_hz=1.0 / agent.interface.dt,
        state_size=agent.pipeline.state_size,
    )


def relative_error(found, expected):
    return np.max(np.abs(found - expected) / np.maximum(1.0, np.abs(expected)))


@pytest.fixture(scope="module")
def pendulum():
    """Environment and agent of the default preset: history, normalisation and integration."""
    preset = find_preset("upkie-pendulum", "default")
    env = make_batched("upkie-pendulum", preset.task, nb_envs=1, seed=5, sim_threads=1)
    return env, scrambled(preset.agent, env.interface, gain=20.0)


@pytest.fixture(scope="module")
def exported(pendulum, tmp_path_factory):
    agent = pendulum[1]
    path = tmp_path_factory.mktemp("export") / "policy.onnx"
    card = export_policy(agent, card_of(agent, "upkie-pendulum"), path)
    return path, card


@pytest.fixture(scope="module")
def episode(pendulum):
    """What torch saw and did in one world, through noise, lag and a reset: (T, O) and (T, A)."""
    env, agent = pendulum
    policy = AgentPolicy(agent)
    policy.reset(1)
    observation, seen, done = env.reset(), [], []
    for _ in range(NB_STEPS):
        seen.append(observation[0].numpy())
        done.append(policy.act(observation)[0].numpy())
        observation = env.step(torch.from_numpy(done[-1])[None]).obs
    return np.array(seen), np.array(done)


class Replay(gymnasium.Env):
    """Shows a recorded episode again, whatever it is sent."""

    def __init__(self, observations, interface):
        layout, action = interface.observation, interface.action
        self.observation_space = gymnasium.spaces.Box(layout.low, layout.high, dtype=np.float32)
        self.action_space = gymnasium.spaces.Box(action.low, action.high, dtype=np.float32)
        self.dt, self._observations, self.sent = interface.dt, observations, []

    def reset(self, *, seed=None, options=None):
        return self._observations[0], {}

    def step(self, action):
        self.sent.append(action.copy())
        following = min(len(self.sent), len(self._observations) - 1)
        return self._observations[following], 0.0, False, False, {}


def test_onnx_repeats_a_recorded_episode_of_torch(exported, episode):
    observations, actions = episode
    assert np.mean(np.abs(actions) < 1.9) > 0.05 and np.std(actions) > 0.1  # it does something
    policy = OnnxPolicy(exported[0])
    repeated = np.array([policy.act(observation) for observation in observations])
    assert relative_error(repeated, actions) <= TOLERANCE


def test_the_deployment_loop_repeats_it_too(exported, episode, pendulum):
    observations, actions = episode
    env = Replay(observations, pendulum[0].interface)
    report = deploy(OnnxPolicy(exported[0]), env, duration_s=NB_STEPS * env.dt, realtime=False)
    assert (report.stop_reason, report.steps, report.clamped) == ("duration", NB_STEPS, 0)
    assert relative_error(np.array(env.sent[:NB_STEPS]), actions) <= TOLERANCE


def test_many_robots_side_by_side_do_what_each_does_alone(exported, episode):
    observations = episode[0]
    policy = OnnxPolicy(exported[0])
    policy.reset(3)
    together = np.array(
        [policy.act(np.stack([o, 2.0 * o, -o])) for o in observations[:50]]
    )  # (T, 3, 1)
    for column, factor in enumerate((1.0, 2.0, -1.0)):
        policy.reset()
        alone = np.array([policy.act(np.float32(factor) * o) for o in observations[:50]])
        assert relative_error(together[:, column], alone) <= TOLERANCE


def test_the_graph_has_the_promised_ports_and_no_trace_of_the_machine(exported, pendulum):
    path, card = exported
    state = str(pendulum[1].pipeline.state_size)
    graph = onnx.load(path).graph
    ports = {
        port.name: [d.dim_param or str(d.dim_value) for d in port.type.tensor_type.shape.dim]
        for port in (*graph.input, *graph.output)
    }
    assert ports == {"observation": ["N", "4"], "state": ["N", state], "action": ["N", "1"],
                     "next_state": ["N", state]}  # fmt: skip
    content = path.read_bytes()
    for trace in (str(Path.home()), str(Path(torch.__file__).parents[1]), os.getcwd(), ".py"):
        assert trace.encode() not in content
    assert sorted(p.name for p in path.parent.iterdir()) == ["policy.json", "policy.onnx"]
    assert json.loads(path.with_suffix(".json").read_text())["onnx_sha256"] == card.onnx_sha256


def test_choices_are_exported_as_their_numbers(tmp_path, capfd):
    interface = Interface(
        observation=Layout((Signal(name="observation", unit="1", size=4),)), action=2, dt=0.02
    )
    agent = scrambled(AgentConfig(normalize_observation=True), interface, gain=500.0)
    agent.train()
    random_state = torch.get_rng_state()
    path = tmp_path / "policy.onnx"
    export_policy(agent, card_of(agent, "CartPole-v1"), path)
    assert capfd.readouterr() == ("", "")  # the exporter talks; we do not
    assert agent.training and torch.equal(torch.get_rng_state(), random_state)
    policy = OnnxPolicy(path)
    policy.reset(64)
    observation = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    expected, _ = agent(observation, agent.pipeline.initial_state(64))
    chosen = policy.act(observation.numpy())
    assert set(chosen.flatten()) == {0.0, 1.0}
    assert (chosen == expected.numpy()).all()


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_memory_is_exported_with_its_state(kind, pendulum, tmp_path):
    """An agent with all that has a state: history, action held and integrated, and a memory."""
    env = pendulum[0]
    config = dataclasses.replace(
        find_preset("upkie-pendulum", "default").agent, memory=kind, memory_size=16
    )
    agent = scrambled(config, env.interface, gain=100.0)
    path = tmp_path / "policy.onnx"
    export_policy(agent, card_of(agent, "upkie-pendulum"), path)
    layer = agent.memory.layer  # the exporter swaps its weights and puts them back
    assert all(a is b for a, b in zip(layer._flat_weights, layer.parameters(), strict=True))
    torch_policy, policy = AgentPolicy(agent), OnnxPolicy(path)
    torch_policy.reset(1)
    observation, actions = env.reset(), []
    for _ in range(200):
        actions.append(torch_policy.act(observation))
        repeated = policy.act(observation.numpy())
        assert relative_error(repeated, actions[-1].numpy()) <= TOLERANCE
        observation = env.step(actions[-1]).obs
    assert torch.cat(actions).std() > 0.1  # it does something
    memory = agent.pipeline.memory(torch.from_numpy(policy._state))
    assert memory.shape == (1, {"lstm": 32, "gru": 16}[kind]) and memory.abs().max() > 0.1


def test_a_card_of_another_agent_is_refused(pendulum, tmp_path):
    agent = pendulum[1]
    card = card_of(agent, "upkie-pendulum")
    path = tmp_path / "policy.onnx"
    for change, message in (
        ({"observation": card.observation[:3]}, "the card's observation is"),
        ({"state_size": 1}, f"state_size is 1, the agent's is {agent.pipeline.state_size}"),
        ({"rate_hz": 100.0}, r"rate is 100\.0 Hz, the agent's is 200\.0 Hz"),
    ):
        with pytest.raises(Mismatch, match=message):
            export_policy(agent, dataclasses.replace(card, **change), path)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_finite_are_named(pendulum, tmp_path):
    env, _ = pendulum
    agent = scrambled(find_preset("upkie-pendulum", "default").agent, env.interface, gain=1.0)
    with torch.no_grad():
        agent.actor[0].weight[2, 3] = torch.nan
    with pytest.raises(SurefootError, match=r"the agent's 'actor\.0\.weight' is not finite"):
        export_policy(agent, card_of(agent, "upkie-pendulum"), tmp_path / "policy.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_previous_policy(pendulum, exported):
    agent, path = pendulum[1], exported[0]
    before = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(
            BadFile, match=r"cannot be written \(File too large\)\. Free some space"
        ):
            export_policy(agent, card_of(agent, "upkie-pendulum"), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == before
