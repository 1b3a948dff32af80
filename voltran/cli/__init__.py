"""The command line: ``voltran`` and ``python -m voltran``."""
