"""Arguments: one sentence for each mistake, and what KEY=VALUE becomes."""

import argparse

import pytest

from surefoot.cli.parser import Parser, as_count, as_natural, as_seconds, unknown_argument
from surefoot.errors import InvalidConfig, UnknownName
from surefoot.tasks.gymnasium_config import parse_pairs


def parser() -> Parser:
    made = Parser(prog="surefoot try")
    made.add_argument("what")
    made.add_argument("--episodes", type=as_count)
    made.add_argument("--seed", type=as_natural)
    made.add_argument("--duration", type=as_seconds)
    return made


def test_values_arrive():
    options = parser().read(["it", "--episodes", "3", "--seed=0", "--duration", "1e-1"])
    assert vars(options) == {"what": "it", "episodes": 3, "seed": 0, "duration": 0.1}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], r"the following arguments are required: what \(see surefoot try --help\)"),
        (["it", "--episodes", "0"], "--episodes: must be a whole number of at least 1, got '0'"),
        (["it", "--episodes", "-3"], "at least 1, got '-3'"),
        (["it", "--episodes", "1.5"], "at least 1, got '1.5'"),
        (["it", "--seed", "-1"], "--seed: must be a whole number of at least 0, got '-1'"),
        (["it", "--seed", "x"], "at least 0, got 'x'"),
        (["it", "--duration", "0"], "must be a positive number of seconds, got '0'"),
        (["it", "--duration", "-0.5"], "got '-0.5'"),
        (["it", "--duration", "nan"], "got 'nan'"),
        (["it", "--duration", "inf"], "got 'inf'"),
        (["it", "--duration", "soon"], "got 'soon'"),
        (["it", "--seed"], "--seed: expected one argument"),
        (["it", "more"], "surefoot try takes no 'more' here"),
        (["it", "--xyzzy"], r"no flag named '--xyzzy' in surefoot try \(see surefoot try --help\)"),
    ],
)
def test_mistakes(arguments, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        parser().read(arguments)


def test_an_unknown_flag_comes_with_the_nearest_and_is_no_abbreviation():
    with pytest.raises(UnknownName, match=r"'--episode' in surefoot try.*mean '--episodes'\?"):
        parser().read(["it", "--episode", "3"])


def test_the_flag_is_named_not_its_value():
    error = unknown_argument(["3", "--nb-env=4"], ["--nb-envs", "--seed"], "surefoot train")
    assert isinstance(error, UnknownName)
    assert (error.name, error.known) == ("--nb-env", ("--nb-envs",))


def test_numbers_are_decimal_digits_only():
    for text in ("", "+1", "0x10", "1e3", "1_000", " 1"):
        with pytest.raises(argparse.ArgumentTypeError):
            as_natural(text)
    assert as_natural("00018446744073709551616") == 2**64


def test_key_value_pairs_are_json_where_possible():
    pairs = ["frequency=100", "gui=false", "x=1.5e-3", "name=upkie", "none=null", "list=[1, 2]",
             "equation=a=b", "empty=", 'quoted="1"']  # fmt: skip
    assert parse_pairs(pairs, "--env-kwargs") == {
        "frequency": 100, "gui": False, "x": 0.0015, "name": "upkie", "none": None,
        "list": [1, 2], "equation": "a=b", "empty": "", "quoted": "1",
    }  # fmt: skip


@pytest.mark.parametrize("pair", ["frequency", "=1", "a b=1", "1a=2", ""])
def test_what_is_no_pair_is_shown(pair):
    with pytest.raises(InvalidConfig, match=f"--env-kwargs takes KEY=VALUE, got '{pair}'"):
        parse_pairs([pair], "--env-kwargs")
