"""Other simulators, each driven by a small script with an interpreter of its own (``make bench`` installs them)."""
