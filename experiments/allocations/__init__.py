"""Studies: experiments about single allocations of power, as in the figures of [DPA]."""
