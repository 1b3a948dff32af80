"""Worlds, their faces for reinforcement-learning libraries, and the conformance suite."""
