"""Messages of the errors: one sentence that names the thing, its nearest name, and the remedy."""

import pickle

import pytest

from surefoot.errors import (
    BadFile,
    InvalidConfig,
    Mismatch,
    MissingPackage,
    NotFinite,
    SurefootError,
    UnknownName,
)

LEGS = ("left_hip", "left_knee", "left_wheel")


def test_an_unknown_name_says_where_it_looked_and_what_is_nearest():
    error = UnknownName("joint", "left_knea", LEGS, "robot 'upkie'")
    assert str(error) == (
        "no joint named 'left_knea' in robot 'upkie'. Did you mean 'left_knee'? "
        "It has 3: left_hip, left_knee, left_wheel."
    )
    assert (error.kind, error.name, error.known) == ("joint", "left_knea", LEGS)
    assert error.where == "robot 'upkie'"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("LEFT_KNEE", " Did you mean 'left_knee'?"),  # the case does not matter
        ("knee", " Did you mean 'left_knee'?"),  # 8 of 13 letters in common
        ("antenna", ""),
        ("", ""),
    ],
)
def test_only_a_name_that_is_near_is_suggested(name, hint):
    assert f"in this robot.{hint} It has" in str(UnknownName("joint", name, LEGS, "this robot"))


def test_an_unknown_name_among_none():
    assert str(UnknownName("task", "a", (), "Surefoot")) == (
        "no task named 'a' in Surefoot. It has 0: ."
    )


def test_names_are_taken_from_any_iterable_once():
    error = UnknownName("joint", "hip", iter(LEGS), "it")
    assert error.known == LEGS and "'left_hip'" in str(error)


def test_a_bad_file_says_its_path_its_problem_and_the_remedy():
    error = BadFile("a/last.pt", "it is damaged", "Take best.pt.")
    assert str(error) == "a/last.pt: it is damaged. Take best.pt."
    assert (error.path, error.problem, error.remedy) == (
        "a/last.pt", "it is damaged", "Take best.pt.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("worlds", "where"),
    [
        ([], " is not finite. Look."),
        ([3], " is not finite in 1 world (3). Look."),
        ([0, 2], " is not finite in 2 worlds (0, 2). Look."),
        (range(5), " is not finite in 5 worlds (0, 1, 2, 3, 4). Look."),
        (range(6), " is not finite in 6 worlds (0, 1, 2, 3, 4, ...). Look."),
    ],
)
def test_what_is_not_finite_names_a_few_of_its_worlds(worlds, where):
    error = NotFinite("the reward", worlds, "Look.")
    assert str(error) == f"the reward{where}"
    assert error.worlds == tuple(worlds)


def test_a_missing_package_says_how_to_get_it():
    error = MissingPackage("pybullet", "Upkie-PyBullet-Pendulum", "pip install pybullet")
    assert str(error) == (
        "Upkie-PyBullet-Pendulum needs the package 'pybullet'. Install it: pip install pybullet"
    )


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (UnknownName("task", "a", ["b"], "it"), KeyError),
        (InvalidConfig("no"), ValueError),
        (MissingPackage("a", "b", "c"), ImportError),
        (BadFile("a", "b", "c"), Exception),
        (NotFinite("a", [], "b"), Exception),
        (Mismatch("no"), Exception),
    ],
)
def test_one_base_catches_all_and_pythons_own_kinds_still_do(error, builtin):
    for base in (SurefootError, builtin):
        with pytest.raises(base):
            raise error
    assert "\n" not in str(error) and str(error).isprintable()


def test_plain_messages_survive_pickling():
    assert str(pickle.loads(pickle.dumps(Mismatch("no")))) == "no"
