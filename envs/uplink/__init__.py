"""The uplink world: base stations that only receive, and sleep where they are not needed."""
