"""An ONNX file with its card: numbers by hand, memory, batches, and everything that is refused."""

import dataclasses

import numpy as np
import pytest

from support_deploy import PENDULUM, write_card, write_linear_policy
from surefoot.deploy.card import card_path
from surefoot.deploy.policy import OnnxPolicy
from surefoot.errors import BadFile, Mismatch


def test_actions_follow_the_graph_and_the_state_is_kept(tmp_path):
    policy = OnnxPolicy(
        write_linear_policy(tmp_path, [1.0, 10.0, 100.0, 0.5], limit=50.0, memory=3.0)
    )
    observation = np.float32([0.1, 0.2, 0.03, 2.0])
    # 0.1 + 2 + 3 + 1 = 6.1, and 3 more for each step before, up to the limit
    for expected in (6.1, 9.1, 12.1):
        np.testing.assert_allclose(policy.act(observation), [expected], rtol=1e-6)
    policy.reset()
    np.testing.assert_allclose(policy.act(observation), [6.1], rtol=1e-6)
    assert policy.act(observation).dtype == np.float32


def test_the_card_names_its_graph(tmp_path):
    path = write_linear_policy(tmp_path, [1.0, 0.0, 0.0, 0.0], limit=1.0)
    assert OnnxPolicy(card_path(path)).path == path


def test_many_robots_have_their_own_memories(tmp_path):
    policy = OnnxPolicy(write_linear_policy(tmp_path, [1.0, 0.0, 0.0, 0.0], limit=50.0, memory=3.0))
    policy.reset(3)
    observation = np.zeros((3, 4), np.float32)
    observation[:, 0] = [1.0, 2.0, 3.0]
    assert policy.act(observation)[:, 0].tolist() == [1.0, 2.0, 3.0]
    policy.reset_worlds(np.array([False, True, False]))
    assert policy.act(observation)[:, 0].tolist() == [4.0, 2.0, 6.0]


def test_an_observation_of_another_size_is_refused(tmp_path):
    policy = OnnxPolicy(write_linear_policy(tmp_path, [1.0, 0.0, 0.0, 0.0], limit=1.0))
    with pytest.raises(Mismatch, match=r"reads 4 values of each.*shape \(5,\)"):
        policy.act(np.zeros(5, np.float32))
    with pytest.raises(Mismatch, match=r"reset for 1 robots.*shape \(2, 4\)"):
        policy.act(np.zeros((2, 4), np.float32))


def test_missing_files_say_which(tmp_path):
    with pytest.raises(BadFile, match=r"there is no such policy\. Export one: surefoot export"):
        OnnxPolicy(tmp_path / "other.onnx")
    path = write_linear_policy(tmp_path, [1.0, 0.0, 0.0, 0.0], limit=1.0)
    card_path(path).unlink()
    with pytest.raises(BadFile, match=r"policy\.json: there is no such policy card"):
        OnnxPolicy(path)


@pytest.mark.parametrize("damage", [lambda c: c[:-7], lambda c: b"", lambda c: c + b"x"])
def test_a_damaged_graph_is_refused_by_its_fingerprint(tmp_path, damage):
    path = write_linear_policy(tmp_path, [1.0, 0.0, 0.0, 0.0], limit=1.0)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadFile, match=r"not the one that policy\.json describes"):
        OnnxPolicy(path)


def test_a_foreign_file_with_a_matching_card_is_refused(tmp_path):
    path = tmp_path / "policy.onnx"
    path.write_bytes(b"PK: this is an archive, not a graph")
    write_card(path, PENDULUM)
    with pytest.raises(BadFile, match=r"policy\.onnx: onnxruntime cannot read it"):
        OnnxPolicy(path)


def test_a_graph_of_other_sizes_than_its_card_is_refused(tmp_path):
    path = write_linear_policy(tmp_path, [1.0, 0.0, 0.0], limit=1.0)  # reads 3, the card says 4
    with pytest.raises(BadFile, match=r"'observation': 3.*the card says.*'observation': 4"):
        OnnxPolicy(path)
    write_card(path, dataclasses.replace(PENDULUM, observation=PENDULUM.observation[:3]))
    OnnxPolicy(path)
    write_card(path, dataclasses.replace(PENDULUM, state_size=7))
    with pytest.raises(BadFile, match=r"'state': 1.*'state': 7"):
        OnnxPolicy(path)
