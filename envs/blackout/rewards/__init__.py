"""Rewards of the outage world, one a file; each is a function of a ``BlackoutPeriod``."""
