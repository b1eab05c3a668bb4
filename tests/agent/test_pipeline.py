"""What surrounds the networks, step by step with numbers one can follow."""

import pytest
import torch

from surefoot.agent.config import AgentConfig
from surefoot.agent.pipeline import Pipeline
from surefoot.errors import InvalidConfig, UnknownName
from surefoot.signals import Interface, Layout, Signal


def _interface(bound=2.0, dt=0.005):
    signals = (Signal(name="pitch", unit="rad"), Signal(name="speed", unit="m/s"))
    action = Layout((Signal(name="velocity", unit="m/s", low=-bound, high=bound),))
    return Interface(observation=Layout(signals), action=action, dt=dt)


def test_an_output_of_one_held_a_fifth_of_a_second_commands_two_metres_per_second():
    pipeline = Pipeline(AgentConfig(action_rates=(10.0,)), _interface())
    state = pipeline.initial_state(1)
    for k in range(1, 61):
        action, state = pipeline.act(torch.tensor([[1.0]]), state)
        assert action.item() == pytest.approx(min(0.05 * k, 2.0), abs=1e-5)
    action, _ = pipeline.act(torch.tensor([[99.0]]), pipeline.initial_state(1))
    assert action.item() == pytest.approx(0.05)  # outputs are clipped to [-1, 1]


def test_history_holds_the_newest_entry_last_and_begins_filled():
    config = AgentConfig(history=3, append_last_command=True, action_rates=(10.0,))
    pipeline = Pipeline(config, _interface())
    state = pipeline.initial_state(1)
    features, state = pipeline.observe(torch.tensor([[1.0, 10.0]]), state)
    assert features.tolist() == [[1.0, 10.0, 0.0] * 3]
    _, state = pipeline.act(torch.tensor([[1.0]]), state)
    features, state = pipeline.observe(torch.tensor([[2.0, 20.0]]), state)
    assert features[0].tolist() == pytest.approx([1, 10, 0, 1, 10, 0, 2, 20, 0.05])
    assert pipeline.newest_frame(state)[0].tolist() == pytest.approx([2.0, 20.0, 0.05])


def test_published_history_is_ten_times_five():
    signals = tuple(Signal(name=f"s{i}", unit="1") for i in range(4))
    interface = Interface(
        observation=Layout(signals), action=_interface().action, dt=0.005
    )  # four values and the last command
    config = AgentConfig(history=10, append_last_command=True, action_rates=(10.0,))
    assert Pipeline(config, interface).feature_size == 50


def test_a_cleared_row_begins_a_new_episode_and_leaves_the_others():
    pipeline = Pipeline(AgentConfig(history=2), _interface())
    state = pipeline.initial_state(2)
    _, state = pipeline.observe(torch.ones(2, 2), state)
    state[0] = 0.0
    features, _ = pipeline.observe(torch.full((2, 2), 5.0), state)
    assert features.tolist() == [[5.0, 5.0, 5.0, 5.0], [1.0, 1.0, 5.0, 5.0]]


def test_actions_are_rescaled_to_the_bounds():
    signals = (Signal(name="a", unit="1", low=-1.0, high=3.0),)
    interface = Interface(observation=_interface().observation, action=Layout(signals), dt=1.0)
    pipeline = Pipeline(AgentConfig(), interface)
    outputs = torch.tensor([[-1.0], [0.0], [1.0], [7.0]])
    action, _ = pipeline.act(outputs, pipeline.initial_state(4))
    assert action[:, 0].tolist() == [-1.0, 1.0, 3.0, 3.0]


def test_chosen_inputs_are_the_named_slices():
    pipeline = Pipeline(AgentConfig(inputs=("speed",)), _interface())
    features, _ = pipeline.observe(torch.tensor([[1.0, 2.0]]), pipeline.initial_state(1))
    assert features.tolist() == [[2.0]]
    with pytest.raises(UnknownName, match="Did you mean 'speed'"):
        Pipeline(AgentConfig(inputs=("sped",)), _interface())


def test_one_rate_per_action_value():
    with pytest.raises(InvalidConfig, match="1 values, 2 rates"):
        Pipeline(AgentConfig(action_rates=(1.0, 2.0)), _interface())


def test_normalisation_is_per_signal_and_clipped():
    pipeline = Pipeline(AgentConfig(normalize_observation=True, history=2), _interface())
    assert pipeline.moments is not None
    pipeline.moments.update(torch.tensor([[0.0, 10.0], [2.0, 30.0]]))  # mean 1, 20; std 1, 10
    features, _ = pipeline.observe(torch.tensor([[3.0, -1e9]]), pipeline.initial_state(1))
    assert features[0].tolist() == pytest.approx([2.0, -10.0, 2.0, -10.0])
