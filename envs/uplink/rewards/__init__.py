"""Rewards of the uplink world, one a file."""
