"""Settings of walking: what makes no sense is said in one sentence."""

import math

import pytest

from surefoot.errors import InvalidConfig
from surefoot.tasks.walking_config import (
    CommandConfig,
    GaitConfig,
    PracticeConfig,
    SensorNoise,
    WalkingConfig,
    WalkingReward,
)


@pytest.mark.parametrize(
    ("make", "settings", "sentence"),
    [
        (CommandConfig, {"forward": (1.0, -1.0)},
         "task.command.forward must be a range from low to high, got 1.0 to -1.0"),
        (CommandConfig, {"sideways": (0.0, math.inf)},
         "task.command.sideways must be a range from low to high, got 0.0 to inf"),
        (CommandConfig, {"turn": (math.nan, 1.0)},
         "task.command.turn must be a range from low to high, got nan to 1.0"),
        (CommandConfig, {"redraw_s": (8.0, 3.0)},
         "task.command.redraw_s must be a range from low to high, got 8.0 to 3.0"),
        (CommandConfig, {"redraw_s": (0.0, 3.0)},
         "task.command.redraw_s must be positive, got (0.0, 3.0)"),
        (CommandConfig, {"standing_share": 1.1},
         "task.command.standing_share must be in [0, 1], got 1.1"),
        (CommandConfig, {"heading_share": -0.1},
         "task.command.heading_share must be in [0, 1], got -0.1"),
        (CommandConfig, {"heading_gain": -0.5},
         "task.command.heading_gain must not be negative, got -0.5"),
        (GaitConfig, {"frequency": 0.0}, "task.gait.frequency must be positive, got 0.0"),
        (GaitConfig, {"height": math.nan}, "task.gait.height must be positive, got nan"),
        (GaitConfig, {"stance": 1.0}, "task.gait.stance must be in (0, 1), got 1.0"),
        (WalkingReward, {"torque": -0.1}, "task.reward.torque must not be negative, got -0.1"),
        (WalkingReward, {"yaw_tolerance": 0.0},
         "task.reward.yaw_tolerance must be positive, got 0"),
        (SensorNoise, {"gravity": -1.0}, "task.noise.gravity must not be negative, got -1.0"),
        (SensorNoise, {"gravity": math.nan}, "task.noise.gravity must not be negative, got nan"),
        (WalkingConfig, {"frequency": 0.0},
         "task.frequency must be positive and finite, got 0.0"),
        (WalkingConfig, {"physics_frequency": 210.0},
         "task.physics_frequency must be an integer multiple of task.frequency, got 210.0 Hz and "
         "50.0 Hz"),
        (WalkingConfig, {"physics_frequency": 25.0},
         "task.physics_frequency must be an integer multiple of task.frequency, got 25.0 Hz and "
         "50.0 Hz"),
        (WalkingConfig, {"episode_s": 0.009},
         "task.episode_s must be at least one step of 0.02 s, got 0.009 s"),
        (WalkingConfig, {"push_s": -1.0}, "task.push_s must not be negative, got -1.0"),
        (WalkingConfig, {"push_velocity": math.inf},
         "task.push_velocity must not be negative, got inf"),
        (WalkingConfig, {"fall_tilt": 4.0}, "task.fall_tilt must be at most pi, got 4.0 rad"),
        (WalkingConfig, {"fall_height": 0.0},
         "task.fall_height must be positive and finite, got 0.0"),
        (PracticeConfig, {"fall_height": -0.1},
         "task.practice.fall_height must be positive, got -0.1"),
        (WalkingConfig, {"practice": PracticeConfig(physics_frequency=120.0)},
         "task.practice.physics_frequency must be an integer multiple of task.frequency, got "
         "120.0 Hz and 50.0 Hz"),
    ],
)  # fmt: skip
def test_impossible_settings_say_what_is_wrong(make, settings, sentence):
    with pytest.raises(InvalidConfig) as caught:
        make(**settings)
    assert str(caught.value) == sentence


def test_numbers_that_follow_from_others():
    config = WalkingConfig(frequency=25.0, physics_frequency=200.0, episode_s=10.0)
    assert (config.nb_substeps, config.max_episode_steps, config.timestep) == (8, 250, 0.005)
    assert WalkingConfig().max_episode_steps == 1000


def test_practice_replaces_what_it_names_and_nothing_else():
    config = WalkingConfig(
        robot="a1", practice=PracticeConfig(physics_frequency=50.0, collisions="all")
    )
    practised = config.practised
    assert (practised.physics_frequency, practised.collisions) == (50.0, "all")
    assert practised.fall_height == 0.65 and practised.robot == "a1"
    assert practised.reward == config.reward and practised.nb_substeps == 1
    assert (config.physics_frequency, config.fall_height) == (200.0, 0.4)
