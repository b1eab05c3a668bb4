"""Networks that cannot tell left from right: exactly so, with and without memory."""

import math
from dataclasses import replace

import pytest
import torch

from surefoot.agent.agent import Agent
from surefoot.agent.config import AgentConfig
from surefoot.agent.memory import Memory, MirroredMemory, state_size
from surefoot.agent.mirrored import MirroredLinear, Reflect, nothing, swap_of
from surefoot.algos.catalog import ALGORITHMS
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Mirror, Signal

# speed and lean of the body; a command; two legs of two joints; two secret feet and a secret height
INTERFACE = Interface(
    observation=Layout(
        (
            Signal(name="velocity", unit="m/s", size=2),
            Signal(name="turn", unit="rad/s", source="operator"),
            Signal(name="joints", unit="rad", size=4),
            Signal(name="feet", unit="m", size=2, source="simulator"),
            Signal(name="height", unit="m", source="simulator"),
        )
    ),
    action=Layout((Signal(name="target", unit="rad", low=-2.0, high=2.0, size=4),)),
    dt=0.02,
    observation_mirror=Mirror(
        (0, 1, 2, 5, 6, 3, 4, 8, 7, 9), (1.0, -1.0, -1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 1.0, 1.0)
    ),
    action_mirror=Mirror((2, 3, 0, 1), (-1.0, 1.0, -1.0, 1.0)),
)
SEE, ACT = (Reflect(m) for m in (INTERFACE.observation_mirror, INTERFACE.action_mirror))
VARIANTS = {
    "plain": {},
    "history": {"history": 3, "append_last_command": True},
    "normalized": {"normalize_observation": True, "append_last_command": True},
    "lstm": {"memory": "lstm", "memory_size": 5, "append_last_command": True},
    "gru": {"memory": "gru", "memory_size": 4, "normalize_observation": True, "history": 2},
    "rates": {"action_rates": (5.0, 5.0, 5.0, 5.0), "append_last_command": True},
    "repeat": {"action_repeat": 2, "memory": "gru", "memory_size": 4},
    "spread": {"log_std": "network", "activation": "elu"},
}


def _agent(**settings):
    config = AgentConfig(
        mirror="network", **{"net_arch_pi": (8, 6), "net_arch_vf": (10,), **settings}
    )
    generator = torch.Generator().manual_seed(0)
    agent = Agent(config, INTERFACE, generator)
    with torch.no_grad():  # biases too, and actions that can be seen
        for parameter in agent.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return agent.eval()


def _episodes(nb_steps=6):
    return torch.randn(nb_steps, 7, 10, generator=torch.Generator().manual_seed(1))


def _play(agent, observations):
    """Actions, values and deviations along an episode."""
    pipeline, played = agent.pipeline, []
    state = pipeline.initial_state(observations.shape[1])
    with torch.no_grad():
        for observation in observations:
            features, state = pipeline.observe(observation, state)
            seen, state = agent.look(features, state)
            law = agent.distribution(seen)
            action, state = pipeline.act(law.mode, state)
            played.append((action, agent.value(seen), law.entropy()))
    return [torch.stack(parts) for parts in zip(*played, strict=True)]


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=list(VARIANTS))
def test_the_mirrored_episode_has_the_mirrored_actions_and_the_same_values(settings):
    agent, seen = _agent(**settings), _episodes()
    if agent.pipeline.moments is not None:
        state = agent.pipeline.initial_state(7)
        agent.pipeline.learn_moments([agent.pipeline.observe(o, state)[1] for o in seen])
    actions, values, entropies = _play(agent, seen)
    mirrored, same, equal = _play(agent, SEE(seen))
    torch.testing.assert_close(mirrored, ACT(actions), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(same, values, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(equal, entropies, atol=1e-5, rtol=1e-5)
    assert (ACT(actions) - actions).abs().max() > 0.1  # no trivial symmetry
    assert values.std() > 0.1
    plain = Agent(replace(agent.config, mirror="none"), INTERFACE, torch.Generator()).eval()
    ours, theirs = _play(plain, seen)[1], _play(plain, SEE(seen))[1]
    assert (ours - theirs).abs().max() > 1e-3  # without the mirror it would not be so


def test_the_averaged_matrix_by_hand():
    """W = (V + N V M) / 2, with swaps and signs: element by element."""
    layer = MirroredLinear(Mirror((1, 0), (-1.0, -1.0)), Mirror((0, 2, 1), (-1.0, 1.0, 1.0)))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
        layer.bias.copy_(torch.tensor([9.0, 1.0, 2.0]))
    # V M swaps and negates columns: [-2 -1; -4 -3; -6 -5]; N swaps rows and negates the first:
    # [2 1; -6 -5; -4 -3]
    expected = torch.tensor([[1.5, 1.5], [-1.5, -0.5], [0.5, 1.5]])
    torch.testing.assert_close(layer.averaged, expected)
    # the bias: (9 - 9) / 2, (1 + 2) / 2
    out = layer(torch.zeros(1, 2))
    torch.testing.assert_close(out, torch.tensor([[0.0, 1.5, 1.5]]))


def test_weights_begin_with_the_gain_that_was_asked_for():
    """V of gain sqrt(2) g: the average of two independent halves has g; mean over many rows."""
    layer = MirroredLinear(swap_of(200), swap_of(100))
    layer.initialize(0.7, torch.Generator().manual_seed(0))
    norms = layer.averaged.norm(dim=1)  # of rows, which are orthonormal times the gain in V
    assert norms.mean().item() == pytest.approx(0.7, rel=0.05)
    torch.testing.assert_close(
        layer.weight @ layer.weight.T, 2.0 * 0.49 * torch.eye(100), atol=1e-5, rtol=0.0
    )
    assert not layer.bias.any()


def test_reflecting_twice_is_nothing_and_averages_are_fixed():
    x = torch.randn(5, 10, generator=torch.Generator().manual_seed(0))
    assert torch.equal(SEE(SEE(x)), x) and not torch.equal(SEE(x), x)
    torch.testing.assert_close(SEE(SEE.average(x)), SEE.average(x))
    assert swap_of(4).order == (2, 3, 0, 1) and nothing(2) == Mirror((0, 1), (1.0, 1.0))


def test_the_moments_of_a_pair_are_a_pair():
    agent = _agent(normalize_observation=True, append_last_command=True)
    pipeline, moments = agent.pipeline, agent.pipeline.moments
    state = pipeline.initial_state(7)
    pipeline.learn_moments([pipeline.observe(o + 3.0, state)[1] for o in _episodes()])
    frame, secret = Reflect(pipeline.frame_mirror), Reflect(pipeline.secret_mirror)
    torch.testing.assert_close(frame(moments.mean), moments.mean)
    assert moments.mean[1].abs() < 1e-12 and moments.mean[0] > 2.0  # left is as likely as right
    torch.testing.assert_close(moments.var[frame.order], moments.var)
    torch.testing.assert_close(secret(pipeline.secret_moments.mean), pipeline.secret_moments.mean)
    assert float(moments.count) == float(pipeline.secret_moments.count) == 2 * 6 * 7
    # sqrt(1 + 9): 3 on one side and -3 on the other, seen as one spread
    assert moments.std[1].item() == pytest.approx(math.sqrt(10.0), rel=0.2)


def test_secrets_have_their_own_moments_and_without_a_mirror_they_are_seen_once():
    config = AgentConfig(normalize_observation=True)
    pipeline = Agent(config, INTERFACE).pipeline
    observation = torch.zeros(2, 10)
    observation[:, 7:] = torch.tensor([[1.0, 2.0, 3.0], [3.0, 6.0, 3.0]])
    _, state = pipeline.observe(observation, pipeline.initial_state(2))
    pipeline.learn_moments([state])
    assert pipeline.secret_moments.mean.tolist() == [2.0, 4.0, 3.0]
    assert pipeline.secret_moments.std.tolist() == pytest.approx([1.0, 2.0, 1e-4])
    features, _ = pipeline.observe(observation, pipeline.initial_state(2))
    torch.testing.assert_close(features[:, 7:], torch.tensor([[-1.0, -1.0, 0.0], [1.0, 1.0, 0.0]]))
    assert float(pipeline.moments.count) == 2.0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"net_arch_pi": (7,)}, r"needs even widths, got \(7,\) and \(10,\)"),
        ({"net_arch_vf": (8, 3)}, r"needs even widths, got \(8, 6\) and \(8, 3\)"),
        ({"inputs": ("velocity", "feet")}, "agent.inputs has 'feet', which no robot can sense"),
    ],
)
def test_what_cannot_be_mirrored_is_refused(settings, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        _agent(**settings)


def test_a_task_without_a_mirror_is_refused():
    config = AgentConfig(mirror="network")
    for interface in (
        replace(INTERFACE, observation_mirror=None),
        replace(INTERFACE, action_mirror=None),
    ):
        with pytest.raises(InvalidConfig, match="a task that knows left and right, as the walking"):
            Agent(config, interface)


def test_actions_whose_middle_differs_on_left_and_right_are_refused():
    """An output of zero would be the middle on both sides, and no mirror image."""

    def bounded(*bounds):
        signals = tuple(
            Signal(name=f"joint_{i}", unit="rad", low=low, high=high)
            for i, (low, high) in enumerate(bounds)
        )
        return replace(INTERFACE, action=Layout(signals))

    config = AgentConfig(mirror="network")
    # the mirror of the first pair swaps and negates: [-0.9, 1.1] belongs to [-1.1, 0.9]
    Agent(config, bounded((-0.9, 1.1), (0.5, 1.0), (-1.1, 0.9), (0.5, 1.0)))
    for wrong in (
        ((-0.9, 1.1), (0.5, 1.0), (-0.9, 1.1), (0.5, 1.0)),
        ((-1.0, 1.0), (0.5, 1.0), (-1.0, 1.0), (0.4, 1.0)),
    ):
        with pytest.raises(InvalidConfig, match="these differ on left and right"):
            Agent(config, bounded(*wrong))


def test_half_a_pair_is_refused():
    names = ("velocity", "left", "right")
    split = replace(
        INTERFACE,
        observation=Layout(
            (
                Signal(name="velocity", unit="m/s", size=2),
                Signal(name="left", unit="rad"),
                Signal(name="right", unit="rad"),
            )
        ),
        observation_mirror=Mirror((0, 1, 3, 2), (1.0, -1.0, 1.0, 1.0)),
    )
    settings = {"net_arch_pi": (4,), "net_arch_vf": (4,), "mirror": "network"}
    Agent(AgentConfig(inputs=names, **settings), split)
    with pytest.raises(InvalidConfig, match=r"needs both sides of everything in agent\.inputs"):
        Agent(AgentConfig(inputs=names[:2], **settings), split)


def test_chosen_inputs_in_another_order_are_mirrored_too():
    agent, seen = _agent(inputs=("joints", "velocity")), _episodes()
    actions, values, _ = _play(agent, seen)
    mirrored, same, _ = _play(agent, SEE(seen))
    torch.testing.assert_close(mirrored, ACT(actions), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(same, values, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("algo", ["dqn", "sac", "ddpg"])
def test_a_mirror_is_for_on_policy_algorithms(algo):
    interface = INTERFACE
    if algo == "dqn":
        interface = replace(INTERFACE, action=3, action_mirror=Mirror((0,), (1.0,)))
    with pytest.raises(InvalidConfig, match=r"agent\.mirror is for on-policy algorithms"):
        Agent(AgentConfig(mirror="network"), interface, head=ALGORITHMS[algo].config().head)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_mirrored_memory_is_one_for_what_is_seen_and_one_for_its_mirror_image(kind):
    config = AgentConfig(memory=kind, memory_size=4, mirror="network")
    mirror = Mirror((1, 0, 2), (1.0, 1.0, -1.0))
    generator = torch.Generator().manual_seed(0)
    both, one = MirroredMemory(config, mirror, generator), Memory(config, 3, generator)
    one.load_state_dict(both.state_dict())  # the same weights, and nothing else
    assert both.width == 8
    seen = torch.randn(5, 2, 3, generator=generator)
    state = torch.randn(2, state_size(config), generator=generator)
    first, second = state.chunk(2, dim=1)
    done = torch.tensor([[False, True], [False, False], [True, False], [False, False]])
    images = Reflect(mirror)(seen)
    expected = torch.cat([one.unroll(seen, first, done), one.unroll(images, second, done)], dim=2)
    torch.testing.assert_close(both.unroll(seen, state, done), expected)
    after = torch.cat([one(seen, first)[1], one(images, second)[1]], dim=1)
    torch.testing.assert_close(both(seen, state)[1], after)


def test_a_saved_agent_is_the_same_agent():
    agent, other = (_agent(memory="lstm", memory_size=4, normalize_observation=True) for _ in "ab")
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load_state_dict(agent.state_dict())
    for ours, theirs in zip(_play(agent, _episodes()), _play(other, _episodes()), strict=True):
        assert torch.equal(ours, theirs)
