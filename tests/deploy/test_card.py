"""The card survives the way to the file and back, and refuses whatever is not one."""

import dataclasses
import json

import numpy as np
import pytest

from support_deploy import PENDULUM
from surefoot.deploy.card import VERSION, PolicyCard, ServoCard, read_card
from surefoot.errors import BadFile, InvalidConfig
from surefoot.signals import Signal


@pytest.fixture
def card():
    target = Signal(name="target", unit="m/s", low=-0.5, high=0.5, size=2, source="operator")
    return dataclasses.replace(
        PENDULUM,
        observation=(*PENDULUM.observation, target),
        rate_hz=1000.0 / 3.0,
        lag_s=(0.05, 0.15),
        observation_noise=0.1 + 0.2,  # 0.30000000000000004: lost if a digit is
        servos=(ServoCard(joint="left_wheel", kp=0.0, kd=1.0 / 3.0, max_torque=1.7),),
        env_ids=("Upkie-PyBullet-Pendulum", "Upkie-Spine-Pendulum"),
        onnx_sha256="ab" * 32,
    )


def test_what_is_written_is_what_is_read(card, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(card.to_json())
    assert read_card(path) == card


def test_choices_survive_too(tmp_path):
    card = PolicyCard(
        task="CartPole-v1", observation=(Signal(name="observation", unit="1", size=4),),
        nb_choices=2, rate_hz=50.0, state_size=6,
    )  # fmt: skip
    path = tmp_path / "policy.json"
    path.write_text(card.to_json())
    assert read_card(path) == card
    assert (card.action_size, card.action_layout, card.observation_size) == (1, None, 4)


def test_the_file_is_strict_json_with_infinite_bounds_as_null(card):
    def refuse(token):
        raise AssertionError(f"{token} is not JSON")

    content = json.loads(card.to_json(), parse_constant=refuse)
    assert (content["format"], content["version"]) == ("surefoot-policy", VERSION)
    position = content["observation"][1]
    assert position == {"name": "ground_position", "unit": "m", "low": None, "high": None,
                        "size": 1, "source": "sensor"}  # fmt: skip
    assert content["observation"][0]["high"] == np.pi


def test_a_card_that_makes_no_sense_is_refused():
    with pytest.raises(InvalidConfig, match="either action signals or a number of choices"):
        dataclasses.replace(PENDULUM, nb_choices=2)
    with pytest.raises(InvalidConfig, match=r"rate_hz must be positive, got -200\.0 Hz"):
        dataclasses.replace(PENDULUM, rate_hz=-200.0)


def test_a_clock_has_a_frequency_and_a_sine_and_a_cosine(tmp_path):
    clock = Signal(name="gait_clock", unit="1", size=2, source="clock", clock_hz=7.0 / 3.0)
    card = dataclasses.replace(PENDULUM, observation=(*PENDULUM.observation, clock))
    path = tmp_path / "policy.json"
    path.write_text(card.to_json())
    assert read_card(path) == card
    for change in ({"clock_hz": 0.0}, {"source": "sensor"}, {"size": 3}, {"clock_hz": np.inf}):
        with pytest.raises(InvalidConfig, match="a clock, and nothing else, has a frequency and"):
            dataclasses.replace(clock, **change)


def test_a_missing_card_says_where_it_belongs(tmp_path):
    with pytest.raises(
        BadFile, match=r"no such policy card.*beside its ONNX file.*surefoot export"
    ):
        read_card(tmp_path / "policy.json")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_card_is_refused(card, tmp_path, share):
    path = tmp_path / "policy.json"
    text = card.to_json()
    path.write_text(text[: int(share * (len(text) - 2))])
    with pytest.raises(BadFile, match=r"policy\.json: this policy card is damaged"):
        read_card(path)


@pytest.mark.parametrize("text", ["[]", '"surefoot-policy"', "{}", '{"format": "other"}', "3"])
def test_a_foreign_file_is_refused(tmp_path, text):
    path = tmp_path / "policy.json"
    path.write_text(text)
    with pytest.raises(BadFile, match="no policy card of Surefoot"):
        read_card(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "policy.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadFile, match="cannot be read"):
        read_card(path)


def test_a_card_of_a_newer_version_asks_for_an_upgrade(card, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(card.to_json().replace(f'"version": {VERSION}', '"version": 99'))
    with pytest.raises(BadFile, match=r"newer Surefoot \(format 99, this one reads 1\)\. Upgrade"):
        read_card(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("rate_hz"), "has no 'rate_hz'"),
        (lambda c: c["action"][0].pop("low"), "has no 'low'"),
        (lambda c: c.update(rate_hz="200"), "'rate_hz' must be a number, got '200'"),
        (lambda c: c.update(rate_hz=0), "rate_hz must be positive"),
        (lambda c: c.update(state_size=1.5), "'state_size' must be a whole number"),
        (lambda c: c.update(state_size=True), "'state_size' must be a whole number"),
        (lambda c: c.update(lag_s=[0.1]), "'lag_s' must have 2 numbers, got 1"),
        (lambda c: c.update(servos=[3]), "'servos' must be a list of objects"),
        (lambda c: c["observation"].append(c["observation"][0]), "names must be unique"),
        (lambda c: c["observation"][0].update(source="guess"), "sensor, operator or clock"),
        (lambda c: c["observation"][0].update(low=9.0), "low < high"),
    ],
)
def test_a_damaged_field_is_named(card, tmp_path, change, message):
    content = json.loads(card.to_json())
    change(content)
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(content))
    with pytest.raises(BadFile, match=message):
        read_card(path)


def test_infinity_as_a_number_is_refused(card, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(card.to_json().replace('"observation_noise": 0.3', '"observation_noise": NaN3'))
    with pytest.raises(BadFile, match="not valid JSON"):
        read_card(path)
    path.write_text(card.to_json().replace("0.05,", "Infinity,"))
    with pytest.raises(BadFile, match="not valid JSON"):
        read_card(path)
