"""Scenario, training and experiment configurations (YAML), read as package data."""
