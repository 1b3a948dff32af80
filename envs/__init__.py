"""Worlds, their faces for reinforcement-learning libraries, and the conformance suite."""

from voltran.envs.registration import register_environments

register_environments()
