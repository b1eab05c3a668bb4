"""The world as an agent meets it; importing this package registers our tasks with Gymnasium.

It also registers Upkie-MuJoCo-*, the upkie package's environments with our physics, and classic
tasks without their velocities.
"""

from surefoot.envs.gym_api import register
from surefoot.envs.labyrinth_gym import register_labyrinth
from surefoot.envs.no_velocity import register_without_velocity
from surefoot.envs.upkie_gym import register_upkie_environments

register()
register_labyrinth()
register_upkie_environments()
register_without_velocity()
