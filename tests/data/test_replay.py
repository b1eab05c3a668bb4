"""What the replay gives back: histories, n-step returns, ends of episodes, and itself."""

import io

import pytest
import torch

from support import assert_same_state
from surefoot.agent.config import AgentConfig
from surefoot.agent.pipeline import Pipeline
from surefoot.data import replay as replay_module
from surefoot.data.replay import Replay, bytes_per_transition
from surefoot.errors import InvalidConfig
from surefoot.signals import Interface, Layout, Signal


def _replay(capacity=8, nb_envs=1, history=1):
    return Replay(capacity=capacity, nb_envs=nb_envs, frame_size=1, history=history, action_size=1)


def _fill(replay, nb_rows, *, done=(), terminated=(), first=0):
    """Row t of environment e: frame 10 t + e, reward and action t; ends lead to minus the frame."""
    envs = torch.arange(replay.nb_envs)
    for t in range(first, first + nb_rows):
        frame = (10.0 * t + envs)[:, None]
        ended = torch.tensor([(t, int(e)) in {*done, *terminated} for e in envs])
        replay.add(
            frame=frame,
            action=torch.full_like(frame, t),
            reward=torch.full((replay.nb_envs,), float(t)),
            next_frame=torch.where(ended[:, None], -frame, frame + 10.0),
            terminated=torch.tensor([(t, int(e)) in {*terminated} for e in envs]),
            done=ended,
        )


def _rows(replay, *, gamma=0.5, n_steps=1, nb=2000):
    """Every transition that can be drawn, by its newest frame: (features, R, discount, next)."""
    batch = replay.sample(
        nb, gamma=gamma, n_steps=n_steps, generator=torch.Generator().manual_seed(0)
    )
    return {
        features[-1]: (features, reward, discount, following)
        for features, reward, discount, following in zip(
            batch.features.tolist(),
            batch.reward.tolist(),
            batch.discount.tolist(),
            batch.next_features.tolist(),
            strict=True,
        )
    }


def test_a_time_limit_keeps_the_bootstrap_and_the_state_before_the_reset():
    replay = _replay()
    _fill(replay, 4, done=[(1, 0)], terminated=[(2, 0)])
    rows = _rows(replay)
    assert rows[0.0] == ([0.0], 0.0, 0.5, [10.0])
    assert rows[10.0] == ([10.0], 1.0, 0.5, [-10.0])  # out of time: gamma, and not frame 20
    assert rows[20.0] == ([20.0], 2.0, 0.0, [-20.0])  # terminated: nothing after it
    assert rows[30.0] == ([30.0], 3.0, 0.5, [40.0])  # the newest
    assert len(rows) == 4


def test_n_steps_end_with_the_episode_and_discount_the_steps_really_taken():
    replay = _replay()
    _fill(replay, 6, done=[(1, 0)], terminated=[(3, 0)])
    rows = _rows(replay, gamma=0.5, n_steps=3)
    # episodes: rows 0, 1 (time limit) | 2, 3 (terminated) | 4, 5 (going on)
    assert rows[0.0] == ([0.0], 0.0 + 0.5 * 1.0, 0.25, [-10.0])  # two steps: gamma^2
    assert rows[10.0] == ([10.0], 1.0, 0.5, [-10.0])  # one step: gamma
    assert rows[20.0] == ([20.0], 2.0 + 0.5 * 3.0, 0.0, [-30.0])  # terminated on the way
    assert rows[40.0] == ([40.0], 4.0 + 0.5 * 5.0, 0.25, [60.0])  # as far as has been played


def test_n_steps_in_the_middle_of_an_episode():
    replay = _replay(capacity=16)
    _fill(replay, 10)
    # 3 + 0.5 x 4 + 0.25 x 5 = 6.25, then V of the frame after row 5
    assert _rows(replay, gamma=0.5, n_steps=3)[30.0] == ([30.0], 6.25, 0.125, [60.0])


def test_environments_do_not_mix_and_the_ring_forgets_the_oldest():
    replay = _replay(capacity=9, nb_envs=2)  # four rows of two
    _fill(replay, 6, done=[(4, 1)])
    rows = _rows(replay, gamma=1.0, n_steps=2)
    assert {*rows} == {20.0, 30.0, 40.0, 50.0, 21.0, 31.0, 41.0, 51.0}  # rows 2 to 5
    assert rows[30.0] == ([30.0], 3.0 + 4.0, 1.0, [50.0])
    assert rows[31.0] == ([31.0], 3.0 + 4.0, 1.0, [-41.0])  # across the seam of the ring
    assert rows[41.0] == ([41.0], 4.0, 1.0, [-41.0])
    # row 5 is the newest: row 2, which lies behind it in memory, is not what came next
    assert rows[50.0] == ([50.0], 5.0, 1.0, [60.0])


def test_histories_stay_within_their_episode():
    replay = _replay(capacity=16, history=3)
    _fill(replay, 6, done=[(2, 0)])
    rows = _rows(replay)
    assert rows[0.0][0] == [0.0, 0.0, 0.0]  # the first frame stands for those before
    assert rows[10.0][0] == [0.0, 0.0, 10.0]
    assert rows[20.0][0] == [0.0, 10.0, 20.0] and rows[20.0][3] == [10.0, 20.0, -20.0]
    assert rows[30.0][0] == [30.0, 30.0, 30.0] and rows[30.0][3] == [30.0, 30.0, 40.0]
    assert rows[50.0][0] == [30.0, 40.0, 50.0]
    # two steps on from row 3: the history of the state after row 4
    assert _rows(replay, n_steps=2)[30.0][3] == [30.0, 40.0, 50.0]


def test_a_full_ring_draws_nothing_whose_history_was_overwritten():
    replay = _replay(capacity=5, history=3)
    _fill(replay, 9)  # rows 4 to 8 are left, and 4 and 5 have lost a part of their history
    rows = _rows(replay)
    assert {*rows} == {60.0, 70.0, 80.0}
    assert rows[60.0][0] == [40.0, 50.0, 60.0]


def test_histories_are_those_of_the_pipeline():
    """What the networks saw when they acted is what they learn from, bit for bit."""
    layout = Layout((Signal(name="x", unit="1", size=2),))
    action = Layout((Signal(name="u", unit="1", low=-1.0, high=1.0),))
    config = AgentConfig(history=4, append_last_command=True)
    pipeline = Pipeline(config, Interface(observation=layout, action=action, dt=1.0))
    replay = Replay(capacity=40, nb_envs=1, frame_size=3, history=4, action_size=1)
    random = torch.Generator().manual_seed(0)
    seen = []
    features, state = pipeline.observe(torch.rand(1, 2, generator=random), torch.zeros(1, 16))
    for t in range(20):
        frame, output = pipeline.newest_frame(state), torch.rand(1, 1, generator=random)
        _, state = pipeline.act(output, state)
        following, state = pipeline.observe(torch.rand(1, 2, generator=random), state)
        seen.append((features[0].tolist(), following[0].tolist()))
        done = torch.tensor([t % 7 == 6])
        replay.add(
            frame=frame, action=output, reward=torch.zeros(1),
            next_frame=pipeline.newest_frame(state), terminated=done & False, done=done,
        )  # fmt: skip
        if bool(done):
            state = pipeline.initial_state(1)
            following, state = pipeline.observe(torch.rand(1, 2, generator=random), state)
        features = following
    batch = replay.sample(500, gamma=1.0, n_steps=1, generator=random)
    pairs = zip(batch.features.tolist(), batch.next_features.tolist(), strict=True)
    drawn = {(tuple(a), tuple(b)) for a, b in pairs}
    assert drawn == {(tuple(a), tuple(b)) for a, b in seen}


@pytest.mark.parametrize("nb_rows", [3, 9])
def test_saved_and_restored_it_draws_the_same_and_goes_on_the_same(nb_rows):
    replays = _replay(capacity=12, nb_envs=2, history=2), _replay(12, 2, 2)
    _fill(replays[0], nb_rows, done=[(1, 0), (7, 1)], terminated=[(5, 0)])
    saved = replays[0].state_dict()
    replays[1].load_state_dict(saved)
    for replay in replays:
        _fill(replay, 2, first=nb_rows)
    for n_steps in (1, 3):
        batches = [
            vars(r.sample(64, gamma=0.9, n_steps=n_steps, generator=torch.Generator()))
            for r in replays
        ]
        assert_same_state(*batches)
    assert_same_state(replays[0].state_dict(), replays[1].state_dict())


def test_a_next_frame_is_saved_only_where_it_is_not_the_frame_after():
    replay = _replay(capacity=20)
    _fill(replay, 10, done=[(4, 0)])
    assert replay.state_dict()["next_frame"].tolist() == [[-40.0], [100.0]]  # the end, the newest


def test_memory_is_stated_and_too_much_is_refused(monkeypatch):
    # two frames of 3 values, 2 action values, reward and age, 4 bytes each, and two flags
    assert bytes_per_transition(3, 2) == 4 * (6 + 2 + 2) + 2
    # saving it: a copy without next frames, 30 bytes, and the same again as the file's content
    monkeypatch.setattr(replay_module, "available_memory", lambda: 102_000_000)
    kept = Replay(capacity=1_000_000, nb_envs=1, frame_size=3, history=1, action_size=2)
    assert (kept.bytes_needed, kept.bytes_to_save) == (42_000_000, 60_000_000)
    with pytest.raises(InvalidConfig) as refused:
        Replay(capacity=2_000_000, nb_envs=1, frame_size=3, history=1, action_size=2)
    assert str(refused.value) == (
        "a replay of algo.buffer_size 2,000,000 transitions needs 0.084 GB, and 0.12 GB more while "
        "it is saved, but 0.102 GB of memory are available. Lower it: --algo.buffer-size 800000"
    )


@pytest.mark.parametrize("history", [1, 3])
def test_a_ring_as_long_as_the_history_holds_the_newest_transition_alone(history):
    replay = _replay(capacity=2 * history, nb_envs=2, history=history)
    _fill(replay, 5)
    expected = {  # row 4: frames 40 and 41, and those before them
        40.0: ([20.0, 30.0, 40.0], 4.0, 0.5, [30.0, 40.0, 50.0]),
        41.0: ([21.0, 31.0, 41.0], 4.0, 0.5, [31.0, 41.0, 51.0]),
    }
    assert _rows(replay, n_steps=2) == {
        newest: (before[-history:], reward, discount, after[-history:])
        for newest, (before, reward, discount, after) in expected.items()
    }


def test_what_saving_takes_is_what_a_copy_and_the_file_take():
    replay = Replay(capacity=20_000, nb_envs=100, frame_size=5, history=1, action_size=2)
    frame = torch.zeros(100, 5)
    for _ in range(200):
        replay.add(
            frame=frame, action=frame[:, :2], reward=frame[:, 0], next_frame=frame,
            terminated=frame[:, 0] > 0.0, done=frame[:, 0] > 0.0,
        )  # fmt: skip
    saved = io.BytesIO()
    state = replay.state_dict()
    torch.save(state, saved)
    copied = sum(v.nbytes for v in state.values() if isinstance(v, torch.Tensor))
    # 36 bytes a transition, and the newest row's next frames
    assert copied == pytest.approx(replay.bytes_to_save / 2, rel=0.01)
    assert len(saved.getvalue()) == pytest.approx(replay.bytes_to_save / 2, rel=0.02)


def test_a_ring_shorter_than_the_history_is_refused():
    with pytest.raises(
        InvalidConfig, match=r"holds 3 decisions .* agent.history needs 4: raise it"
    ):
        _replay(capacity=7, nb_envs=2, history=4)
