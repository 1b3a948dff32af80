"""Rewards of the market world, one a file, in USD."""
