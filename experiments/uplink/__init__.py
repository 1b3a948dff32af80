"""Calculations about uplink networks, of one moment each."""
