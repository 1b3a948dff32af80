"""The learning of policies."""
