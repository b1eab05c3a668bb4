"""`surefoot show`: a table of joints and a picture."""

import imageio.v3 as imageio
import numpy as np
import pytest

from surefoot.robots.registry import ROBOTS


@pytest.mark.parametrize("name", ROBOTS)
def test_a_robot_is_shown(surefoot, tmp_path, name):
    path = tmp_path / "robot.png"
    said = surefoot("show", name, "--output", str(path))
    assert (said.code, said.err) == (0, "")
    title, blank, head, *joints, last = said.out.splitlines()
    assert title.startswith(f"{name}: ") and " kg; " in title and not blank
    assert head.split()[0] == "joint"
    assert [line.split()[0] for line in joints] == [s.joint for s in ROBOTS[name].servos]
    assert last == str(path)
    picture = imageio.imread(path)
    assert picture.shape == (480, 640, 3)
    middle = picture[120:400, 160:480].reshape(-1, 3)
    assert (np.abs(middle - np.median(middle, axis=0)).sum(axis=1) > 60).mean() > 0.02


def test_what_it_collides_with_is_another_picture(surefoot, tmp_path):
    paths = tmp_path / "seen.png", tmp_path / "touched.png"
    surefoot("show", "solo-12", "--output", str(paths[0]))
    surefoot("show", "solo-12", "--output", str(paths[1]), "--collisions")
    assert not np.array_equal(imageio.imread(paths[0]), imageio.imread(paths[1]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["go22"], "no robot named 'go22' in Surefoot. Did you mean 'go2'?"),
        (["go2", "--output", "go2.jpg"], "go2.jpg: the name does not end in '.png'"),
        (["go2", "--output", "/no/such/folder/go2.png"], "cannot be written"),
        ([], "robot"),
    ],
)
def test_mistakes_are_one_sentence(surefoot, arguments, words):
    said = surefoot("show", *arguments)
    assert said.code == 2 and words in said.err and "Traceback" not in said.err
