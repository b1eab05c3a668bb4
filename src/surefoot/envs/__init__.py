"""The world as an agent meets it; importing this package registers our tasks with Gymnasium."""

from surefoot.envs.gym_api import register

register()
