"""Ranges as people write them, what they refuse, and what a trial's values make of a run."""

import optuna
import pytest

from surefoot.errors import InvalidConfig, UnknownName
from surefoot.train.presets import find_preset
from surefoot.train.run_folder import Run
from surefoot.train.search_space import parse_parameter, with_settings

RUN = Run(
    task="CartPole-v1", algo="ppo", preset="default", config=find_preset("CartPole-v1", "default")
)


@pytest.mark.parametrize(
    ("text", "name", "law", "values"),
    [
        ("algo.learning_rate=log(1e-4,1e-2)", "algo.learning_rate", "log", (1e-4, 1e-2)),
        ("--algo.gae-lambda=uniform(0.9, 1)", "algo.gae_lambda", "uniform", (0.9, 1.0)),
        ("algo.n_epochs=int(2,10)", "algo.n_epochs", "int", (2, 10)),
        ("agent.activation=choice(relu, tanh)", "agent.activation", "choice", ("relu", "tanh")),
        ("agent.net_arch_pi=choice([16],[32,32])", "agent.net_arch_pi", "choice", ([16], [32, 32])),
        ("nb_envs=choice(8,16)", "nb_envs", "choice", (8, 16)),
    ],
)
def test_a_parameter_is_read(text, name, law, values):
    parameter = parse_parameter(text)
    assert (parameter.name, parameter.law, parameter.values) == (name, law, values)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("algo.learning_rate", r"^--param is NAME=log\(LOW,HIGH\), uniform.*got 'algo.learning"),
        ("a=normal(0,1)", "--param is NAME="),
        ("a=log(0,1)", r"log\(LOW,HIGH\) needs 0 < LOW < HIGH, got 0,1"),
        ("a=uniform(1,0)", r"uniform\(LOW,HIGH\) needs LOW < HIGH, got 1,0"),
        ("a=uniform(1)", "needs LOW < HIGH, got 1"),
        ("a=uniform(x,1)", "'x' is no number"),
        ("a=uniform(0,.inf)", "inf is not finite"),
        ("a=int(0.5,2)", "int takes whole numbers, got 0.5,2"),
        ("a=choice(1)", "choice needs at least two different values"),
        ("a=choice(1,1)", "choice needs at least two different values"),
        ("a=choice([1,2)", "its values cannot be read"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(text, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        parse_parameter(text)


def test_a_trial_chooses_within_the_range_and_a_list_survives_the_database():
    trial = optuna.trial.FixedTrial(
        {"algo.learning_rate": 3e-3, "agent.net_arch_pi": "[32, 32]", "algo.n_epochs": 4}
    )
    chosen = [
        parse_parameter(text).suggest(trial)
        for text in ("algo.learning_rate=log(1e-4,1e-2)", "agent.net_arch_pi=choice([16],[32,32])",
                     "algo.n_epochs=int(2,10)")
    ]  # fmt: skip
    assert chosen == [3e-3, [32, 32], 4]


def test_values_become_settings():
    run = with_settings(RUN, {"algo.learning_rate": 3e-3, "agent.net_arch_pi": [32, 32]})
    assert run.config.algo.learning_rate == 3e-3
    assert run.config.agent.net_arch_pi == (32, 32)
    assert RUN.config.algo.learning_rate != 3e-3
    assert run.config.nb_envs == RUN.config.nb_envs


def test_an_unknown_setting_comes_with_the_nearest():
    with pytest.raises(UnknownName, match=r"Did you mean 'algo\.learning_rate'"):
        with_settings(RUN, {"algo.learning_rte": 1e-3})
    with pytest.raises(UnknownName, match=r"no setting named 'algo\.x\.y'"):
        with_settings(RUN, {"algo.x.y": 1e-3})
    with pytest.raises(InvalidConfig, match="learning_rate"):
        with_settings(RUN, {"algo.learning_rate": -1.0})
