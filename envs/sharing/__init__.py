"""Operators that share the batteries of their common places."""
