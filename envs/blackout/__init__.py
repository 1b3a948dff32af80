"""The outage world of [MSRC]: base stations on batteries, helped by each other and by parked EVs."""
