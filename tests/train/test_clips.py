"""Clips of a training: when, what is on them, and that the training never notices."""

import gymnasium
import numpy as np
import pytest
import torch

from support import assert_same_state, short_run
from support_video import read_video
from surefoot.errors import InvalidConfig, NotFinite
from surefoot.tasks.catalog import TASKS
from surefoot.tasks.gymnasium_config import GymnasiumConfig
from surefoot.train import clips
from surefoot.train.clips import clip_path, clip_updates, film_clip
from surefoot.train.film import film, open_stage
from surefoot.train.loop import train
from surefoot.train.run_folder import create_run_folder
from surefoot.train.session import Session

LENGTH = 7


class Counter(gymnasium.Env):
    """Observes how many steps it has made, looks ten shades brighter each, and ends after seven."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012 - Gymnasium's form
    observation_space = gymnasium.spaces.Box(0.0, 10.0, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, dt: float = 0.02, render_mode: str | None = None) -> None:
        self.dt, self.render_mode, self.steps = dt, render_mode, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.steps += 1
        ended = self.steps == LENGTH
        return np.full(1, self.steps, np.float32), 1.0, ended, False, {}

    def render(self):
        return np.full((160, 160, 3), 60 + 10 * self.steps, dtype=np.uint8)


gymnasium.register("Counter-v0", Counter)
gymnasium.register("Slow-v0", Counter, kwargs={"dt": 1.0})


class Still:
    """Does nothing; remembers what it saw, and how often it was told to forget."""

    def __init__(self, action: float = 0.0) -> None:
        self.action, self.forgot, self.seen = action, 0, []

    def reset(self, nb_worlds):
        assert nb_worlds == 1

    def reset_worlds(self, done):
        self.forgot += int(done.sum())

    def act(self, observation):
        self.seen.append(observation.item())
        return torch.full((1, 1), self.action)


def watch(path) -> tuple[list[int], float]:
    """The step that each frame of a `Counter` shows, and the frames per second."""
    frames, fps = read_video(path)
    return [round((float(frame.mean()) - 60.0) / 10.0) for frame in frames], fps


def stage_of(env_id):
    return open_stage(env_id, GymnasiumConfig(env_id=env_id))


def test_clips_are_frequent_at_the_beginning():
    assert clip_updates(64) == {0, 1, 8, 27, 64}  # 64 k^3 / 64
    assert clip_updates(52) == {0, 1, 7, 22, 52}  # 0.8, 6.5 and 21.9, rounded up
    assert clip_updates(2) == {0, 1, 2}
    assert clip_updates(1) == {0, 1}


def test_a_film_shows_every_second_step_of_fifty_a_second(tmp_path):
    policy = Still()
    with stage_of("Counter-v0") as stage:
        film(policy, stage, tmp_path / "a.mp4", range(12))
    # steps 0, 2, 4, 6 of the first episode; it ends with the seventh, so step 8 is 1 of the next
    assert watch(tmp_path / "a.mp4") == ([0, 2, 4, 6, 1, 3], 25.0)
    assert policy.forgot == 1 and policy.seen == [*range(7), *range(5)]


def test_a_film_stops_at_the_end_of_an_episode_once_there_is_enough(tmp_path):
    for enough, shown in ((0, [0, 2, 4, 6]), (6, [0, 2, 4, 6]), (7, [0, 2, 4, 6, 1, 3, 5])):
        with stage_of("Counter-v0") as stage:
            film(Still(), stage, tmp_path / "a.mp4", range(100), enough=enough)
        assert watch(tmp_path / "a.mp4")[0] == shown


def test_a_world_of_one_step_a_second_is_shown_ten_times_as_fast(tmp_path):
    with stage_of("Slow-v0") as stage:
        film(Still(), stage, tmp_path / "a.mp4", range(3))
    assert watch(tmp_path / "a.mp4") == ([0, 1, 2], 10.0)


def test_a_policy_that_is_not_finite_leaves_no_film(tmp_path):
    with stage_of("Counter-v0") as stage, pytest.raises(NotFinite, match="the policy's action"):
        film(Still(float("nan")), stage, tmp_path / "a.mp4", range(3))
    assert [*tmp_path.iterdir()] == []


def test_noise_is_for_our_own_tasks():
    config = GymnasiumConfig(env_id="Counter-v0")
    with (
        pytest.raises(InvalidConfig, match="Counter-v0 has its own"),
        open_stage("Counter-v0", config, imperfect=True),
    ):
        pass


def test_a_preview_of_our_task_is_small_and_as_evaluation_plays_it():
    config = TASKS["upkie-pendulum"].config()
    with open_stage("upkie-pendulum", config, preview=True) as stage:
        stage.env.reset()
        assert stage.picture().shape == (240, 428, 3)
        assert not stage.env.imperfect and stage.env.reset_scale == 1.0
        assert (stage.steps_per_frame, stage.fps) == (8, 25.0)  # 200 Hz


@pytest.mark.parametrize(
    ("task", "algo", "memory"),
    [("upkie-pendulum", "ppo", "none"), ("Surefoot/Labyrinth-v0", "ppo", "gru"),
     ("Surefoot/Labyrinth-v0", "dqn", "none"), ("Counter-v0", "sac", "none")],
)  # fmt: skip
def test_training_is_the_same_bit_for_bit_with_and_without_clips(
    task, algo, memory, tmp_path, monkeypatch
):
    monkeypatch.setattr(clips, "SHORTEST_S", 0.1)
    monkeypatch.setattr(clips, "LONGEST_S", 0.2)
    run = short_run(task, updates=2, algo=algo, memory=memory)
    plain, filmed = Session(run), Session(run)
    train(plain, create_run_folder(tmp_path / "plain", run))
    folder = create_run_folder(tmp_path / "filmed", run)

    def film_the_first(session, metrics):
        if session.nb_updates <= 1:
            film_clip(session, clip_path(folder, session.nb_steps))

    film_the_first(filmed, {})
    train(filmed, folder, on_update=film_the_first)
    names = [f"step-{k * run.config.steps_per_update:09d}.mp4" for k in (0, 1)]
    assert sorted(path.name for path in folder.videos.iterdir()) == names
    states = [{**session.state_dict(), "seconds": 0.0} for session in (plain, filmed)]
    assert_same_state(*states)


def test_every_clip_begins_in_the_same_state(tmp_path, monkeypatch):
    monkeypatch.setattr(clips, "LONGEST_S", 0.1)
    run = short_run("Surefoot/Labyrinth-v0", algo="dqn")
    session = Session(run)
    for name in "ab":
        film_clip(session, tmp_path / name / "a.mp4")
        session.update()
    np.testing.assert_array_equal(*(read_video(tmp_path / name / "a.mp4")[0][0] for name in "ab"))
