"""Scenario, training and experiment configurations (YAML), read as package data."""

__all__: list[str] = []
