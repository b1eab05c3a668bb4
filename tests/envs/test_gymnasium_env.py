"""Foreign environments through our adapter, against Gymnasium itself."""

import gymnasium
import numpy as np
import pytest
import torch

from surefoot.envs.gymnasium_env import check_id, make_gymnasium
from surefoot.errors import InvalidConfig, Mismatch, SurefootError, UnknownName
from surefoot.tasks.gymnasium_config import GymnasiumConfig


class BothAtOnce(gymnasium.Env):
    """Ends its only step by termination and truncation together, at observation 7."""

    observation_space = gymnasium.spaces.Box(-10.0, 10.0, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action):
        return np.full(1, 7.0, np.float32), 1.0, True, True, {}


class Pictures(gymnasium.Env):
    """Observes a dictionary."""

    observation_space = gymnasium.spaces.Dict({"x": gymnasium.spaces.Discrete(2)})
    action_space = gymnasium.spaces.Discrete(2)


class Drawn(BothAtOnce):
    """Looks like what it is given, or fails."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012 - Gymnasium's form

    def __init__(self, picture, render_mode=None):
        self._picture, self.render_mode = picture, render_mode

    def render(self):
        if isinstance(self._picture, Exception):
            raise self._picture
        return self._picture


class Shaded(Drawn):
    """Cannot be made without its argument."""

    def __init__(self, shade, render_mode=None):
        super().__init__(np.full((4, 6, 3), shade, dtype=np.uint8), render_mode)


gymnasium.register("BothAtOnce-v0", BothAtOnce)
for name, picture in (
    ("Blue-v0", np.full((4, 6, 3), (0, 0, 255), dtype=np.uint8)),
    ("Floating-v0", np.zeros((4, 6, 3))),
    ("Grey-v0", np.zeros((4, 6), dtype=np.uint8)),
    ("NoDriver-v0", RuntimeError("no driver\nat all")),
    ("Speechless-v0", RuntimeError()),
):
    gymnasium.register(name, Drawn, kwargs={"picture": picture}, disable_env_checker=True)
gymnasium.register("Shaded-v0", Shaded)
gymnasium.register("Pictures-v0", Pictures)


def test_terminated_wins_and_final_obs_is_the_state_before_the_reset():
    env = make_gymnasium(GymnasiumConfig(env_id="BothAtOnce-v0"), nb_envs=2, seed=0)
    env.reset()
    t = env.step(torch.zeros(2, 1))
    assert t.terminated.all() and not t.truncated.any()
    assert t.final_obs.tolist() == [[7.0], [7.0]] and t.obs.tolist() == [[0.0], [0.0]]


def test_it_plays_what_gymnasium_plays():
    env = make_gymnasium(GymnasiumConfig(env_id="CartPole-v1"), nb_envs=1, seed=0)
    reference = gymnasium.make("CartPole-v1")
    obs = env.reset()
    reference.reset(seed=0)
    reference.unwrapped.state = obs[0].double().numpy()
    for choice in (0, 1, 1, 0, 1):
        t = env.step(torch.tensor([[float(choice)]]))
        expected, reward, *_ = reference.step(choice)
        np.testing.assert_allclose(t.obs[0].numpy(), expected, rtol=1e-5)
        assert t.reward.item() == reward


def draw(env_id, *arguments):
    config = GymnasiumConfig(env_id=env_id, env_kwargs=arguments)
    env = make_gymnasium(config, nb_envs=1, seed=0, pictures=True)
    env.reset()
    return env.picture()


def test_a_picture_is_what_the_environment_draws():
    assert draw("Blue-v0").tolist() == [[[0, 0, 255]] * 6] * 4
    assert draw("Shaded-v0", "shade=9").tolist() == [[[9, 9, 9]] * 6] * 4


@pytest.mark.parametrize(
    ("env_id", "reason"),
    [
        ("Floating-v0", "its pictures are not .* of uint8$"),
        ("Grey-v0", "its pictures are not .* of uint8$"),
        ("NoDriver-v0", "no driver$"),
        ("Speechless-v0", "RuntimeError$"),
    ],
)
def test_what_cannot_be_drawn_says_why(env_id, reason):
    with pytest.raises(SurefootError, match=f"^{env_id} cannot be drawn: {reason}"):
        draw(env_id)


def test_an_environment_without_pictures_is_refused():
    with pytest.raises(Mismatch, match="BothAtOnce-v0 draws no pictures: it has no render mode"):
        draw("BothAtOnce-v0")


def test_interfaces_of_boxes_and_choices():
    choices = make_gymnasium(GymnasiumConfig(env_id="CartPole-v1"), nb_envs=1, seed=0)
    assert choices.interface.action == 2 and choices.interface.observation.size == 4
    box = make_gymnasium(GymnasiumConfig(env_id="Pendulum-v1"), nb_envs=1, seed=0)
    assert box.interface.action.high.tolist() == [2.0]


def test_a_time_limit_of_ours():
    config = GymnasiumConfig(env_id="Pendulum-v1", max_episode_steps=3)
    env = make_gymnasium(config, nb_envs=2, seed=0)
    env.reset()
    ends = [env.step(torch.zeros(2, 1)).truncated.all().item() for _ in range(4)]
    assert ends == [False, False, True, False]


def test_a_misspelt_id_gets_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'CartPole-v1'"):
        make_gymnasium(GymnasiumConfig(env_id="CartPol-v1"), nb_envs=1, seed=0)


def test_observations_that_are_no_box_are_refused():
    with pytest.raises(Mismatch, match="observations must be a Box"):
        make_gymnasium(GymnasiumConfig(env_id="Pictures-v0"), nb_envs=1, seed=0)


@pytest.mark.parametrize("env_id", ["UpkieGroundVelocity-v1", "UpkieGroundVelocity"])
def test_a_former_name_leads_to_the_task_of_today(env_id):
    with pytest.raises(InvalidConfig, match="Did you mean 'upkie-pendulum'"):
        check_id(env_id)


def test_a_module_that_is_not_there_is_named():
    with pytest.raises(InvalidConfig, match=r"No module named 'nowhere'\. Is it installed"):
        check_id("nowhere.envs:Walker-v0")
