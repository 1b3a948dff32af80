"""VoltRAN: multi-agent reinforcement learning for energy-resilient mobile networks."""

__version__ = "0.1.0"
