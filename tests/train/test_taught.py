"""Learning from a teacher: who plays when, what is remembered of it, and going on without it."""

import io
import shutil
from dataclasses import replace

import pytest
import torch

from support import assert_same_state, balancer, linear_agent
from surefoot.agent.agent import Agent, AgentPolicy
from surefoot.envs.batched import Transition
from surefoot.envs.gymnasium_env import make_gymnasium
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Signal
from surefoot.train.checkpoint import load_checkpoint
from surefoot.train.evaluate import evaluate
from surefoot.train.log import read_progress
from surefoot.train.loop import train
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run, RunFolder, create_run_folder
from surefoot.train.session import Session
from surefoot.train.taught import Taught


class Counter:
    """Counts steps, from 0 and from 100, and pays the choice; episodes take 3 and 4 steps."""

    nb_worlds = 2
    interface = Interface(observation=Layout((Signal(name="count", unit="1"),)), action=2, dt=1.0)

    def __init__(self):
        self.count = torch.zeros(2)

    def _sense(self):
        return (self.count + torch.tensor([0.0, 100.0]))[:, None]

    def reset(self):
        self.count = torch.zeros(2)
        return self._sense()

    def step(self, action):
        self.count = self.count + 1.0
        final_obs, ended = self._sense(), self.count == torch.tensor([3.0, 4.0])
        self.count = torch.where(ended, 0.0, self.count)
        return Transition(
            obs=self._sense(), final_obs=final_obs, reward=action[:, 0],
            terminated=ended, truncated=torch.zeros(2, dtype=torch.bool),
        )  # fmt: skip

    def report(self):
        return {}


def _run(steps=200, **settings):
    preset = find_preset("CartPole-v1", "default", algo="qdagger")
    algo = replace(
        preset.algo, learning_starts=20, teacher_steps=30, buffer_size=200, batch_size=16,
        train_freq=1, gradient_steps=1, log_interval=10, target_update_interval=7, n_steps=1,
        exploration_final_eps=0.0, exploration_initial_eps=0.0, temperature=0.5,
    )  # fmt: skip
    agent = replace(preset.agent, net_arch_pi=(8,), net_arch_vf=(8,))
    config = replace(preset, algo=algo, agent=agent, nb_envs=2, steps=steps, checkpoint_updates=1)
    algo = replace(algo, **settings)
    return Run(
        task="CartPole-v1", algo="qdagger", preset="default", config=replace(config, algo=algo)
    )


def _loop(teaches=1, **settings):
    """A teacher who prefers 1 (or 0), the more the further it has counted, and after a 1."""
    run = _run(**settings)
    sign = 1.0 if teaches else -1.0
    teacher = linear_agent(
        Counter.interface, [[0.0, 0.0], [0.01 * sign, 0.3]], [0.0, sign], append_last_command=True
    )
    env = Counter()
    agent = Agent(run.config.agent, env.interface, run.generator("weights"), head=teacher.head)
    return Taught(run, env, agent, (run, teacher)), teacher


def test_uniform_choices_then_the_teacher_then_the_student():
    loop, teacher = _loop(learning_rate=1e-12)  # the student stays what it is
    played = [loop.update() for _ in range(8)]  # 10 decisions of 2 worlds in each
    replay = loop.replay
    frames, (choice, advice) = replay._frame[:80], replay._action[:80].split([1, 2], dim=1)
    # beside each choice stands what the teacher would have chosen there, whoever plays
    before = choice.roll(2, 0) * ~replay._done[:80].roll(2)[:, None]  # 2 worlds; 0 in the beginning
    before[:2] = 0.0
    preferences = teacher.actor(torch.cat([frames, before], dim=1))
    torch.testing.assert_close(advice, (preferences / 0.5).log_softmax(dim=1))
    uniform, taught, own = choice.split([20, 30, 30])
    assert 4 <= uniform.sum() <= 16  # 10, give or take 3 standard deviations
    assert bool((taught == 1.0).all())
    assert torch.equal(own, loop.learner.agent.mode(frames[50:]))
    # each begins with new episodes; to what learns, time was up for those that were under way
    assert frames[[20, 21, 50, 51], 0].tolist() == [0.0, 100.0, 0.0, 100.0]
    assert bool(replay._done[[18, 19, 48, 49]].all())
    # 10 rows of uniform choices end 1 and 2 steps into episodes, 15 of the teacher 0 and 3
    assert replay._terminated[[18, 19, 48, 49]].tolist() == [False, False, True, False]
    assert replay._next_frame[[18, 19, 48, 49], 0].tolist() == [1.0, 102.0, 3.0, 103.0]
    # the teacher gets 3 and 4 in 5 + 3 episodes
    assert loop._returns[1] == pytest.approx((5 * 3 + 3 * 4) / 8)
    assert 0.5 < loop._returns[0] < 3.0
    # rows of metrics tell the student's episodes alone, and learning begins with the teacher
    assert ["rollout/ep_rew_mean" in row for row in played] == [False] * 5 + [True] * 3
    assert ["rollout/teacher_rew_mean" in row for row in played] == [False] * 4 + [True] * 4
    assert [row["train/n_updates"] for row in played] == [0, 0, 5, 10, 15, 20, 25, 30]


def test_the_teacher_tries_as_the_student_does_in_the_end():
    loop, _ = _loop(exploration_final_eps=0.4, teacher_steps=1000, buffer_size=1100, steps=1100)
    for _ in range(102):
        loop.update()
    shares = loop.replay._action[20:1020, 0].mean()
    # uniform in 0.4 of the decisions, so 0 in 0.2; 4 standard errors
    assert shares == pytest.approx(0.8, abs=4 * 0.4 / 1000**0.5)


def test_the_teacher_counts_until_the_student_is_as_good_and_again_when_it_falls_back():
    loop, _ = _loop(learning_rate=1e-12, steps=800)

    def plays(choice, nb):
        """`distill_coef` of rows in which the student always makes the same choice."""
        with torch.no_grad():
            for parameter in loop.learner.agent.actor.parameters():
                parameter.zero_()
            loop.learner.agent.actor[-2].bias[choice] = 1.0
        return [loop.update()["train/distill_coef"] for _ in range(nb)]

    # a row is 5 steps in each world: the last ten episodes take less than five of them
    good, bad, good_again = plays(1, 14), plays(0, 6), plays(1, 6)
    assert good[:8] == [1.0] * 8  # uniform choices, the teacher, then 8 episodes: too few
    assert good[8:] == pytest.approx([0.0] * 6, abs=0.05)
    assert bad[-1] == 1.0
    assert good_again[-1] == pytest.approx(0.0, abs=0.05)


def test_everybody_plays_until_an_episode_has_ended():
    loop, _ = _loop(learning_starts=2, teacher_steps=2)
    for _ in range(2):
        loop.update()
    # 3 decisions of both worlds each, instead of 1
    assert loop.replay._frame[[6, 12], 0].tolist() == [0.0, 0.0]
    assert loop.replay._action[6:12, 0].tolist() == [1.0] * 6
    assert loop._returns[1] == 3.0 and loop._student_plays


def test_a_teacher_that_is_worth_nothing_is_said():
    loop, _ = _loop(teaches=0)
    sentence = "the teacher's return, 0, is not above that of uniform choices, .*: there is nothing"
    with pytest.raises(InvalidConfig, match=sentence):
        [loop.update() for _ in range(5)]


def _numbers(path):
    return {k: v for k, v in load_checkpoint(path).items() if k != "seconds"}


@pytest.mark.parametrize("stop_after", [3, 12], ids=["the teacher plays", "the student plays"])
def test_going_on_without_the_teachers_folder_is_never_stopping(stop_after, tmp_path):
    teacher = balancer(tmp_path / "teacher")
    run = _run(teacher=str(teacher), teacher_steps=60, n_steps=3)
    run = replace(run, config=replace(run.config, agent=replace(run.config.agent, history=2)))
    whole, parts = (create_run_folder(tmp_path / name, run) for name in ("whole", "parts"))
    assert train(Session(run), whole).finished
    assert not train(Session(run), parts, stop_after=stop_after).finished
    shutil.rmtree(teacher)
    assert train(Session(run, load_checkpoint(parts.last)), parts).finished
    assert_same_state(_numbers(whole.last), _numbers(parts.last))
    rows = [
        [{k: v for k, v in row.items() if not k.startswith("time/")} for row in read_progress(path)]
        for path in (whole.progress, parts.progress)
    ]
    assert len(rows[0]) == 20 and rows[0] == rows[1]


def test_a_teacher_that_has_changed_since_is_not_heard(tmp_path):
    teacher = balancer(tmp_path / "teacher")
    run = _run(teacher=str(teacher))
    first = Session(run)
    for _ in range(6):
        first.update()
    saved = io.BytesIO()
    torch.save(first.state_dict(), saved)
    other = balancer(tmp_path / "other", leans=-1.0)
    shutil.copy(RunFolder(other).last, RunFolder(teacher).last)
    second = Session(run)
    saved.seek(0)
    second.load_state_dict(torch.load(saved, weights_only=True))
    for session in (first, second):
        for _ in range(4):
            session.update()
    assert_same_state(first.state_dict()["replay"], second.state_dict()["replay"])


def test_a_small_student_learns_to_balance_from_a_teacher_in_a_few_thousand_steps(tmp_path):
    # tests/train/test_learning.py gives DQN 15,000 steps to get beyond 120 with 64 x 64; a random
    # policy lasts 20. The teacher's rule lasts 500.
    preset = find_preset("CartPole-v1", "default", algo="qdagger")
    algo = replace(
        preset.algo, teacher=str(balancer(tmp_path / "teacher")), learning_starts=500,
        teacher_steps=1500, train_freq=2, gradient_steps=1,
    )  # fmt: skip
    agent = replace(preset.agent, net_arch_pi=(32,))
    config = replace(preset, steps=4_000, agent=agent, algo=algo)
    session = Session(Run(task="CartPole-v1", algo="qdagger", preset="default", config=config))
    while not session.finished:
        session.update()
    env = make_gymnasium(config.task, nb_envs=20, seed=0)
    found = evaluate(AgentPolicy(session.agent), env, episodes=20, max_steps=500)
    assert found.return_mean > 300.0
