"""Rewards of the brownout world, one a file: those of the outage, less what sites pay for power."""
