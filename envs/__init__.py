"""Worlds, their faces for reinforcement-learning libraries, and the conformance suite."""

from voltran.envs.registry import register_own_worlds

register_own_worlds()
