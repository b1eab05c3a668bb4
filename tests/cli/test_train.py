"""`surefoot train`: what it prints and leaves behind, and how every mistake is answered."""

import re

import pytest
import yaml

from support_cli import TINY
from surefoot.train.log import STEPS, read_progress
from surefoot.train.run_folder import RunFolder


def test_the_folder_alone_is_on_standard_output_and_everything_is_in_it(surefoot, tmp_path):
    said = surefoot("train", "CartPole-v1", *TINY, "--steps", "90", "--seed", "7")
    assert said.code == 0
    assert said.out == f"{said.run}\n"  # progress went elsewhere
    assert said.run.parts[:2] == ("runs", "CartPole-v1")  # in the folder where it was called
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[a-z]+_7", said.run.name)
    folder = RunFolder(tmp_path / said.run)
    # an update is 4 environments x 10 steps = 40, and 90 steps hold two whole ones
    assert "80 of 80 steps | " in said.err and said.run.name in said.err
    assert [float(row[STEPS]) for row in read_progress(folder.progress)] == [40.0, 80.0]
    found = {path.name.partition(".tfevents")[0] for path in folder.path.iterdir()}
    assert found == {".lock", "config.yaml", "machine.yaml", "events.out", "progress.csv",
                     "checkpoints", "policy.onnx", "policy.json"}  # fmt: skip
    config = folder.read_config().config
    assert (config.steps, config.nb_envs, config.seed, config.algo.n_steps) == (90, 4, 7, 10)


def test_a_line_of_progress_is_one_line(surefoot):
    said = surefoot("train", "CartPole-v1", *TINY, "--steps", "800")
    last = said.err.splitlines()[-1]
    assert re.fullmatch(
        r"800 of 800 steps \| ep_rew_mean \S+ \| ep_len_mean \S+ \| fps \S+", last
    ), said.err


def test_fewer_steps_than_one_update_make_one_and_say_so(surefoot):
    said = surefoot("train", "CartPole-v1", *TINY, "--steps", "10")
    assert said.code == 0
    assert "; 40 steps instead of 10, to make one update\n" in said.err
    assert "40 of 40 steps" in said.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name the task first: labyrinth, .*, quadruped-flat, quadruped-rough, or"),
        (["--steps", "10"], "name the task first"),
        (["upkie-pendlum"], "no task named 'upkie-pendlum'.*Did you mean 'upkie-pendulum'"),
        (["cartpole"], "no task named 'cartpole'.*Did you mean 'CartPole-v1'"),
        (["UpkiePendulum-v0"], "no task named 'UpkiePendulum-v0'.*Surefoot/UpkiePendulum-v0"),
        (["upkie-pendulum", "--preset", "lectur"],
         "no preset named 'lectur' in task 'upkie-pendulum'. Did you mean 'lecture'"),
        (["CartPole-v1", "--preset", "lecture"], "no preset named 'lecture' in task 'CartPole-v1'"),
        (["upkie-pendulum", "--robot", "upki"],
         "no robot named 'upki' in task 'upkie-pendulum'. Did you mean 'upkie'"),
        (["upkie-pendulum", "--algo", "pppo"], "no algorithm named 'pppo'.*Did you mean 'ppo'"),
        (["CartPole-v1", "--algo", "reinforce-baseline"],
         "^reinforce-baseline plays course-pendulum by this name; on CartPole-v1 it is --algo vpg "
         "--algo.psi return-to-go-minus-baseline$"),
        (["upkie-pendulum", "--nb-env", "4"], "no flag named '--nb-env'.*mean '--nb-envs'"),
        (["upkie-pendulum", "--alog", "ppo"], "no flag named '--alog'.*mean '--algo'"),
        (["upkie-pendulum", "--lr", "1"], r"no flag named '--lr'"),
        (["upkie-pendulum", "--algo.lerning-rate=1"], "mean '--algo.learning-rate'"),
        (["upkie-pendulum", "--task.reset.pich", "1"], "mean '--task.reset.pitch'"),
        (["upkie-pendulum", "more"], "takes no 'more' here"),
        (["upkie-pendulum", "--nb-envs", "0"], "^nb_envs must be at least 1, got 0$"),
        (["upkie-pendulum", "--steps", "0"], "^steps must be at least 1, got 0$"),
        (["upkie-pendulum", "--seed", "-1"], "^seed must not be negative, got -1$"),
        (["upkie-pendulum", "--task.frequency", "-200"],
         r"^task.frequency must be positive and finite, got -200\.0$"),
        (["upkie-pendulum", "--task.frequency", "300"],
         "task.spine_frequency must be an integer multiple of task.frequency, got 1000.0 Hz and"),
        (["upkie-pendulum", "--nb-envs", "2", "--algo.n-steps", "10", "--algo.batch-size", "21"],
         r"^algo.batch_size 21 is larger than the rollout of 20 samples \(nb_envs 2 x algo.n_steps "
         r"10\). Lower it, or collect more per update.$"),
        (["upkie-pendulum", "--algo.gamma", "1.5"], r"^algo.gamma must be in \[0, 1\], got 1.5$"),
        (["upkie-pendulum", "--algo.learning-rate", "nan"], "learning_rate must be positive"),
        (["CartPole-v1", "--task.env-id", "Pendulum-v1"],
         "^task.env_id is Pendulum-v1, but the task named is CartPole-v1$"),
        (["CartPole-v1", "--show"], "^--show draws our own tasks, not CartPole-v1$"),
        (["FrozenLake-v1"], r"observations must be a Box, this environment has Discrete\(16\)"),
    ],
)  # fmt: skip
def test_mistakes_leave_no_folder_behind(refuse, tmp_path, arguments, sentence):
    said = refuse("train", *arguments)
    assert re.search(sentence, said), said
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--algo.learning-rate", "fast"], "Error parsing --algo.learning-rate: could not convert "
                                           "string to float: 'fast'"),
        (["--algo.learning-rate"], "Missing value for argument '--algo.learning-rate'"),
        (["--algo.learning-rate-schedule", "linaer"], "invalid choice 'linaer' for argument"),
        (["--algo.normalize-return", "maybe"], "Expected one of"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_names_its_flag(surefoot, tmp_path, arguments, sentence):
    said = surefoot("train", "upkie-pendulum", *arguments)
    assert (said.code, said.out) == (2, "")
    words = re.sub(r"[^ -~]+", " ", said.err).split()  # without the box around them
    assert sentence in " ".join(words) and "Traceback" not in said.err
    assert [*tmp_path.iterdir()] == []


def test_runs_where_nothing_can_be_written_is_refused_before_training(refuse, tmp_path):
    (tmp_path / "file").write_text("")
    said = refuse("train", "CartPole-v1", *TINY, "--runs", "file")
    assert re.fullmatch(
        r"file/CartPole-v1/\S+: cannot be created \(Not a directory\). "
        r"Choose another --runs folder.", said
    )  # fmt: skip


def test_weights_that_blow_up_end_the_training_with_one_sentence(surefoot):
    said = surefoot("train", "CartPole-v1", *TINY, "--algo.learning-rate", "1e38", "--steps", "400")
    assert said.code == 2 and "Traceback" not in said.err
    assert re.fullmatch(
        r"surefoot: the learner's '\S+' is not finite. Train again with a lower "
        "algo.learning_rate; what was saved before is intact.",
        said.err.splitlines()[-1],
    )  # fmt: skip


def test_flags_reach_the_settings_of_the_preset(surefoot):
    said = surefoot(
        "train", "upkie-pendulum", "--preset", "lecture", "--robot", "upkie", *TINY, "--steps", "1",
        "--task.reset.pitch", "0.125", "--agent.net-arch-pi", "3", "5", "--algo.normalize-return",
        "True", "--algo.target-kl", "None",
    )  # fmt: skip
    assert said.code == 0
    data = yaml.safe_load((said.run / "config.yaml").read_text())
    assert data["preset"] == "lecture"
    assert data["config"]["task"]["reset"]["pitch"] == 0.125
    assert data["config"]["agent"]["net_arch_pi"] == [3, 5]
    assert data["config"]["algo"]["normalize_return"] is True
    assert data["config"]["algo"]["target_kl"] is None
    assert data["config"]["algo"]["gamma"] == 0.999  # the lecture's own
