"""Reinforcement learning for legged robots, from the lecture to the robot."""

__version__ = "0.1.0"
